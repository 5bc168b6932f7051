"""One REST request on its way through an endpoint: what it names, who sent it, and its answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.demo.github.hub import Hub
from bot.demo.github.model import Issue, Repository, Token
from bot.demo.github.refusals import Refusal, invalid, not_found
from bot.demo.github.state import State

T = TypeVar("T")

LONGEST_BODY = 65_536
"""characters in the body of an issue, a pull request or a comment"""
PAGE = 30
LARGEST_PAGE = 100


class Answer(Struct, frozen=True):
    """JSON (or, for `bytes`, raw content) and how it is sent."""

    data: Any
    status: int = 200
    headers: Mapping[str, str] = {}

    def response(self) -> Response:
        if self.status == 204:
            return Response(status_code=204, headers=self.headers)
        if isinstance(self.data, bytes):
            return Response(self.data, self.status, self.headers, "application/vnd.github.raw+json; charset=utf-8")
        return JSONResponse(self.data, self.status, self.headers, "application/json; charset=utf-8")


@dataclass(slots=True)
class Call:
    """`repository` and `token` are checked before the endpoint runs."""

    hub: Hub
    request: Request
    json: dict[str, Any]
    token: Token | None = None
    named: Repository | None = None

    @property
    def state(self) -> State:
        return self.hub.state

    @property
    def repository(self) -> Repository:
        assert self.named is not None, "an endpoint outside of a repository asked for it"
        return self.named

    @property
    def actor(self) -> str:
        """Whoever writes over REST is the App's bot: the local GitHub knows no tokens of people."""
        return self.state.app.bot

    def part(self, name: str) -> str:
        """A piece of the path."""
        return str(self.request.path_params[name])

    def number(self, name: str = "number") -> int:
        return int(self.request.path_params[name])

    def query(self, name: str, default: str = "") -> str:
        return self.request.query_params.get(name, default)

    def thread(self) -> Issue:
        """The issue or pull request the path names."""
        issue = self.repository.threads.get(self.number())
        if self.number() in self.repository.gone:
            raise Refusal(410, "This issue was deleted")
        if issue is None:
            raise not_found()
        return issue

    def text(self, resource: str, name: str, *, required: bool = False, longest: int = LONGEST_BODY) -> str | None:
        """A string field of the body: 422 if it is missing, no string, or too long."""
        value = self.json.get(name)
        if value is None and not required:
            return None
        if not isinstance(value, str) or (required and not value.strip()):
            raise invalid(resource, name, "missing_field" if value is None else "invalid")
        if len(value) > longest:
            message = f"{name} is too long (maximum is {longest} characters)"
            raise invalid(resource, name, "custom", message=message)
        return value

    def page(self, items: Sequence[T], shape: Callable[[T], Any], wrap: str = "") -> Answer:
        """One page of a list with its `Link` header; `wrap` names the key of lists that come inside an object."""
        size = _positive(self.query("per_page"), PAGE, LARGEST_PAGE)
        number = _positive(self.query("page"), 1, 1 << 30)
        last = max(1, -(-len(items) // size))
        shown = [shape(item) for item in items[(number - 1) * size : number * size]]
        links = []
        if number > 1:
            links += [("prev", number - 1), ("first", 1)]
        if number < last:
            links += [("next", number + 1), ("last", last)]
        headers = {"Link": ", ".join(f'<{self._page_url(at)}>; rel="{rel}"' for rel, at in links)} if links else {}
        return Answer({"total_count": len(items), wrap: shown} if wrap else shown, headers=headers)

    def _page_url(self, number: int) -> str:
        query = urlencode({**self.request.query_params, "page": number})
        return f"{self.state.url}{self.request.url.path}?{query}"


def _positive(text: str, default: int, largest: int) -> int:
    return min(int(text), largest) if text.isdigit() and int(text) > 0 else default


Access = Literal["app", "token", "anyone"]


class Endpoint(Struct, frozen=True):
    """`needs` is `app` (a JWT), `token` (an installation token), `anyone`, or a permission such as `issues:write`.

    `thread:…` means `issues` for an issue and `pull_requests` for a pull request.
    """

    method: str
    path: str
    needs: str
    answer: Callable[[Call], Answer | Awaitable[Answer]]


async def read_json(request: Request) -> dict[str, Any]:
    """The body as an object; GitHub answers 400 to anything else."""
    body = await request.body()
    if not body:
        return {}
    try:
        value = json.loads(body)
    except ValueError as wrong:
        raise Refusal(400, "Problems parsing JSON") from wrong
    if isinstance(value, list):
        return {"": value}
    if not isinstance(value, dict):
        raise Refusal(400, "Body should be a JSON object")
    return value
