"""Worktrees: one per story, one for readers, one for checks; all with a decoy in front of the trusted repository."""

from __future__ import annotations

import asyncio
import itertools

from runner.adapters.git import Git
from runner.crashpoints import crashpoint
from runner.domain.run import RunSpec
from runner.errors import BaroError
from runner.ports import Seat

from . import decoy
from .clone import resolve, run_head
from .commits import Signature, commit, message, read
from .layout import EXAMINED, INTEGRATION, Layout, head_ref, is_commit_id
from .removal import remove
from .stage import staged
from .unfit import standing


async def story_seat(layout: Layout, spec: RunSpec, story: str, attempt: int, *, fresh: bool) -> Seat:
    """See `Workspace.seat`. A seat whose decoy exists is whole; anything less was cut short and nobody sat in it."""
    if story in (INTEGRATION, EXAMINED):
        raise BaroError(f"{story!r} cannot name a story")
    base = await resolve(layout.git, layout.ref("base", story))
    if base is not None and layout.decoy(story).is_dir() and standing(layout.tree(story)):
        if not fresh:
            return _seat(layout, story, base, writable=True)
        await _preserve(layout, spec, story, attempt, base)
        crashpoint("seat.preserved")
    await asyncio.to_thread(_clear, layout, story)
    return await _place(layout, spec, story)


async def reading_seat(layout: Layout, spec: RunSpec) -> Seat:
    """The integration worktree, brought to the run branch's head."""
    head = await run_head(layout, spec)
    git = Git(layout.administration(INTEGRATION), work_tree=layout.tree(INTEGRATION))
    if not layout.decoy(INTEGRATION).is_dir():
        await asyncio.to_thread(_clear, layout, INTEGRATION)
        await layout.git.run("worktree", "add", "--quiet", "--detach", str(layout.tree(INTEGRATION)), head)
        await _seal(layout, spec, INTEGRATION, head)
    elif await resolve(git, "HEAD") != head:
        await git.run("reset", "--hard", "--quiet", head)
        # Ignored files stay: they are what checks have installed and built here, and cost minutes to make again.
        await git.run("clean", "-ffdq")
        await _seal(layout, spec, INTEGRATION, head)
    # At its head already it is as it was left: nobody who sits here may write.
    return _seat(layout, INTEGRATION, head, writable=False)


async def examining_seat(layout: Layout, spec: RunSpec, commit: str) -> Seat:
    """A worktree of its own at exactly `commit`. Made anew each time: checks leave files behind, ignored ones too, and
    nothing that an earlier commit built may speak for this one."""
    if not is_commit_id(commit):
        raise BaroError(f"{commit!r} is not a commit")
    await run_head(layout, spec)
    await asyncio.to_thread(_clear, layout, EXAMINED)
    await layout.git.run("worktree", "add", "--quiet", "--detach", str(layout.tree(EXAMINED)), commit)
    await _seal(layout, spec, EXAMINED, commit)
    return _seat(layout, EXAMINED, commit, writable=True)


async def _place(layout: Layout, spec: RunSpec, story: str) -> Seat:
    head = await run_head(layout, spec)
    await layout.git.run("update-ref", layout.ref("base", story), head)
    tree = layout.tree(story)
    tree.parent.mkdir(parents=True, exist_ok=True)
    await layout.git.run("worktree", "add", "--quiet", "--no-track", "-B", spec.story_branch(story), str(tree), head)
    crashpoint("seat.placed")
    await _seal(layout, spec, story, head)
    return _seat(layout, story, head, writable=True)


async def _seal(layout: Layout, spec: RunSpec, seat: str, head: str) -> None:
    """Put the decoy in front. The tree's own `.git` names it too, so that even an agent outside a sandbox, and
    every tool that looks for a repository, finds the decoy; our own commands never look, they are told."""
    branch = head_ref(spec.branch if seat in (INTEGRATION, EXAMINED) else spec.story_branch(seat))
    start = await resolve(layout.git, layout.start)
    refs = {head_ref(spec.base_ref): start or head, branch: head}
    layout.decoy(seat).parent.mkdir(parents=True, exist_ok=True)
    (layout.tree(seat) / ".git").write_text(decoy.pointer(layout.decoy(seat)))
    index = layout.administration(seat) / "index"
    decoy.make(layout.decoy(seat), branch=branch, refs=refs, index=index, objects=layout.objects)


def _seat(layout: Layout, seat: str, base: str, *, writable: bool) -> Seat:
    return Seat(layout.tree(seat), base, layout.decoy(seat), layout.objects, writable)


# --- an earlier attempt's work ---------------------------------------------------------------------------------


async def _preserve(layout: Layout, spec: RunSpec, story: str, attempt: int, base: str) -> None:
    """Keep what an earlier attempt left, under a local ref, whether it was committed or not. Never published."""
    git = layout.git
    tip = await resolve(git, head_ref(spec.story_branch(story))) or base
    async with staged(layout, story) as stage:
        tree = await stage.tree()
    if tip == base and tree == (await read(git, base)).tree:
        return
    at = (await read(git, tip)).at
    by = Signature("baro", "baro@localhost", at)  # dated by what it follows, so that a repeat is the same commit
    words = message(f"Interrupted before attempt {attempt}", spec, story)
    kept = await commit(git, tree, (tip,), by, words)
    for number in itertools.count(1):
        ref = layout.ref("interrupted", f"{story}-{attempt}" + (f"-{number}" if number > 1 else ""))
        there = await resolve(git, ref)
        if there in (None, kept):
            await git.run("update-ref", ref, kept)
            return


def _clear(layout: Layout, seat: str) -> None:
    """Remove a seat, its decoy first: without it the rest counts as unfinished."""
    for path in (layout.decoy(seat), layout.view(seat), layout.tree(seat), layout.administration(seat)):
        remove(path)
