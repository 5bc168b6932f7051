"""The state of the local GitHub and how things in it are found: by name without regard to case, or by id."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

from .model import GHOST, Account, AccountKind, AppRegistration, Comment, Installation, Issue, Push, Repository, Token

GHOST_ID = 10137
"""GitHub's own id of @ghost."""
DEFAULT_LABELS = (
    ("bug", "d73a4a", "Something isn't working"),
    ("documentation", "0075ca", "Improvements or additions to documentation"),
    ("enhancement", "a2eeef", "New feature or request"),
)


class State:
    """All records, in memory. Written only on the event loop of the server."""

    def __init__(self, app: AppRegistration, now: Callable[[], float]) -> None:
        self.app = app
        self.now = now
        self.url = ""
        self.accounts: dict[str, Account] = {}
        self.deleted: set[str] = set()
        self.repositories: dict[int, Repository] = {}
        self.installations: dict[int, Installation] = {}
        self.tokens: dict[str, Token] = {}
        self.pushes: list[Push] = []
        self._last_id = 1_000_000
        self.accounts[GHOST] = Account(GHOST_ID, GHOST, "User", now())
        self.account(app.owner)
        self.account(app.bot, "Bot")

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/v3"

    def new_id(self) -> int:
        """Ids grow over everything, so that no test passes because two kinds of thing share a number."""
        self._last_id += 17
        return self._last_id

    # --- accounts ----------------------------------------------------------------------------------------------

    def account(self, login: str, kind: AccountKind | None = None) -> Account:
        """The account of that login, made on first mention; the ghost if it was deleted. `…[bot]` is a Bot."""
        key = login.lower()
        if key in self.deleted:
            return self.accounts[GHOST]
        if key not in self.accounts:
            usual: AccountKind = "Bot" if key.endswith("[bot]") else "User"
            self.accounts[key] = Account(self.new_id(), login, kind or usual, self.now())
        return self.accounts[key]

    def delete_account(self, login: str) -> None:
        del self.accounts[login.lower()]
        self.deleted.add(login.lower())

    def author(self, login: str) -> Account:
        """Who wrote something: the ghost, if that account is gone."""
        return self.accounts.get(login.lower(), self.accounts[GHOST])

    # --- repositories ------------------------------------------------------------------------------------------

    def find_repository(self, owner: str, name: str) -> Repository | None:
        wanted = f"{owner}/{name}".lower()
        return next((repo for repo in self.repositories.values() if repo.full_name.lower() == wanted), None)

    def repository(self, full_name: str) -> Repository:
        """For the driving side, where a missing repository is a mistake of the test: KeyError."""
        owner, _, name = full_name.partition("/")
        repository = self.find_repository(owner, name)
        if repository is None:
            raise KeyError(f"no repository {full_name} on the local GitHub")
        return repository

    def issue(self, full_name: str, number: int) -> Issue:
        return self.repository(full_name).threads[number]

    def role(self, repository: Repository, login: str) -> str:
        """The effective role of a person: everybody reads what is public, an owner administers."""
        if login.lower() == repository.owner.lower():
            return "admin"
        return repository.roles.get(login.lower(), "none" if repository.private else "read")

    # --- the App -----------------------------------------------------------------------------------------------

    def installation_on(self, repository: Repository) -> Installation | None:
        return next((i for i in self.installations.values() if repository.id in i.repositories), None)

    def installation_of(self, account: str) -> Installation | None:
        return next((i for i in self.installations.values() if i.account.lower() == account.lower()), None)


def find_comment(repository: Repository, comment_id: int) -> tuple[Issue, Comment] | None:
    """An issue comment by its id, with the thread it stands on."""
    for issue in repository.threads.values():
        for comment in issue.comments:
            if comment.id == comment_id:
                return issue, comment
    return None


def iso(moment: float) -> str:
    """Seconds since the epoch as GitHub writes time: whole seconds, UTC."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node_id(prefix: str, number: int) -> str:
    """An opaque global id of the right look."""
    return f"{prefix}_{hashlib.sha256(f'{prefix}{number}'.encode()).hexdigest()[:16]}"
