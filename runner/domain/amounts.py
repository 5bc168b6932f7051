"""How much one story may publish, what to leave out of more than that, and how to say it in a few words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from posixpath import commonpath, dirname

from msgspec import Struct

from .change import HeldBack

MEGABYTE = 1024 * 1024
MAX_DEPTH = 32
"""directories of a path that are told apart; what lies deeper counts as lying there"""
NAMED = 20
"""paths with one and the same reason that are named one by one"""


class Allowance(Struct, frozen=True):
    """What one publication may hold at most, counting what is new or changed."""

    files: int = 3_000
    file_bytes: int = 10 * MEGABYTE
    """of one file; larger ones belong into a release or an object store, and GitHub warns from 50 MB on"""
    bytes: int = 50 * MEGABYTE
    """of all of them together"""

    def times(self, stories: int) -> Allowance:
        return Allowance(self.files * stories, self.file_bytes, self.bytes * stories)


class Sized(Struct, frozen=True):
    """A new or changed file."""

    path: str
    size: int


class Excess(Struct, frozen=True):
    """The directory ("" for all there is) without which the rest fits, and what it holds."""

    directory: str
    files: int
    bytes: int

    def holds(self, path: str) -> bool:
        return not self.directory or path.startswith(f"{self.directory}/")

    def reason(self, allowance: Allowance) -> str:
        where = f"in `{self.directory}/`" if self.directory else "in all"
        if self.files > allowance.files:
            return f"is one of {self.files:,} new or changed files {where}, and a story may publish {allowance.files:,}"
        size, most = self.bytes / MEGABYTE, allowance.bytes / MEGABYTE
        return f"is part of {size:,.1f} MiB {where}, and a story may publish {most:,.1f} MiB"


def excess(files: Sequence[Sized], allowance: Allowance) -> Excess | None:
    """The smallest directory to leave out so that the rest may go: what one build or download has made lies in one."""
    total = sum(file.size for file in files)
    if len(files) <= allowance.files and total <= allowance.bytes:
        return None
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for file in files:
        for directory in _directories(file.path):
            counts[directory] += 1
            sizes[directory] += file.size
    enough = [
        Excess(name, count, sizes[name])
        for name, count in counts.items()
        if len(files) - count <= allowance.files and total - sizes[name] <= allowance.bytes
    ]
    everything = Excess("", len(files), total)
    return min(enough, key=lambda one: (one.files, one.bytes, -len(one.directory)), default=everything)


def _directories(path: str) -> Iterator[str]:
    names = path.split("/")[:-1][:MAX_DEPTH]
    return ("/".join(names[: depth + 1]) for depth in range(len(names)))


def gathered(held: Iterable[HeldBack]) -> tuple[HeldBack, ...]:
    """The same for people and the journal: many files with one reason become the directory that holds them."""
    alike: defaultdict[str, list[HeldBack]] = defaultdict(list)
    for one in held:
        alike[one.reason].append(one)
    return tuple(one for group in alike.values() for one in (group if len(group) <= NAMED else [_one(group)]))


def _one(group: Sequence[HeldBack]) -> HeldBack:
    directory = commonpath([dirname(one.path) or "." for one in group]) or "."
    return HeldBack(f"{directory}/", group[0].reason, files=sum(one.files for one in group))
