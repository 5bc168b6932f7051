"""The few fields of GitHub's payloads that we read, typed; msgspec skips the rest without building it.

Everything that GitHub may leave out or set to null has a default, so that a payload of another action of the same
event decodes as well. Numbers are bounded: what is kept later must fit a JSON integer.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from runner.domain.goal import Person, Repository, Thread

Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]

PersonKind = Literal["User", "Bot", "Organization", "Mannequin"]
GHOST = Person(id=0, login="ghost", kind="Ghost")


class Account(Struct, frozen=True):
    login: str
    id: Id = 0
    type: str = "User"


class RepositoryRef(Struct, frozen=True):
    id: Id
    full_name: str

    @property
    def value(self) -> Repository:
        owner, _, name = self.full_name.partition("/")
        return Repository(id=self.id, owner=owner, name=name)


class Installation(Struct, frozen=True):
    """`account` and `updated_at` come with installation events only."""

    id: Id
    account: Account | None = None
    updated_at: str | int = ""


class Via(Struct, frozen=True):
    """The App through which something was written."""

    id: Id
    client_id: str | None = None


class Label(Struct, frozen=True):
    name: str


class PullMark(Struct, frozen=True):
    """Present on an issue that is a pull request; its fields do not matter here."""


class Issue(Struct, frozen=True):
    number: Id
    title: str
    html_url: str = ""
    updated_at: str = ""
    body: str | None = None
    pull_request: PullMark | None = None


class Comment(Struct, frozen=True):
    id: Id
    html_url: str = ""
    body: str | None = None
    performed_via_github_app: Via | None = None


class IssueEvent(Struct, frozen=True):
    action: str
    issue: Issue
    repository: RepositoryRef
    installation: Installation | None = None
    sender: Account | None = None
    label: Label | None = None


class CommentEvent(Struct, frozen=True):
    action: str
    issue: Issue
    comment: Comment
    repository: RepositoryRef
    installation: Installation | None = None
    sender: Account | None = None


class InstallationEvent(Struct, frozen=True):
    action: str
    installation: Installation
    sender: Account | None = None
    repositories: tuple[RepositoryRef, ...] | None = None
    repositories_added: tuple[RepositoryRef, ...] | None = None


Payload = IssueEvent | CommentEvent | InstallationEvent


def person(sender: Account | None) -> Person:
    """A deleted account is the ghost; a type GitHub adds after this was written is no user to us."""
    if sender is None or sender.login == GHOST.login:
        return GHOST
    kind = sender.type if sender.type in get_args(PersonKind) else "Bot"
    return Person(id=sender.id, login=sender.login, kind=kind)  # type: ignore[arg-type]  # checked on the line above


def thread(repository: RepositoryRef, issue: Issue) -> Thread:
    return Thread(repository.value, issue.number, "pull" if issue.pull_request else "issue")
