"""Commit objects with fixed dates, so that the same work done twice is the same commit."""

from __future__ import annotations

import re

from msgspec import Struct

from runner.adapters.git import Git
from runner.domain.goal import Person
from runner.domain.run import RunSpec
from runner.ports import AppIdentity

NOREPLY = "users.noreply.github.com"


class Signature(Struct, frozen=True):
    """Author and committer, and when (whole seconds since the epoch, UTC)."""

    name: str
    email: str
    at: int

    @classmethod
    def of(cls, identity: AppIdentity, at: float) -> Signature:
        return cls(_plain(identity.login), _plain(identity.email), int(at))

    def __str__(self) -> str:
        return f"{self.name} <{self.email}> {self.at} +0000"


async def commit(git: Git, tree: str, parents: tuple[str, ...], by: Signature, message: str) -> str:
    """Write a commit; moves no ref. Written as an object, because `commit-tree` takes dates from the environment."""
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents), f"author {by}", f"committer {by}"]
    data = "\n".join([*lines, "", message]).replace("\0", "").encode(errors="replace")
    return (await git.run("hash-object", "-t", "commit", "-w", "--stdin", input=data)).line


def message(words: str, spec: RunSpec, story: str) -> str:
    """The words, with our trailers as the last paragraph: the only one that git reads trailers from."""
    trailers = [f"Baro-Run: {spec.id}", f"Baro-Story: {story}"]
    if coauthor := _coauthor(spec.requester):
        trailers.append(coauthor)
    return f"{words.strip() or f'Story {story}'}\n\n" + "\n".join(trailers) + "\n"


def _coauthor(person: Person) -> str | None:
    if not person.id:
        return None  # the account is gone
    login = _plain(person.login)
    return f"Co-authored-by: {login} <{person.id}+{login}@{NOREPLY}>"


def _plain(text: str) -> str:
    """A name or address without what would end it in a commit header."""
    return re.sub(r"[<>\x00-\x1f]", "", text).strip() or "baro"
