"""From a worktree to a commit: what may be published, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from runner.adapters.git import Git
from runner.crashpoints import crashpoint
from runner.domain.change import Change, Harvest, HeldBack
from runner.domain.plan import Story
from runner.domain.policy import Gate, stray_lockfile
from runner.domain.run import RunSpec
from runner.domain.surface import covers
from runner.errors import BaroError

from .clone import printable, resolve
from .commits import Signature, commit, message
from .decoy import agents_subjects
from .diffs import Difference, changes, compared, files
from .layout import Layout, head_ref
from .stage import staged

_NESTED = "is a repository inside the repository"


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
    async with staged(layout, story, order.story.writes) as stage:
        tree = await stage.tree()
        found, shipped = await compared(layout.git, base, tree)
        held = await _held(stage.git, found, gate, order.story.writes)
        if held:
            await _restore(stage.git, list(held))
            tree = await stage.tree()
            shipped = await changes(layout.git, base, tree)
    reasons = tuple(HeldBack(printable(d.path), reason) for d, reason in held.items())
    reasons += tuple(HeldBack(printable(path), _NESTED) for path in stage.nested)
    if not shipped:
        return Harvest(None, held_back=reasons)
    words = message(gate.text(_words(layout, order)), order.spec, story)
    made = await commit(layout.git, tree, (base,), order.by, words)
    crashpoint("harvest.committed")
    await layout.git.run("update-ref", head_ref(order.spec.story_branch(story)), made)
    crashpoint("harvest.done")
    return Harvest(made, shipped, reasons, _outside(order.story, shipped))


async def story_base(layout: Layout, story: str) -> str:
    base = await resolve(layout.git, layout.ref("base", story))
    if base is None:
        raise BaroError(f"Story {story} has no worktree on this machine")
    return base


async def _held(git: Git, found: Sequence[Difference], gate: Gate, declared: Sequence[str]) -> dict[Difference, str]:
    """What stays here, and why."""
    changed = [d.path for d in found]
    held: dict[Difference, str] = {}
    async for difference, file in files(git, found, gate):
        reason = gate.reason(file) or stray_lockfile(difference.path, changed, declared)
        if reason:
            held[difference] = reason
    return held


async def _restore(git: Git, held: Sequence[Difference]) -> None:
    """Put those paths back to what the base has; mode 0 removes one that the base does not have."""
    entries = "".join(f"{d.before.mode} {d.before.oid}\t{d.path}\0" for d in held)
    given = entries.encode(errors="surrogateescape")
    await git.run("update-index", "--replace", "-z", "--index-info", input=given)


def _outside(story: Story, shipped: Sequence[Change]) -> tuple[str, ...]:
    if not story.writes:
        return ()
    return tuple(change.path for change in shipped if not covers(story.writes, change.path))


def _words(layout: Layout, order: Order) -> str:
    """The message, and below it what the agent called its own commits."""
    subjects = agents_subjects(layout.decoy(order.story.id))
    listed = "\n".join(f"- {subject}" for subject in subjects)
    return f"{order.words.strip()}\n\n{listed}" if listed else order.words
