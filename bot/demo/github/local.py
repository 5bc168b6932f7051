"""`LocalGitHub`: the driving side, where a test or the demo plays the people and looks at what became of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from .acts import installs
from .faults import Faults
from .hooks import Delivery
from .hub import Hub, Request
from .model import Account, AccountKind, AppRegistration, Installation, Permissions, Push, Repository, Role, Token
from .people import People
from .repository_store import Files
from .server import serving
from .views import Views

T = TypeVar("T")


class LocalGitHub(People, Views):
    """People and repositories of a GitHub that lives in this process. Repositories are named `owner/name`, people by
    login. Acts return the record they made; records are live, so a comment's `body` is what it says now."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    @classmethod
    @contextlib.asynccontextmanager
    async def serve(
        cls, root: Path, app: AppRegistration, hook_url: str | None = None, *, port: int = 0,
        now: Callable[[], float] = time.time,
    ) -> AsyncIterator[LocalGitHub]:  # fmt: skip
        """Serve on 127.0.0.1 while the block lasts; bare repositories go below `root`."""
        github = cls(Hub(app, Path(root), now))
        github.hook_url = hook_url
        async with serving(github.hub, port):
            yield github

    # --- where it is -------------------------------------------------------------------------------------------

    @property
    def app(self) -> AppRegistration:
        return self.hub.state.app

    @property
    def url(self) -> str:
        """What `GITHUB_URL` should be."""
        return self.hub.state.url

    @property
    def api_url(self) -> str:
        """What `GITHUB_API_URL` should be."""
        return self.hub.state.api_url

    @property
    def hook_url(self) -> str | None:
        """Where webhooks go. While it is None they are logged and not sent."""
        return self.hub.hooks.url

    @hook_url.setter
    def hook_url(self, url: str | None) -> None:
        self.hub.hooks.url = url

    @property
    def faults(self) -> Faults:
        return self.hub.faults

    @property
    def requests(self) -> list[Request]:
        """Every HTTP request so far, in order of arrival."""
        return self.hub.requests

    @property
    def deliveries(self) -> list[Delivery]:
        """Every attempt to deliver a webhook, oldest first."""
        return self.hub.hooks.log

    @property
    def pushes(self) -> list[Push]:
        """Every ref that moved, by whomever, with whether it was forced."""
        return self.hub.state.pushes

    @property
    def tokens(self) -> list[Token]:
        """The installation tokens that are alive: not expired, not revoked."""
        return [token for token in self.hub.state.tokens.values() if token.expires_at > self.hub.state.now()]

    def rotate_webhook_secret(self, secret: str) -> None:
        """Sign with another secret from the next delivery on."""
        self.hub.hooks.secret = secret

    def send(self, event: str, payload: dict[str, Any]) -> Delivery:
        """Any other webhook, as it is: a `ping`, or an event the local GitHub has no act for."""
        return self.hub.hooks.send(event, payload)

    async def idle(self) -> None:
        """Return when all webhooks queued so far were tried."""
        await self.hub.hooks.idle()

    async def until(self, look: Callable[[], T], within: float = 30.0) -> T:
        """The first true answer of `look`, which is asked again after every request, act and delivery;
        TimeoutError after `within` seconds."""
        return await self.hub.pulse.until(look, within)

    def redeliver(self, which: int | str) -> Delivery:
        """Deliver again, under the same `X-GitHub-Delivery`; `which` is an attempt's id or the guid."""
        found = self.hub.hooks.find(which)
        assert found is not None, f"no delivery {which}"
        return self.hub.hooks.redeliver(found)

    # --- people, repositories, installations -------------------------------------------------------------------

    def person(self, login: str, kind: AccountKind | None = None) -> Account:
        """An account, by default a `User`; or an `Organization`, or a `Bot` (whose login ends in `[bot]`)."""
        account = self.hub.state.account(login)
        account.kind = kind or account.kind
        return account

    def delete_account(self, login: str) -> None:
        """What that account wrote is now by @ghost, who is also the `sender` of whatever it still does."""
        self.hub.state.delete_account(login)

    def repository(
        self, full_name: str, files: Files | None = None, *, private: bool = False, default_branch: str = "main",
        install: bool = True, permissions: Permissions | None = None,
    ) -> Repository:  # fmt: skip
        """A repository with one commit, and (unless told otherwise) the App installed on it.

        The first repository of an owner makes the installation and settles its permissions.
        """
        owner, _, name = full_name.partition("/")
        state = self.hub.state
        made = installs.create_repository(self.hub, owner, name, private=private, default_branch=default_branch)
        self.hub.git.create(made)
        first = files if files is not None else {"README.md": f"# {name}\n"}
        self.hub.git.commit(made, default_branch, first, "Initial commit", author=owner, at=state.now())
        made.pushed_at = state.now()
        installed = state.installation_of(owner)
        if install or (installed and installed.everything):
            self._install(owner, [made.id], permissions, everything=False)
        return made

    def fork(self, full_name: str, by: str) -> Repository:
        """A copy of the repository under the account `by`, without the App."""
        source = self.hub.state.repository(full_name)
        copy = installs.create_repository(
            self.hub, by, source.name, private=source.private, default_branch=source.default_branch
        )
        copy.fork_of = source.id
        self.hub.git.copy(source, copy)
        return copy

    def grant(self, repo: str, login: str, role: Role) -> None:
        """Make a person a collaborator."""
        self.hub.state.repository(repo).roles[self.person(login).login.lower()] = role

    def protect(self, repo: str, branch: str) -> None:
        """Nobody may push to that branch over HTTP any more."""
        self.hub.state.repository(repo).protected.add(branch)

    def archive(self, repo: str) -> None:
        self.hub.state.repository(repo).archived = True

    async def install(
        self, owner: str, repositories: Iterable[str] | None = None, permissions: Permissions | None = None
    ) -> Installation:
        """Install the App on an account, for all of its repositories or for those named."""
        state = self.hub.state
        everything = repositories is None
        if repositories is None:
            names = [r.full_name for r in state.repositories.values() if r.owner.lower() == owner.lower()]
        else:
            names = list(repositories)
        return self._install(owner, [state.repository(name).id for name in names], permissions, everything=everything)

    async def uninstall(self, owner: str) -> None:
        installs.uninstall(self.hub, owner)

    async def remove_from_installation(self, repo: str) -> None:
        installs.take_away(self.hub, self.hub.state.repository(repo))

    async def suspend(self, owner: str, *, suspended: bool = True) -> None:
        installs.suspend(self.hub, owner, suspended=suspended)

    def installation(self, repo: str) -> Installation | None:
        return self.hub.state.installation_on(self.hub.state.repository(repo))

    def _install(
        self, owner: str, ids: list[int], permissions: Permissions | None, *, everything: bool
    ) -> Installation:
        return installs.install(self.hub, owner, ids, permissions or self.app.permissions, everything=everything)
