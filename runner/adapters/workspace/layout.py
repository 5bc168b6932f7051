"""Where things are: the directories and refs of a repository's mirror and of one run, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from runner.adapters.git import Git
from runner.domain.run import RunSpec
from runner.errors import BaroError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_UNFIT_REF = re.compile(
    "[\x00-\x20\x7f~^:?*\\[\\\\;$`\"'<>|&(){}!\u200b-\u200f\u202a-\u202e\u2066-\u2069]"  # git's own, shells', invisible
    r"|\.\.|@\{|//|/\.|^[-/.]|[/.]$|\.lock(/|$)|^@$"
)


def plain_name(name: str) -> str:
    """A run or story id that may become a directory and a ref; raises BaroError for anything else."""
    if not _NAME.fullmatch(name) or ".." in name or name.endswith((".", ".lock")):
        raise BaroError(f"{name!r} cannot name a worktree")
    return name


def head_ref(branch: str) -> str:
    """`refs/heads/<branch>`. `git check-ref-format` alone would let `$(id)` and text that reads backwards through, and
    people are shown these names in commands to copy."""
    if not branch or _UNFIT_REF.search(branch):
        raise BaroError(f"The branch name {branch!r} is not one baro works with", hint="Rename the branch.")
    return f"refs/heads/{branch}"


def is_commit_id(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", text) is not None


class Layout(Struct, frozen=True):
    """The directories and refs of one run."""

    home: Path
    run: str
    repository: int

    @classmethod
    def of(cls, home: Path, spec: RunSpec) -> Layout:
        return cls(home, plain_name(spec.id), spec.thread.repository.id)

    # --- the mirror, shared by every run on the repository ---

    @property
    def mirror(self) -> Path:
        return self.home / "mirrors" / f"{self.repository}.git"

    @property
    def mirror_lock(self) -> Path:
        return self.home / "mirrors" / f"{self.repository}.lock"

    # --- the run ---

    @property
    def root(self) -> Path:
        return self.home / "runs" / self.run

    @property
    def lock(self) -> Path:
        """Beside the run's directory, so that it outlives its removal."""
        return self.home / "runs" / f"{self.run}.lock"

    @property
    def clone(self) -> Path:
        return self.root / "clone.git"

    @property
    def scratch(self) -> Path:
        """Indexes of commands under way; whatever is in it when nobody works is rubbish."""
        return self.root / "scratch"

    @property
    def objects(self) -> tuple[Path, ...]:
        return (self.clone / "objects", self.mirror / "objects")

    @property
    def git(self) -> Git:
        return Git(self.clone)

    def tree(self, seat: str) -> Path:
        return self.root / seat if seat in (INTEGRATION, EXAMINED) else self.root / "stories" / plain_name(seat)

    def decoy(self, seat: str) -> Path:
        return self.root / "decoys" / plain_name(seat)

    def ground(self, commit: str) -> Path:
        """What lies below the trees of a large repository at that commit, see grounds.py."""
        return self.root / "ground" / commit

    @property
    def layers(self) -> Path:
        """What stories have installed, see layers.py."""
        return self.root / "layers"

    def layer(self, story: str) -> Path:
        return self.layers / plain_name(story)

    def view(self, seat: str) -> Path:
        """What a seat is shown of that."""
        return self.root / "views" / plain_name(seat)

    def work(self, seat: str) -> Path:
        """A directory for the overlay's own use, on the file system of the tree."""
        return self.view(seat) / "work"

    def administration(self, seat: str) -> Path:
        """The trusted git directory of a worktree. git names it after the last part of the tree's path."""
        return self.clone / "worktrees" / plain_name(seat)

    def ref(self, *parts: str) -> str:
        """A ref of our own bookkeeping, which no branch name can collide with."""
        return "/".join(("refs/baro", self.run, *parts))

    @property
    def checkpoint(self) -> str:
        """Where the run branch is kept on the remote while the run lasts, for another machine to go on from."""
        return self.ref("head")

    @property
    def start(self) -> str:
        """Where the run branch began."""
        return self.ref("start")


INTEGRATION = "integration"
EXAMINED = "examined"


def mirror_ref(branch: str) -> str:
    """The mirror's copy of a branch, flat: a deleted `release` must not stand in the way of a new `release/1`."""
    return f"refs/mirror/{quote(branch, safe='')}"
