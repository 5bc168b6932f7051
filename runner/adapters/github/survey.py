"""What GitHub says of the App itself: how it is registered, where it is installed, how its webhook does."""

from __future__ import annotations

import time
from typing import TypeVar

from msgspec import Struct

from .app_key import AppKey
from .call import Call, Var
from .client import Client
from .shapes import App, HookConfig, HookDelivery, Installation, shaped
from .transport import Transport

T = TypeVar("T")
PAGE = 100
DELIVERIES = 10
"""the latest ones, of which the last that was answered counts"""


class AppFacts(Struct, frozen=True):
    """As registered: what it asks of those who install it."""

    slug: str
    owner: str
    permissions: dict[str, str]
    events: tuple[str, ...]


class Installed(Struct, frozen=True):
    account: str
    permissions: dict[str, str]
    suspended: bool


class HookFacts(Struct, frozen=True):
    """`last_status` is how the latest delivery was answered, None before the first."""

    url: str
    content_type: str
    verified: bool
    """its certificate, by GitHub"""
    secret: bool
    last_status: int | None


class AppSurvey:
    """Read-only, as the App itself: no installation's token is made. Every method may raise GitHubError."""

    def __init__(self, client: Client, key: AppKey) -> None:
        self._client = client
        self._key = key

    async def app(self) -> AppFacts:
        app = await self._ask(App, "/app")
        return AppFacts(app.slug, app.owner.login or app.owner.slug, app.permissions, app.events)

    async def installations(self) -> list[Installed]:
        """The first hundred."""
        found = await self._ask(list[Installation], "/app/installations{?per_page}", per_page=PAGE)
        return [
            Installed(one.account.login or one.account.slug, one.permissions, one.suspended_at is not None)
            for one in found
            if one.account is not None
        ]

    async def hook(self) -> HookFacts:
        config = await self._ask(HookConfig, "/app/hook/config")
        recent = await self._ask(list[HookDelivery], "/app/hook/deliveries{?per_page}", per_page=DELIVERIES)
        last = recent[0].status_code if recent else None
        verified = str(config.insecure_ssl) == "0"
        return HookFacts(config.url, config.content_type, verified, bool(config.secret), last)

    async def _ask(self, shape: type[T], path: str, **holes: Var) -> T:
        call = Call("GET", path, holes)
        answer = await self._client.insist(lambda: self._client.once(call, jwt=self._key.jwt()))
        return shaped(answer.data, shape, call)


async def date(api_url: str, within: float) -> float:
    """GitHub's clock, in seconds since the epoch; no App is needed for that. `within` in seconds."""
    transport = Transport(api_url, timeout=within, now=time.time)
    try:
        return await transport.date()
    finally:
        await transport.close()
