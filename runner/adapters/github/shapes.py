"""What we read of GitHub's answers, strictly typed: its JSON goes no further than this package."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from runner.errors import GitHubError
from runner.ports import AppIdentity

from .call import Call

T = TypeVar("T")


def shaped(data: Any, shape: type[T], asked: Call | str) -> T:
    """Unknown fields are ignored, missing and mistyped ones raise GitHubError."""
    try:
        return msgspec.convert(data, shape)
    except msgspec.ValidationError as error:
        where = asked if isinstance(asked, str) else asked.where
        sentence = f"GitHub's answer about {where} has an unexpected form."
        raise GitHubError(sentence, evidence=f"{asked}: {error}") from error


class TokenShape(Struct, frozen=True):
    token: str
    expires_at: datetime

    def __repr__(self) -> str:
        return "TokenShape(…)"


class Account(Struct, frozen=True):
    id: int
    login: str


class Owner(Struct, frozen=True):
    """Of an App: an account, or an enterprise, which has a slug only."""

    login: str = ""
    slug: str = ""


class App(Struct, frozen=True):
    id: int
    slug: str
    owner: Owner
    permissions: dict[str, str] = {}
    events: tuple[str, ...] = ()


class Via(Struct, frozen=True):
    """The App through which something was written."""

    id: int


class Installation(Struct, frozen=True):
    """`permissions` are what its owner has accepted, which may lag behind what the App asks for."""

    id: int
    account: Owner | None = None
    permissions: dict[str, str] = {}
    suspended_at: str | None = None


class HookConfig(Struct, frozen=True):
    url: str = ""
    content_type: str = ""
    insecure_ssl: str | int = "0"
    secret: str = ""
    """asterisks, where there is one"""


class HookDelivery(Struct, frozen=True):
    status_code: int
    delivered_at: str = ""


class Comment(Struct, frozen=True):
    id: int
    html_url: str
    body: str | None = None
    user: Account | None = None
    performed_via_github_app: Via | None = None

    def ours(self, us: AppIdentity) -> bool:
        """Written by our App: a stranger may copy our marker, but not our name."""
        via = self.performed_via_github_app
        return (via is not None and via.id == us.id) or (self.user is not None and self.user.login == us.login)


class Reaction(Struct, frozen=True):
    id: int
    content: str
    user: Account | None = None


class HeadRepository(Struct, frozen=True):
    id: int


class Ref(Struct, frozen=True):
    ref: str
    sha: str
    repo: HeadRepository | None = None


class Pull(Struct, frozen=True):
    number: int
    node_id: str
    html_url: str
    title: str
    state: Literal["open", "closed"]
    head: Ref
    base: Ref
    body: str | None = None
    draft: bool = False
    merged_at: str | None = None

    @property
    def fate(self) -> Literal["open", "closed", "merged"]:
        return "merged" if self.merged_at is not None else self.state


class Mutation(Struct, frozen=True):
    """GraphQL answers 200 to what it refuses, too."""

    errors: list[Any] = []


class Issue(Struct, frozen=True):
    title: str
    state: Literal["open", "closed"]
    html_url: str
    body: str | None = None
    locked: bool = False
    pull_request: dict[str, Any] | None = None


class Repo(Struct, frozen=True):
    id: int
    name: str
    owner: Account
    default_branch: str = ""


class Reach(Struct, frozen=True):
    """One page of what an installation can see."""

    repositories: list[Repo]


class Permission(Struct, frozen=True):
    permission: str
    role_name: str = ""
    user: Account | None = None


class Content(Struct, frozen=True):
    type: str
    encoding: str = ""
    content: str = ""
