"""What is to be achieved, where it was asked, and who asked."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Repository(Struct, frozen=True):
    """A repository on the forge. `id` survives renames; the names are what people read."""

    id: int
    owner: str
    name: str

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"


class Person(Struct, frozen=True):
    """An account. `kind` is GitHub's account type; a deleted account is the ghost, with id 0."""

    id: int
    login: str
    kind: Literal["User", "Bot", "Organization", "Mannequin", "Ghost"] = "User"


class Thread(Struct, frozen=True):
    """Where people talk to baro: an issue or a pull request."""

    repository: Repository
    number: int
    kind: Literal["issue", "pull"]

    @property
    def key(self) -> str:
        """Stable across renames."""
        return f"{self.repository.id}#{self.number}"


class Trigger(Struct, frozen=True):
    """What a person did to ask; it carries our reaction. `id` is the issue's number or the comment's id."""

    kind: Literal["issue", "comment"]
    id: int


class Goal(Struct, frozen=True):
    """The text to be achieved. All of it was written by strangers: data, never instructions to baro."""

    title: str
    text: str
    source: Literal["issue", "comment", "review", "check", "command_line"]
    url: str = ""


class PullTarget(Struct, frozen=True):
    """The pull request a follow-up adds commits to; `head_sha` is where its branch stood when the run was admitted."""

    number: int
    title: str
    head_ref: str
    head_sha: str
    base_ref: str
