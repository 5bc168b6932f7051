"""What git says changed, and what became of it on the run branch."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Rung = Literal["plain", "theirs"]


class Change(Struct, frozen=True):
    """One path of a diff. `added` and `removed` are lines; None for a binary file."""

    path: str
    status: Literal["added", "modified", "deleted", "typechange"]
    added: int | None = 0
    removed: int | None = 0


class HeldBack(Struct, frozen=True):
    """A path the publish gate keeps on this machine, and the reason people are given."""

    path: str
    """a file's, or a directory's with a slash at its end"""
    reason: str
    files: int = 1
    """how many of that directory"""


def held_back_patch(story: str) -> str:
    """Where the runner keeps what it holds back of a story, below the run's directory."""
    return f"logs/held-back/{story}.patch"


class Discarded(Struct, frozen=True):
    """Lines of the run branch that a merge favouring a story dropped from one path."""

    path: str
    lines: tuple[str, ...]


class Harvest(Struct, frozen=True):
    """What a story's worktree holds beyond its base. `commit` is None when nothing is left to land."""

    commit: str | None
    changes: tuple[Change, ...] = ()
    held_back: tuple[HeldBack, ...] = ()
    outside: tuple[str, ...] = ()
    """changed paths outside the declared write surface; reported, not refused"""


class Landed(Struct, frozen=True, tag=True):
    """The story's work is on the run branch, at `commit`."""

    commit: str
    rung: Rung
    discarded: tuple[Discarded, ...] = ()


class Preserved(Struct, frozen=True, tag=True):
    """The story could not be merged: its branch stays, the run branch is as it was."""

    branch: str
    commit: str
    reason: str
    conflicts: tuple[str, ...] = ()
    evidence: str = ""
    """what both sides did to the conflicting paths, capped"""


Landing = Landed | Preserved


class Pushed(Struct, frozen=True, tag=True):
    """The remote branch is at `commit`."""

    branch: str
    commit: str


class NotPushed(Struct, frozen=True, tag=True):
    """The push did not happen. `moved`: somebody else pushed first; otherwise the gate or the remote said no."""

    branch: str
    reason: str
    moved: bool = False
    held_back: tuple[HeldBack, ...] = ()
    evidence: str = ""


class Instructions(Struct, frozen=True):
    """A file in which a repository tells agents how to work on it; clipped."""

    path: str
    text: str


class Survey(Struct, frozen=True):
    """Facts about the repository at the base commit, for intake and planning; bounded."""

    commit: str
    files: int
    tree: tuple[str, ...]
    """paths, shallow first, capped"""
    languages: tuple[tuple[str, int], ...]
    """file suffix and count, most frequent first"""
    touched: tuple[str, ...] = ()
    """paths the pull request changes, where the run is about one; capped"""
    instructions: tuple[Instructions, ...] = ()
    """as they were when the run began: what agents have made of them since is nobody's instruction"""
