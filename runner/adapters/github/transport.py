"""gidgethub on httpx: one exchange with GitHub's REST API, which ends in decoded JSON or in an error of ours."""

from __future__ import annotations

import asyncio
import http
import urllib.parse
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from gidgethub import HTTPException, abc, sansio
from msgspec import Struct

from runner.errors import GitHubError

from .call import Call
from .refusals import Unanswered, refusal

REDIRECTS = 3
CONNECT_SECONDS = 10.0
VERSION = {"x-github-api-version": "2022-11-28"}
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
DIRECT = {f"all://{host}": None for host in ("127.0.0.1", "localhost", "[::1]")}
"""A GitHub on this machine is not behind the proxy that the environment names for the rest of the world."""


class Answer(Struct, frozen=True):
    """`more` is where the next page is, "" on the last."""

    data: Any
    more: str = ""


class Transport(abc.GitHubAPI):
    """No state but the connection pool: credentials come with each exchange, retries are the caller's."""

    def __init__(self, base_url: str, *, timeout: float, now: Callable[[], float]) -> None:
        super().__init__("baro", base_url=base_url)
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS)), follow_redirects=False, mounts=DIRECT
        )
        self._timeout = timeout
        self._now = now
        self._base = base_url
        self._origin = _origin(base_url)

    async def exchange(self, call: Call, *, token: str | None = None, jwt: str | None = None) -> Answer:
        """Raises Unanswered where asking again may help, else Forbidden, NotFound or Rejected."""
        body = b"" if call.data is None else call.data
        try:
            async with asyncio.timeout(self._timeout):
                data, more, _ = await self._make_request(
                    call.method,
                    call.path,
                    call.vars,
                    body,
                    sansio.accept_format(),
                    jwt=jwt,
                    oauth_token=token,
                    extra_headers=VERSION,
                )
        except HTTPException as error:
            raise refusal(error, call, self._now()) from error
        except (httpx.RequestError, TimeoutError) as error:
            raise _silence(error, call) from error
        except (ValueError, LookupError) as error:
            # What gidgethub lets through: broken JSON, an unknown charset, limits that are no numbers.
            raise _gibberish(call, f"{type(error).__name__} {error}") from error
        if isinstance(data, str):
            raise _gibberish(call, "text instead of JSON")
        return Answer(data, more or "")

    async def date(self) -> float:
        """What time it is for GitHub, in seconds since the epoch, to the second. Any answer will do; raises
        Unanswered."""
        call = Call("GET", "/")
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._http.get(self._base, headers={"user-agent": "baro"})
            return parsedate_to_datetime(response.headers["date"]).timestamp()
        except (httpx.RequestError, TimeoutError) as error:
            raise _silence(error, call) from error
        except (KeyError, ValueError) as error:
            raise _gibberish(call, "no date") from error

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Follows renamed repositories, and nothing that leads to another host: the request carries a token."""
        for _ in range(REDIRECTS + 1):
            if _origin(url) != self._origin:
                raise GitHubError("GitHub pointed to another host, where the App's token must not go.", evidence=url)
            response = await self._http.request(method, url, headers=dict(headers), content=body)
            if not response.has_redirect_location:
                break
            url = urllib.parse.urljoin(url, response.headers["location"])
        return _known(response.status_code), response.headers, response.content

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        await self._http.aclose()


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _known(status: int) -> int:
    """gidgethub raises ValueError on statuses the standard does not know, such as a proxy's 520."""
    try:
        return http.HTTPStatus(status)
    except ValueError:
        return status // 100 * 100


def _silence(error: Exception, call: Call) -> Unanswered:
    sentence = "GitHub could not be reached." if isinstance(error, NEVER_SENT) else "GitHub did not answer."
    return Unanswered(sentence, evidence=f"{call}: {type(error).__name__} {error}".strip())


def _gibberish(call: Call, what: str) -> Unanswered:
    """`what` never quotes the answer: half of a token is a secret too."""
    return Unanswered("GitHub's answer was not understood.", evidence=f"{call}: {what}")
