"""From a worktree to a commit: what may be published, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from msgspec import Struct

from runner.adapters.git import Git
from runner.crashpoints import crashpoint
from runner.domain.amounts import gathered
from runner.domain.change import Change, Harvest, HeldBack
from runner.domain.lockfiles import stray_lockfile
from runner.domain.plan import Story
from runner.domain.policy import DELETED, Gate, replaced
from runner.domain.run import RunSpec
from runner.domain.surface import covers
from runner.domain.text import defused
from runner.errors import BaroError

from . import aside
from .clone import printable
from .commits import Signature, commit, message
from .decoy import agents_subjects
from .diffs import Difference, changes, compared, files
from .layers import expect
from .layout import Layout, head_ref
from .refs import point, resolve
from .seats import made_as
from .unfit import REMOVED, standing

_ROOM = "would be gone, because something that is held back took its place"


class Order(Struct, frozen=True):
    """One harvest to make."""

    spec: RunSpec
    story: Story
    words: str
    by: Signature


async def harvest(layout: Layout, order: Order, gate: Gate) -> Harvest:
    """Commit the story's tree onto its base and point the story's branch at it. The same tree and date give the same
    commit, so a repeated harvest changes nothing."""
    story = order.story.id
    base = await story_base(layout, story)
    if not standing(layout.tree(story)):
        return Harvest(None, held_back=(HeldBack("./", REMOVED),))
    async with made_as(layout, story).staged(layout, story, base, order.story.writes) as stage:
        expect(layout, story, stage.places)
        whole = tree = await stage.tree()
        found, shipped = await compared(layout.git, base, whole)
        held = await _held(layout.git, found, gate, order)
        if held:
            tree = await stage.tree(list(held))
            shipped = await changes(layout.git, base, tree)
        await aside.keep(layout.git, layout, story, tree, whole)
    reasons = gathered([HeldBack(printable(d.path), reason) for d, reason in held.items()] + list(stage.unfit))
    if not shipped:
        return Harvest(None, held_back=reasons)
    words = message(defused(gate.text(_words(layout, order))), order.spec, story)
    made = await commit(layout.git, tree, (base,), order.by, words)
    crashpoint("harvest.committed")
    point(layout.git, head_ref(order.spec.story_branch(story)), made)
    crashpoint("harvest.done")
    return Harvest(made, shipped, reasons, _outside(order.story, shipped))


async def story_base(layout: Layout, story: str) -> str:
    base = await resolve(layout.git, layout.ref("base", story))
    if base is None:
        raise BaroError(f"Story {story} has no worktree on this machine")
    return base


async def _held(git: Git, found: Sequence[Difference], gate: Gate, order: Order) -> dict[Difference, str]:
    """What stays here, and why."""
    inspection = gate.inspect(order.spec.limits.allowance)
    async for file in files(git, found, gate):
        await asyncio.to_thread(inspection.look, file)  # reading takes a while, and leases must be kept meanwhile
    changed, declared = [d.path for d in found], order.story.writes
    held = {
        difference: why
        for difference, reason in zip(found, inspection.reasons(), strict=True)
        if (why := reason or stray_lockfile(difference.path, changed, declared))
    }
    return held | dict.fromkeys(_put_back(found, held), _ROOM)


def _put_back(found: Sequence[Difference], held: Collection[Difference]) -> list[Difference]:
    """Deletions that would be left over of what is held back."""
    gone = {d.path: d for d in found if d.after.mode == DELETED and d not in held}
    shipped = [d.path for d in found if d not in held and d.path not in gone]
    return [gone[path] for path in replaced([d.path for d in held], gone, shipped)]


def _outside(story: Story, shipped: Sequence[Change]) -> tuple[str, ...]:
    if not story.writes:
        return ()
    return tuple(change.path for change in shipped if not covers(story.writes, change.path))


def _words(layout: Layout, order: Order) -> str:
    """The message, and below it what the agent called its own commits."""
    subjects = agents_subjects(layout.decoy(order.story.id))
    listed = "\n".join(f"- {subject}" for subject in subjects)
    return f"{order.words.strip()}\n\n{listed}" if listed else order.words
