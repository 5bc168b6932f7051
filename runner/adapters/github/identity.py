"""Who the App is on GitHub: asked once, then known."""

from __future__ import annotations

import asyncio
import urllib.parse

import structlog

from runner.errors import GitHubError, Unreachable
from runner.ports import AppIdentity

from .app_key import AppKey
from .auth import Tokens
from .call import Call
from .client import Client
from .shapes import Account, App, shaped

log = structlog.get_logger(__name__)


class Identity:
    """`identity()` raises GitHubError as long as GitHub does not tell."""

    def __init__(self, client: Client, key: AppKey, tokens: Tokens, web_url: str) -> None:
        self._client = client
        self._key = key
        self._tokens = tokens
        self._host = urllib.parse.urlsplit(web_url).hostname or "github.com"
        self._known: AppIdentity | None = None
        self._asking = asyncio.Lock()

    async def __call__(self) -> AppIdentity:
        async with self._asking:
            if self._known is None:
                self._known = await self._asked()
            return self._known

    async def _asked(self) -> AppIdentity:
        call = Call("GET", "/app")
        answer = await self._client.insist(lambda: self._client.once(call, jwt=self._key.jwt()))
        app = shaped(answer.data, App, call)
        login = f"{app.slug}[bot]"
        return AppIdentity(app.id, app.slug, app.owner.login or app.owner.slug, login, await self._email(login))

    async def _email(self, login: str) -> str:
        """The address that links commits to the bot's account needs the account's id, which is not the App's id."""
        call = Call("GET", "/users/{login}", {"login": login})
        try:
            token = await self._tokens.any()
            answer = await self._client.insist(lambda: self._client.once(call, token=token))
        except Unreachable:
            raise
        except GitHubError as error:
            log.warning("app.account_unknown", error=str(error), evidence=error.evidence)
            return f"{login}@users.noreply.{self._host}"
        return f"{shaped(answer.data, Account, call).id}+{login}@users.noreply.{self._host}"
