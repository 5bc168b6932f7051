from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from runner.domain.config import Limits
from runner.domain.goal import Goal
from runner.domain.mode import Intake, Mode
from runner.domain.plan import Plan, Story
from runner.domain.shape import ShapedPlan, focused_plan, shape
from runner.domain.surface import disjoint
from tests.domain.strategies import ancestors, plans

limits = st.builds(Limits, stories=st.integers(1, 6), sequential_stories=st.integers(1, 4))


def intake(mode: Mode) -> Intake:
    return Intake(mode, 0.9, "because", "model")


def plan(*stories: Story) -> Plan:
    return Plan(stories)


def story(id: str, *writes: str, after: tuple[str, ...] = ()) -> Story:
    return Story(id, f"Title {id}", f"Goal {id}.", (f"done {id}",), after, writes)


# --- what holds for every plan ---------------------------------------------------------------------------------


@given(plans(), st.sampled_from(Mode), limits)
@settings(max_examples=200)
def test_a_shaped_plan_keeps_its_modes_contract(plan: Plan, mode: Mode, caps: Limits) -> None:
    shaped = shape(plan, intake(mode), caps)
    before = ancestors(shaped.stories)
    pairs = [*combinations(shaped.stories, 2)]
    match shaped.mode:
        case Mode.FOCUSED:
            assert [story.id for story in shaped.stories] == ["S1"]
        case Mode.SEQUENTIAL:
            assert 2 <= len(shaped.stories) <= caps.sequential_stories
            assert all(first.id in before[second.id] for first, second in pairs)
        case Mode.PARALLEL:
            assert 2 <= len(shaped.stories) <= caps.stories
            apart = [(a, b) for a, b in pairs if a.id not in before[b.id]]
            assert apart, "a parallel plan has width"
            assert all(disjoint(a.writes, b.writes) for a, b in apart)


@given(plans(), st.sampled_from(Mode), limits)
def test_no_goal_criterion_path_or_check_is_lost(plan: Plan, mode: Mode, caps: Limits) -> None:
    shaped = shape(plan, intake(mode), caps)
    goals = "\n".join(story.goal for story in shaped.stories)
    assert all(story.goal in goals for story in plan.stories)
    for field in ("acceptance", "writes", "verify"):
        assert {text for s in plan.stories for text in getattr(s, field)} == {
            text for s in shaped.stories for text in getattr(s, field)
        }


@given(plans(), st.sampled_from(Mode), limits)
def test_no_declared_dependency_is_lost(plan: Plan, mode: Mode, caps: Limits) -> None:
    """After folding, the story that holds the goal still waits for the one that holds what it needs, or is it."""
    shaped = shape(plan, intake(mode), caps)
    before = ancestors(shaped.stories)
    home = {s.id: next(big.id for big in shaped.stories if s.acceptance[0] in big.acceptance) for s in plan.stories}
    for small in plan.stories:
        for needed in small.depends_on:
            assert home[needed] == home[small.id] or home[needed] in before[home[small.id]]


@given(plans(), st.sampled_from(Mode), limits)
def test_the_result_is_never_larger_than_asked_and_every_change_is_said(plan: Plan, mode: Mode, caps: Limits) -> None:
    shaped = shape(plan, intake(mode), caps)
    order = [Mode.FOCUSED, Mode.SEQUENTIAL, Mode.PARALLEL]
    assert order.index(shaped.mode) <= order.index(mode)
    if shaped.mode is not mode or len(shaped.stories) < len(plan.stories):
        assert shaped.adjustments
    assert shape(plan, intake(mode), caps) == shaped, "the same plan is shaped the same way"


@given(plans(), st.sampled_from(Mode))
def test_shaping_what_is_shaped_changes_nothing(plan: Plan, mode: Mode) -> None:
    shaped = shape(plan, intake(mode), Limits())
    assert shape(Plan(shaped.stories), intake(shaped.mode), Limits()) == ShapedPlan(shaped.mode, shaped.stories)


# --- what people are told --------------------------------------------------------------------------------------


def test_a_focused_run_keeps_one_story_even_when_the_planner_returns_three() -> None:
    shaped = shape(plan(story("A", "a"), story("B", "b"), story("C")), intake(Mode.FOCUSED), Limits())
    assert shaped == snapshot(
        ShapedPlan(
            mode=Mode.FOCUSED,
            stories=(
                Story(
                    id="S1",
                    title="Title A; Title B; Title C",
                    goal="""\
Title A:
Goal A.

Title B:
Goal B.

Title C:
Goal C.\
""",
                    acceptance=("done A", "done B", "done C"),
                    writes=("a", "b"),
                ),
            ),
            adjustments=("The 3 planned stories are folded into one: the run is focused.",),
        )
    )


def test_overlapping_and_undeclared_pairs_wait_for_each_other() -> None:
    proposed = plan(story("S1", "src/a.py"), story("S2", "src/*.py"), story("S3", "docs/"), story("S4"))
    shaped = shape(proposed, intake(Mode.PARALLEL), Limits())
    assert {s.id: s.depends_on for s in shaped.stories} == {"S1": (), "S2": ("S1",), "S3": (), "S4": ("S2", "S3")}
    assert shaped.adjustments == snapshot(
        (
            "S2 waits for S1: `src/*.py` and `src/a.py` can be the same file.",
            "S4 waits for S3: S4 does not say which paths it writes.",
            "S4 waits for S2: S4 does not say which paths it writes.",
        )
    )


def test_disjoint_stories_stay_side_by_side_and_nothing_is_said() -> None:
    proposed = plan(story("S1", "src/a.py"), story("S2", "src/b.py"), story("S3", "docs/", after=("S1",)))
    assert shape(proposed, intake(Mode.PARALLEL), Limits()) == ShapedPlan(Mode.PARALLEL, proposed.stories)


def test_a_parallel_plan_without_width_becomes_sequential_with_the_reason() -> None:
    shaped = shape(plan(story("S1", "a"), story("S2", "a")), intake(Mode.PARALLEL), Limits())
    assert shaped.mode is Mode.SEQUENTIAL
    assert shaped.adjustments == snapshot(
        (
            "S2 waits for S1: both write `a`.",
            "No two stories can safely run side by side, so the plan runs one story after another.",
        )
    )


def test_over_the_sequential_cap_neighbours_are_folded() -> None:
    shaped = shape(plan(*(story(f"S{n}") for n in range(1, 6))), intake(Mode.SEQUENTIAL), Limits(sequential_stories=2))
    assert {s.id: s.depends_on for s in shaped.stories} == {"S1": (), "S3": ("S1",)}
    assert shaped.adjustments == snapshot(
        (
            "S1 and S2 are folded into S1: the cap is 2 stories.",
            "S3, S4 and S5 are folded into S3: the cap is 2 stories.",
        )
    )


def test_folding_a_parallel_plan_prefers_stories_that_wait_for_each_other_anyway() -> None:
    """So width survives: the chain is folded, not the independent stories."""
    proposed = plan(story("S1", "a"), story("S2", "b"), story("S3", "c", after=("S2",)))
    shaped = shape(proposed, intake(Mode.PARALLEL), Limits(stories=2))
    assert (shaped.mode, [s.id for s in shaped.stories]) == (Mode.PARALLEL, ["S1", "S2"])


def test_a_story_that_declares_nothing_cannot_hide_in_a_folded_one() -> None:
    proposed = plan(story("S1", "a"), story("S2"), story("S3", "c"), story("S4", "d"))
    shaped = shape(proposed, intake(Mode.PARALLEL), Limits(stories=3))
    holder = next(s for s in shaped.stories if "done S2" in s.acceptance)
    before = ancestors(shaped.stories)
    others = [s.id for s in shaped.stories if s.id != holder.id]
    assert all(id in before[holder.id] or holder.id in before[id] for id in others)


def test_a_plan_of_a_single_story_is_focused() -> None:
    shaped = shape(plan(story("A", "a")), intake(Mode.PARALLEL), Limits())
    assert (shaped.mode, shaped.stories[0].id) == (Mode.FOCUSED, "S1")
    assert shaped.adjustments == snapshot(("The plan has a single story, so the run is focused instead of parallel.",))


def test_the_largest_sane_plan_is_folded_in_good_time() -> None:
    proposed = plan(*(story(f"S{n}", *(f"src/d{n}/{m}" for m in range(5))) for n in range(100)))
    shaped = shape(proposed, intake(Mode.PARALLEL), Limits())
    assert (shaped.mode, len(shaped.stories)) == (Mode.PARALLEL, 12)


# --- the goal as the plan --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goal", "title", "text"),
    [
        (Goal("Fix it", "Really\nfix it", "issue"), "Fix it", "Really\nfix it"),
        (Goal("", "\nFirst line\nmore", "comment"), "First line", "First line\nmore"),
        (Goal("Fix it", "", "issue"), "Fix it", "Fix it"),
        (Goal("", "", "issue"), "The goal", "The goal"),
    ],
)
def test_the_goal_itself_is_the_story_of_a_focused_run(goal: Goal, title: str, text: str) -> None:
    (only,) = focused_plan(goal).stories
    assert (only.id, only.title, only.goal, len(only.acceptance)) == ("S1", title, text, 1)


def test_the_goals_own_plan_is_shaped_without_a_word() -> None:
    assert shape(focused_plan(Goal("Fix it", "", "issue")), intake(Mode.FOCUSED), Limits()).adjustments == ()
