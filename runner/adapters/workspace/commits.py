"""Commit objects: written with fixed dates, so that the same work done twice is the same commit, and read back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from runner.adapters.git import Git
from runner.adapters.objects import Objects, write
from runner.domain.goal import Person
from runner.domain.run import RunSpec
from runner.errors import BaroError
from runner.ports import AppIdentity

NOREPLY = "users.noreply.github.com"
_REMEMBERED = 10_000
"""commits; they never change, and the newest are asked for again and again"""


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
    """Write a commit; moves no ref."""
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents), f"author {by}", f"committer {by}"]
    data = "\n".join([*lines, "", message]).replace("\0", "").encode(errors="replace")
    made = await asyncio.to_thread(write, git, "commit", data)
    _remember(made, data)
    return made


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


# --- reading ---------------------------------------------------------------------------------------------------


class Commit(Struct, frozen=True):
    """What baro looks for in a commit. `at` is the committer's date; the trailers are of the last paragraph."""

    id: str
    tree: str
    parents: tuple[str, ...]
    at: int
    trailers: Mapping[str, str]

    @property
    def story(self) -> str:
        return self.trailers.get("Baro-Story", "")

    @property
    def run(self) -> str:
        return self.trailers.get("Baro-Run", "")


_remembered: dict[str, Commit] = {}


async def read(git: Git, id: str) -> Commit:
    """A commit by its id."""
    return _remembered.get(id) or (await _read(git, [id]))[0]


async def first_parents(git: Git, since: str, until: str) -> list[Commit]:
    """The commits that are in `until` and not in `since`, along the first parents, the newest first."""
    chain: list[Commit] = []
    while until != since and (one := _remembered.get(until)):
        chain.append(one)
        until = next(iter(one.parents), since)
    if until == since:
        return chain
    # Made before this process began, or by somebody else. `since` need not lie on this way: git knows where to stop.
    listed = await git.run("rev-list", "--first-parent", f"{since}..{until}")
    return chain + await _read(git, listed.text.split())


async def _read(git: Git, ids: Sequence[str]) -> list[Commit]:
    with Objects(git) as objects:
        found = await asyncio.to_thread(objects.contents, ids)
    if missing := set(ids) - found.keys():
        raise BaroError(f"Commit {min(missing)} is not on this machine")
    return [_remember(id, found[id]) for id in ids]


def _remember(id: str, data: bytes) -> Commit:
    if len(_remembered) >= _REMEMBERED:
        _remembered.clear()
    return _remembered.setdefault(id, parse(id, data))


def parse(id: str, data: bytes) -> Commit:
    """From the object's bytes, as git keeps them."""
    head, _, words = data.decode(errors="replace").partition("\n\n")
    lines = [line.split(" ", 1) for line in head.splitlines() if " " in line]
    named = dict(lines)
    last = words.strip().rpartition("\n\n")[2]
    trailers = dict(line.split(": ", 1) for line in last.splitlines() if ": " in line)
    return Commit(
        id,
        named["tree"],
        tuple(value for key, value in lines if key == "parent"),
        int(named["committer"].rsplit(" ", 2)[1]),
        trailers,
    )
