"""Installation tokens, each narrowed to one repository and one use."""

from __future__ import annotations

import asyncio
import base64
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import structlog
from msgspec import Struct

from runner.errors import BaroError, Forbidden, GitHubError, NotFound
from runner.ports import Place

from .app_key import AppKey
from .call import Call
from .client import Client
from .permissions import GRANTS, Use
from .refusals import Rejected, Unauthorized
from .shapes import Installation, TokenShape, shaped

SPENT = 0.8
"""the part of a token's life after which it is replaced, so that a long push does not outlive it"""
REVOKE_SECONDS = 2.0
"""for all of them, because it happens while a process stops"""
EVERY = 0
"""no repository's id: a token that is not narrowed to one, and therefore gives no permission but metadata"""

log = structlog.get_logger(__name__)


class Grant(Struct, frozen=True):
    """What a token is for. Tokens are shared within a `holder` and revoked with it: a run's id, or "" for the API."""

    installation: int
    repository: int
    use: Use
    holder: str = ""

    @classmethod
    def of(cls, place: Place, use: Use, holder: str = "") -> Grant:
        return cls(place.installation, place.repository.id, use, holder)


class Token(Struct, frozen=True):
    """`spent` and `expires` are seconds since the epoch: when to replace it, and when it is dead."""

    value: str
    spent: float
    expires: float

    def __repr__(self) -> str:
        return "Token(…)"


def basic(token: str) -> str:
    """The credential git sends over HTTP."""
    return base64.b64encode(f"x-access-token:{token}".encode()).decode()


class Tokens:
    """Installation tokens: one per grant, made once however many ask, replaced before they die, revoked on request."""

    def __init__(self, client: Client, key: AppKey, now: Callable[[], float]) -> None:
        self._client = client
        self._key = key
        self._now = now
        self._live: dict[Grant, Token] = {}
        self._issued: list[Token] = []
        self._making: defaultdict[Grant, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, grant: Grant) -> str:
        """Raises Forbidden or NotFound where the installation does not give that much."""
        async with self._making[grant]:
            token = self._live.get(grant)
            if token is None or self._now() >= token.spent:
                token = self._live[grant] = await self._made(grant)
            return token.value

    async def renew(self, grant: Grant, refused: str) -> str:
        """Another token than `refused`, which GitHub no longer takes; many may ask this at once."""
        token = self._live.get(grant)
        if token is not None and token.value == refused:
            del self._live[grant]
        return await self.get(grant)

    async def any(self) -> str | None:
        """A token for facts that belong to no repository; None while the App is installed nowhere."""
        call = Call("GET", "/app/installations{?per_page}", {"per_page": 1})
        answer = await self._client.insist(lambda: self._client.once(call, jwt=self._key.jwt()))
        first = next(iter(shaped(answer.data, list[Installation], call)), None)
        return await self.get(Grant(first.id, EVERY, "facts")) if first else None

    async def forget(self, holder: str) -> None:
        """Revoke what that holder was given. Best effort: a token that stays dies within the hour."""
        grants = [grant for grant in self._live if grant.holder == holder]
        await self._revoked([self._live.pop(grant) for grant in grants])
        for grant in grants:
            self._making.pop(grant, None)

    async def forget_all(self) -> None:
        tokens = list(self._live.values())
        self._live.clear()
        await self._revoked(tokens)

    def secrets(self) -> frozenset[str]:
        """Every value that must not leave this process, in each form it takes on the wire."""
        now = self._now()
        live = [token.value for token in self._issued if token.expires > now]
        return frozenset([*live, *map(basic, live), *filter(None, [self._key.current])])

    async def _made(self, grant: Grant) -> Token:
        asked: dict[str, Any] = {"permissions": GRANTS[grant.use]}
        if grant.repository != EVERY:
            asked["repository_ids"] = [grant.repository]
        call = Call("POST", "/app/installations/{id}/access_tokens", {"id": grant.installation}, asked)
        try:
            # A token made by a try whose answer was lost is never used, so this POST may be repeated.
            answer = await self._client.insist(lambda: self._client.once(call, jwt=self._key.jwt()))
        except (Rejected, NotFound, Forbidden) as error:
            raise _not_given(grant, error) from error
        given = shaped(answer.data, TokenShape, call)
        now, expires = self._now(), given.expires_at.timestamp()
        token = Token(given.token, now + SPENT * (expires - now), expires)
        self._issued = [*(old for old in self._issued if old.expires > now), token]
        return token

    async def _revoked(self, tokens: list[Token]) -> None:
        call = Call("DELETE", "/installation/token")

        async def revoke(token: Token) -> None:
            try:
                await self._client.once(call, token=token.value)
            except BaroError as error:
                if not isinstance(error, Unauthorized | NotFound):
                    log.warning("token.not_revoked", error=str(error), evidence=error.evidence)

        try:
            async with asyncio.timeout(REVOKE_SECONDS):
                await asyncio.gather(*map(revoke, tokens))
        except TimeoutError:
            log.warning("tokens.not_revoked_in_time", count=len(tokens))


def _not_given(grant: Grant, error: GitHubError) -> GitHubError:
    """GitHub says which half of the request it minded only in prose."""
    evidence = error.evidence
    if isinstance(error, Rejected) and "permission" in error.reasons:
        wanted = ", ".join(f"{name.replace('_', ' ')}: {access}" for name, access in GRANTS[grant.use].items())
        return Forbidden(
            "The App's installation lacks a permission that baro needs.",
            hint=f"It needs {wanted}. Check the App's permissions, then accept them on the installation's page.",
            evidence=evidence,
        )
    if isinstance(error, NotFound | Rejected):
        return NotFound(
            "The App is not installed where this repository is, or not for this repository.",
            hint="Install it for the repository, then ask again.",
            evidence=evidence,
        )
    return error
