"""Worktrees: one per story, one for readers, one for checks; all with a decoy in front of the trusted repository."""

from __future__ import annotations

import asyncio
import itertools

from runner.adapters.sandbox.room import Sharing
from runner.crashpoints import crashpoint
from runner.domain.run import RunSpec
from runner.errors import BaroError
from runner.ports import Seat

from . import decoy
from .checkout import Checkout
from .clone import run_head
from .commits import Signature, commit, message, read
from .grounds import begun
from .layout import EXAMINED, INTEGRATION, Layout, head_ref, is_commit_id
from .overlays import Overlays
from .refs import point, resolve
from .removal import remove
from .unfit import standing
from .worktrees import Worktrees

WORKTREES, OVERLAYS = Worktrees(), Overlays()


async def ways(layout: Layout, sharing: Sharing) -> Checkout:
    """How this run's seats are made here. A large repository has got its ground when the run was prepared."""
    start = await resolve(layout.git, layout.start) if layout.clone.is_dir() else None
    return OVERLAYS if sharing == "overlay" and start and begun(layout, start) else WORKTREES


def made_as(layout: Layout, seat: str) -> Checkout:
    """How the seat that is there was made."""
    return WORKTREES if layout.administration(seat).is_dir() else OVERLAYS


async def story_seat(layout: Layout, spec: RunSpec, way: Checkout, story: str, attempt: int, *, fresh: bool) -> Seat:
    """See `Workspace.seat`. A seat whose decoy exists is whole; anything less was cut short and nobody sat in it."""
    if story in (INTEGRATION, EXAMINED):
        raise BaroError(f"{story!r} cannot name a story")
    base = await resolve(layout.git, layout.ref("base", story))
    if base is not None and layout.decoy(story).is_dir() and standing(layout.tree(story)):
        there = made_as(layout, story)
        if not fresh and there in (way, WORKTREES):  # what overlays show, nobody without them can
            return await _seat(layout, there, story, base, writable=True)
        await _preserve(layout, spec, story, attempt, base)
        crashpoint("seat.preserved")
    return await _anew(layout, spec, way, story, await run_head(layout, spec))


async def reading_seat(layout: Layout, spec: RunSpec, way: Checkout) -> Seat:
    """The integration worktree, brought to the run branch's head."""
    head, base = await run_head(layout, spec), layout.ref("base", INTEGRATION)
    if not layout.decoy(INTEGRATION).is_dir() or made_as(layout, INTEGRATION) is not way:
        await _anew(layout, spec, way, INTEGRATION, head)
    elif await resolve(layout.git, base) != head:
        await way.follow(layout, INTEGRATION, head)
        await _seal(layout, spec, way, INTEGRATION, head)
        point(layout.git, base, head)
    # At its head already it is as it was left: nobody who sits here may write.
    return await _seat(layout, way, INTEGRATION, head, writable=False)


async def examining_seat(layout: Layout, spec: RunSpec, way: Checkout, commit: str) -> Seat:
    """A tree of its own at exactly `commit`. Made anew each time: checks leave files behind, ignored ones too, and
    nothing that an earlier commit built may speak for this one."""
    if not is_commit_id(commit):
        raise BaroError(f"{commit!r} is not a commit")
    await run_head(layout, spec)
    return await _anew(layout, spec, way, EXAMINED, commit)


async def _anew(layout: Layout, spec: RunSpec, way: Checkout, seat: str, commit: str) -> Seat:
    await asyncio.to_thread(_clear, layout, seat)
    point(layout.git, layout.ref("base", seat), commit)
    if seat not in (INTEGRATION, EXAMINED):
        point(layout.git, head_ref(spec.story_branch(seat)), commit)
    crashpoint("seat.based")
    await way.place(layout, seat, commit)
    crashpoint("seat.placed")
    await _seal(layout, spec, way, seat, commit)
    return await _seat(layout, way, seat, commit, writable=True)


async def _seal(layout: Layout, spec: RunSpec, way: Checkout, seat: str, head: str) -> None:
    """Put the decoy in front. The tree's own `.git` names it too, so that even an agent outside a sandbox, and
    every tool that looks for a repository, finds the decoy; our own commands never look, they are told."""
    branch = head_ref(spec.branch if seat in (INTEGRATION, EXAMINED) else spec.story_branch(seat))
    start = await resolve(layout.git, layout.start)
    refs = {head_ref(spec.base_ref): start or head, branch: head}
    layout.decoy(seat).parent.mkdir(parents=True, exist_ok=True)
    (layout.tree(seat) / ".git").write_text(decoy.pointer(layout.decoy(seat)))
    index = await way.index(layout, seat, head)
    decoy.make(layout.decoy(seat), branch=branch, refs=refs, index=index, objects=layout.objects)


async def _seat(layout: Layout, way: Checkout, seat: str, base: str, *, writable: bool) -> Seat:
    view = await way.view(layout, seat, base)
    return Seat(layout.tree(seat), base, layout.decoy(seat), layout.objects, writable, view)


# --- an earlier attempt's work ---------------------------------------------------------------------------------


async def _preserve(layout: Layout, spec: RunSpec, story: str, attempt: int, base: str) -> None:
    """Keep what an earlier attempt left, under a local ref, whether it was committed or not. Never published."""
    git = layout.git
    tip = await resolve(git, head_ref(spec.story_branch(story))) or base
    async with made_as(layout, story).staged(layout, story, base) as stage:
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
            point(git, ref, kept)
            return


def _clear(layout: Layout, seat: str) -> None:
    """Remove a seat, its decoy first: without it the rest counts as unfinished."""
    for path in (layout.decoy(seat), layout.view(seat), layout.tree(seat), layout.administration(seat)):
        remove(path)
