"""The shape of the work, enforced: a proposed plan becomes one that keeps its mode's contract.

    focused      exactly one story
    sequential   few stories, each waiting for the one before
    parallel     a DAG in which any two stories that nobody ordered declare surfaces that cannot meet

Nothing is dropped on the way: over a cap stories are folded together, and every dependency the planner declared still
holds afterwards. What was changed, and why, is said in sentences people read (at the bottom).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec
from msgspec import Struct

from .config import Limits
from .fold import Group, ancestors, contract, fold, home_of, in_order, slices, smallest_groups
from .goal import Goal
from .mode import Intake, Mode
from .plan import Plan, Story
from .surface import meeting
from .text import clean, one_line

SOLE = "S1"
"""the id of a focused run's story"""


class ShapedPlan(Struct, frozen=True):
    """A plan that is fit to run. Only `shape` makes one, so holding one is the proof that the contract is kept.

    `stories` are in an order in which each comes after what it depends on.
    """

    mode: Mode
    stories: tuple[Story, ...]
    adjustments: tuple[str, ...] = ()


def shape(plan: Plan, intake: Intake, limits: Limits) -> ShapedPlan:
    """A valid plan (see `read_plan`), made to fit the decided mode: perhaps smaller than asked, never larger."""
    stories = in_order(plan.stories)
    if intake.mode is Mode.FOCUSED or len(stories) == 1:
        return _focused(stories, intake.mode)
    if intake.mode is Mode.SEQUENTIAL:
        return _sequential(stories, limits.sequential_stories)
    return _parallel(stories, limits)


def focused_plan(goal: Goal) -> Plan:
    """The goal itself as the only story: what a run needs when its mode is known before any planner was asked."""
    text = clean(goal.text).strip()
    first = next((line for line in text.splitlines() if line.strip()), "")
    title = one_line(goal.title) or one_line(first) or "The goal"
    return Plan((Story(SOLE, title, text or title, acceptance=(_GOAL_REACHED,)),))


# --- the three shapes ------------------------------------------------------------------------------------------


def _focused(stories: Sequence[Story], wanted: Mode, said: Sequence[str] = ()) -> ShapedPlan:
    only = msgspec.structs.replace(fold(stories), id=SOLE, depends_on=())
    if len(stories) > 1:
        said = [*said, _collapsed(stories, wanted)]
    elif wanted is not Mode.FOCUSED:
        said = [*said, _single(wanted)]
    return ShapedPlan(Mode.FOCUSED, (only,), tuple(said))


def _sequential(stories: Sequence[Story], cap: int, said: Sequence[str] = ()) -> ShapedPlan:
    if cap <= 1:
        return _focused(stories, Mode.SEQUENTIAL, said)
    groups = slices(stories, cap)
    folded = contract(groups)
    chain = [folded[0], *(_after(story, {before.id}) for before, story in pairwise(folded))]
    return ShapedPlan(Mode.SEQUENTIAL, tuple(chain), (*said, *_foldings(groups, cap)))


def _parallel(stories: Sequence[Story], limits: Limits) -> ShapedPlan:
    if limits.stories <= 1:
        return _focused(stories, Mode.PARALLEL)
    # Order first and fold afterwards: what a folded story inherits are edges, so a member that declared nothing
    # cannot hide behind the surfaces of the others.
    edges = _missing_edges(stories)
    ordered = [_after(story, {edge.before for edge in edges if edge.story == story.id}) for story in stories]
    groups = smallest_groups(ordered, limits.stories) if _has_width(ordered) else [[story] for story in ordered]
    folded = contract(groups)
    said = (*_waits(edges, groups), *_foldings(groups, limits.stories))
    if _has_width(folded):
        return ShapedPlan(Mode.PARALLEL, tuple(folded), said)
    return _sequential(folded, limits.sequential_stories, (*said, _NO_WIDTH))


# --- order -----------------------------------------------------------------------------------------------------


class _Edge(Struct, frozen=True):
    """`story` has to wait for `before`. `both` are two patterns that meet, or None where one declares nothing."""

    story: str
    before: str
    both: tuple[str, str] | None
    undeclared: str = ""


def _missing_edges(stories: Sequence[Story]) -> list[_Edge]:
    """For every two stories nobody ordered and whose surfaces are not shown to be apart: the later waits.

    The nearest earlier story comes first, so that what follows from other edges is not said twice.
    """
    before: dict[str, set[str]] = {}
    edges: list[_Edge] = []
    for place, story in enumerate(stories):
        waits = set(story.depends_on).union(*(before[id] for id in story.depends_on))
        for earlier in reversed(stories[:place]):
            if earlier.id not in waits and (edge := _edge(story, earlier)):
                edges.append(edge)
                waits |= {earlier.id, *before[earlier.id]}
        before[story.id] = waits
    return edges


def _edge(story: Story, earlier: Story) -> _Edge | None:
    silent = next((each.id for each in (story, earlier) if not each.writes), "")
    if silent:
        return _Edge(story.id, earlier.id, None, silent)
    both = meeting(story.writes, earlier.writes)
    return _Edge(story.id, earlier.id, both) if both else None


def _has_width(stories: Sequence[Story]) -> bool:
    """Are there two stories of which neither waits for the other?"""
    before = ancestors(stories)
    return any(first.id not in before[second.id] for first, second in pairwise(stories))


def _after(story: Story, ids: Iterable[str]) -> Story:
    return msgspec.structs.replace(story, depends_on=tuple(dict.fromkeys((*story.depends_on, *sorted(ids)))))


# --- sentences -------------------------------------------------------------------------------------------------

_GOAL_REACHED = "The goal above is achieved, and nothing that it does not ask for is changed."
_NO_WIDTH = "No two stories can safely run side by side, so the plan runs one story after another."


def _single(wanted: Mode) -> str:
    return f"The plan has a single story, so the run is focused instead of {wanted}."


def _collapsed(stories: Sequence[Story], wanted: Mode) -> str:
    why = "the run is focused" if wanted is Mode.FOCUSED else "the cap is one story"
    return f"The {len(stories)} planned stories are folded into one: {why}."


def _foldings(groups: Iterable[Group], cap: int) -> list[str]:
    return [
        f"{_and([story.id for story in group])} are folded into {group[0].id}: the cap is {cap} stories."
        for group in groups
        if len(group) > 1
    ]


def _waits(edges: Iterable[_Edge], groups: Iterable[Group]) -> list[str]:
    """In the ids that are left after folding; what was folded together no longer waits."""
    home = home_of(groups)
    first: dict[tuple[str, str], _Edge] = {}
    for edge in edges:
        first.setdefault((home[edge.story], home[edge.before]), edge)
    return [f"{story} waits for {before}: {_why(edge)}." for (story, before), edge in first.items() if story != before]


def _why(edge: _Edge) -> str:
    if edge.both is None:
        return f"{edge.undeclared} does not say which paths it writes"
    mine, theirs = edge.both
    return f"both write `{mine}`" if mine == theirs else f"`{mine}` and `{theirs}` can be the same file"


def _and(ids: Sequence[str]) -> str:
    return f"{', '.join(ids[:-1])} and {ids[-1]}"
