"""The merge ladder in git: without a checkout, so that a merge costs what it changes."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from runner.adapters.git import Git
from runner.crashpoints import crashpoint
from runner.domain.change import Discarded, Landed, Landing, Preserved, Rung
from runner.domain.merge import Note, Stage, TextConflict, Unresolvable, classify, discarded, is_binary, marker_size
from runner.domain.run import RunSpec
from runner.domain.text import tail

from . import diffs
from .clone import ours, printable, run_head
from .commits import Signature, commit, message, read
from .layout import Layout, head_ref
from .refs import move
from .scratch import scratch_index

SIDE = 3_000
"""characters of each side's patch kept as evidence: it goes into the journal"""


class Merged(Struct, frozen=True):
    """A tree that holds both sides."""

    tree: str
    rung: Rung
    discarded: tuple[Discarded, ...] = ()


async def land(layout: Layout, spec: RunSpec, story: str, commit_id: str, by: Signature, *, sole: bool) -> Landing:
    """See `Workspace.land`. Looks for the story on the run branch first."""
    head = await run_head(layout, spec)
    before = await _landed(layout, spec, story, commit_id)
    if before is not None:
        return before
    if sole and (await read(layout.git, commit_id)).parents == (head,):
        await move(layout.git, head_ref(spec.branch), commit_id, head)
        crashpoint("land.done")
        return Landed(commit_id, "plain")
    result = await combine(layout, head, commit_id)
    if isinstance(result, Unresolvable):
        conflicts = tuple(map(printable, result.paths))
        evidence = await _both_sides(layout, head, commit_id, result.paths)
        return Preserved(spec.story_branch(story), commit_id, result.reason, conflicts, evidence)
    words = message(f"baro: merge story {story}", spec, story)
    made = await commit(layout.git, result.tree, (head, commit_id), by, words)
    crashpoint("land.merged")
    await move(layout.git, head_ref(spec.branch), made, head)
    crashpoint("land.done")
    return Landed(made, result.rung, result.discarded)


async def _landed(layout: Layout, spec: RunSpec, story: str, commit_id: str) -> Landed | None:
    """The story's landing, where it has landed: found by trailer among the run branch's own commits."""
    for one in await ours(layout, spec):
        if one.story == story and (one.id == commit_id or len(one.parents) == 1):
            return Landed(one.id, "plain")
        if one.story == story:
            # What was discarded follows from the two parents, so it need not be remembered.
            again = await combine(layout, *one.parents)
            assert isinstance(again, Merged)
            return Landed(one.id, again.rung, again.discarded)
    return None


async def _both_sides(layout: Layout, ours: str, theirs: str, paths: Sequence[str]) -> str:
    """What each side did to the paths that cannot be combined: for whoever does the story again."""
    base = (await layout.git.run("merge-base", ours, theirs)).line
    sides = [
        f"What {who} did:\n{tail(await diffs.patch(layout.git, base, side, paths), SIDE)}"
        for who, side in (("the others", ours), ("you", theirs))
    ]
    return "\n\n".join(sides)


async def conflicts(layout: Layout, ours: str, theirs: str) -> tuple[str, ...]:
    """Paths in which two commits cannot be merged as they are; nothing is written but objects."""
    answer = await layout.git.run("merge-tree", "--write-tree", "-z", "--name-only", ours, theirs, ok=(0, 1))
    return () if answer.code == 0 else tuple(map(printable, _names(answer.fields)))


def _names(fields: Sequence[str]) -> Iterator[str]:
    """The tree's id, the conflicting paths, an empty field, then messages."""
    for field in fields[1:]:
        if not field:
            return
        yield field


async def combine(layout: Layout, ours: str, theirs: str) -> Merged | Unresolvable:
    """Climb: a plain merge, then the same with the lines of `theirs` where both changed the same ones."""
    answer = await layout.git.run("merge-tree", "--write-tree", "-z", "--messages", ours, theirs, ok=(0, 1))
    tree, stages, notes = parse_merge(answer.fields)
    if answer.code == 0:
        return Merged(tree, "plain")
    conflicts = classify(stages, notes)
    if isinstance(conflicts, Unresolvable):
        return conflicts
    resolved = [await _favour(layout, conflict) for conflict in conflicts]
    binary = tuple(conflict.path for conflict, answer in zip(conflicts, resolved, strict=True) if answer is None)
    if binary:
        return Unresolvable(binary, "the two sides cannot be combined (binary)")
    found = [one for one in resolved if one is not None]
    tree = await _with(layout, tree, [entry for entry, _ in found])
    return Merged(tree, "theirs", tuple(lost for _, lost in found))


def parse_merge(fields: Sequence[str]) -> tuple[str, list[Stage], list[Note]]:
    """The three parts of `git merge-tree -z`: a tree, the conflicted stages up to an empty field, and messages."""
    rest = iter(fields)
    tree = next(rest)
    stages = []
    for field in rest:
        if not field:
            break
        head, path = field.split("\t", 1)
        mode, oid, number = head.split(" ")
        stages.append(Stage(path, int(number), mode, oid))
    return tree, stages, list(_notes(rest))


def _notes(rest: Iterator[str]) -> Iterator[Note]:
    for count in rest:
        if count.strip():  # the message before ends in a newline, which some versions put in front of the count
            paths = tuple(next(rest) for _ in range(int(count)))
            yield Note(next(rest), paths, next(rest))


async def _favour(layout: Layout, conflict: TextConflict) -> tuple[str, Discarded] | None:
    """The file with the story's lines, as an index entry, and what that costs; None for a file that is no text.

    git's own `-X theirs` takes the story's whole binary file. baro does not: what that would throw away cannot be
    shown as lines, and so could not be told.
    """
    git = layout.git
    base, ours, theirs = [await _blob(git, oid) for oid in (conflict.base, conflict.ours, conflict.theirs)]
    if any(map(is_binary, (base, ours, theirs))):
        return None
    size = marker_size(base, ours, theirs)
    with tempfile.TemporaryDirectory(dir=layout.root) as name:
        sides = [Path(name, side) for side in ("ours", "base", "theirs")]
        for path, data in zip(sides, (ours, base, theirs), strict=True):
            await asyncio.to_thread(path.write_bytes, data)
        marked = await _merge_file(git, sides, f"--marker-size={size}")
        content = await _merge_file(git, sides, "--theirs")
    oid = (await git.run("hash-object", "-w", "--stdin", input=content)).line
    lost = Discarded(printable(conflict.path), discarded(marked, size))
    return f"{conflict.mode} {oid}\t{conflict.path}\0", lost


async def _blob(git: Git, oid: str | None) -> bytes:
    return (await git.run("cat-file", "blob", oid)).stdout if oid else b""


async def _merge_file(git: Git, sides: Sequence[Path], how: str) -> bytes:
    """Its exit code counts conflicts (127 for more); 128 and above are errors.

    It pairs lines by Myers' algorithm where `merge-tree` uses the histogram one, so a conflict may be cut a little
    differently here, or turn out to be none. What is lost is read off this same merge, so nothing goes untold.
    """
    answer = await git.run("merge-file", "-p", "-q", how, *map(str, sides), ok=tuple(range(128)))
    return answer.stdout


async def _with(layout: Layout, tree: str, entries: Sequence[str]) -> str:
    """The tree with some entries replaced."""
    async with scratch_index(layout) as index:
        git = Git(layout.clone, index=index)
        await git.run("read-tree", tree)
        given = "".join(entries).encode(errors="surrogateescape")
        await git.run("update-index", "-z", "--index-info", input=given)
        return (await git.run("write-tree")).line
