"""The adapter put together: one client, one set of tokens, and the collaborators that share them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Self

from runner.ports import AppIdentity

from .api import Api
from .app_key import AppKey
from .auth import Tokens
from .client import Client
from .comments import AppComments
from .identity import Identity
from .pace import Patience
from .pulls import AppPulls
from .remote import GitHubRemote
from .repositories import AppRepositories
from .survey import AppSurvey
from .transport import Transport


class GitHub:
    """One App on one GitHub. `async with` it, or `close` it: closing revokes the tokens that are still alive."""

    def __init__(
        self,
        client: Client,
        key: AppKey,
        tokens: Tokens,
        identity: Identity,
        gate: Callable[[str], str],
        web_url: str,
    ) -> None:
        self._client = client
        self._tokens = tokens
        self._identity = identity
        api = Api(client, tokens)
        self.comments = AppComments(api, identity, gate)
        self.pulls = AppPulls(api, gate)
        self.repositories = AppRepositories(api)
        self.remote = GitHubRemote(tokens, web_url)
        self.survey = AppSurvey(client, key)

    async def identity(self) -> AppIdentity:
        """Raises Forbidden where the key or the id is wrong."""
        return await self._identity()

    def secrets(self) -> frozenset[str]:
        """Credentials alive now, for redaction."""
        return self._tokens.secrets()

    async def close(self) -> None:
        await self._tokens.forget_all()
        await self._client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def connect(
    *,
    app: str,
    private_key: str,
    api_url: str = "https://api.github.com",
    web_url: str = "https://github.com",
    gate: Callable[[str], str],
    retry_max: float = 60.0,
    patience: float = 900.0,
    timeout: float = 30.0,
    write_interval: float = 1.0,
    now: Callable[[], float] = time.time,
) -> GitHub:
    """Nothing is sent yet. `app` is the App's id or client id, `private_key` PEM text; SettingsError if it is none.
    Seconds: `retry_max` the longest single wait, `patience` how long an outage is sat out, `timeout` per request,
    `write_interval` between two writes of one installation."""
    key = AppKey(app, private_key, now)
    transport = Transport(api_url, timeout=timeout, now=now)
    client = Client(transport, patience=Patience(longest=retry_max, total=patience), write_interval=write_interval)
    tokens = Tokens(client, key, now)
    return GitHub(client, key, tokens, Identity(client, key, tokens, web_url), gate, web_url)
