"""Differences between two trees, as entries and as changes; and the files of a difference for the gate to read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Container, Iterator, Sequence
from typing import Literal

from msgspec import Struct

from runner.adapters.git import Git
from runner.adapters.objects import Objects
from runner.domain.change import Change
from runner.domain.policy import File, Gate

from .clone import printable

MAX_BATCH = 64 * 1024 * 1024
"""bytes of file contents held in memory at a time"""
_ABSENT = "000000"
_GITLINK = "160000"
_STATUS: dict[str, Literal["added", "modified", "deleted", "typechange"]] = {
    "A": "added",
    "M": "modified",
    "D": "deleted",
    "T": "typechange",
}


class Side(Struct, frozen=True):
    """What a path is in one tree."""

    mode: str
    oid: str

    @property
    def is_blob(self) -> bool:
        return self.mode not in (_ABSENT, _GITLINK)


class Difference(Struct, frozen=True):
    """One path that differs. `path` may hold surrogates for bytes that are no UTF-8."""

    path: str
    status: str
    before: Side
    after: Side


async def differences(git: Git, old: str, new: str) -> list[Difference]:
    """Between two commits or trees; renames are a deletion and an addition."""
    answer = await git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", old, new)
    return list(parse_raw(answer.fields))


def parse_raw(fields: Sequence[str]) -> Iterator[Difference]:
    """`:mode mode oid oid status NUL path NUL`, as often as there are paths; other fields between them are skipped."""
    remaining = iter(fields)
    for field in remaining:
        head = field.lstrip("\n")
        if head.startswith(":"):
            old_mode, new_mode, old, new, status = head[1:].split(" ")
            yield Difference(next(remaining), status[0], Side(old_mode, old), Side(new_mode, new))


async def changes(git: Git, old: str, new: str) -> tuple[Change, ...]:
    """The same, counted in lines, for people."""
    return (await compared(git, old, new))[1]


async def compared(git: Git, old: str, new: str) -> tuple[list[Difference], tuple[Change, ...]]:
    """Both at once."""
    options = ("-r", "-z", "--raw", "--numstat", "--no-renames", "--no-abbrev", "--no-ext-diff")
    fields = (await git.run("diff-tree", *options, old, new)).fields
    found = list(parse_raw(fields))
    counts = {path: (_lines(added), _lines(removed)) for added, removed, path in _numstat(fields[2 * len(found) :])}
    return found, tuple(
        Change(printable(d.path), _STATUS.get(d.status, "modified"), *counts.get(d.path, (0, 0))) for d in found
    )


def _numstat(fields: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    for field in fields:
        added, removed, path = field.split("\t", 2)
        yield added, removed, path


def _lines(count: str) -> int | None:
    return None if count == "-" else int(count)


# --- contents --------------------------------------------------------------------------------------------------


async def files(
    git: Git, found: Sequence[Difference], gate: Gate, base: Container[str] | None = None
) -> AsyncIterator[File]:
    """Every difference with its contents, as far as the gate wants to read them; in bounded memory. `base` are the ids
    of what was there before any of our commits; None: all that `found` starts from."""
    oids = {side.oid for d in found for side in (d.before, d.after) if side.is_blob}
    with Objects(git) as objects:
        sizes = await asyncio.to_thread(objects.sizes, sorted(oids))
        for batch in _batches(found, sizes):
            wanted = {side.oid for d in batch for side in (d.before, d.after) if gate.readable(sizes.get(side.oid, 0))}
            blobs = await asyncio.to_thread(objects.contents, sorted(wanted & sizes.keys()))
            for d in batch:
                after, before = d.after.oid, d.before.oid
                yield File(
                    printable(d.path),
                    d.after.mode,
                    sizes.get(after, 0),
                    blobs.get(after),
                    blobs.get(before),
                    added=d.before.mode == _ABSENT,
                    of_base=base is None or before in base,
                )


def _batches(found: Sequence[Difference], sizes: dict[str, int]) -> Iterator[list[Difference]]:
    batch: list[Difference] = []
    weight = 0
    for d in found:
        size = sizes.get(d.before.oid, 0) + sizes.get(d.after.oid, 0)
        if batch and weight + size > MAX_BATCH:
            yield batch
            batch, weight = [], 0
        batch.append(d)
        weight += size
    if batch:
        yield batch


MAX_PATCH = 60_000
"""characters of a patch that a reader, usually a model, is shown"""


async def patch(git: Git, old: str, new: str, paths: Sequence[str] = ()) -> str:
    """What people call the diff; its beginning, with a line that says so, where it is longer than MAX_PATCH."""
    named = [f":(literal){path}" for path in paths]
    answer = await git.run("diff-tree", "-p", "--no-renames", "--no-ext-diff", "--no-textconv", old, new, "--", *named)
    text = answer.stdout.decode(errors="replace")  # it goes into prompts and the journal, which hold UTF-8 only
    if len(text) <= MAX_PATCH:
        return text
    return f"{text[:MAX_PATCH]}\n[{len(text) - MAX_PATCH} more characters are not shown]\n"
