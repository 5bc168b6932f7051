from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.domain.config import Limits
from runner.domain.mode import Mode
from runner.domain.plan import Plan, Story
from runner.domain.schedule import OVER, Schedule, slots_for
from tests.domain.strategies import ancestors, plans


def story(id: str, *after: str) -> Story:
    return Story(id, id, id, depends_on=after)


@given(plans(12), st.integers(1, 4), st.data())
def test_every_story_ends_whatever_order_the_results_come_in(plan: Plan, slots: int, data: st.DataObject) -> None:
    """Never more than the slots, none before its dependencies landed, and a failure blocks its descendants only."""
    schedule = Schedule(plan.stories, slots)
    needs = {story.id: set(story.depends_on) for story in plan.stories}
    before = ancestors(tuple(sorted(plan.stories, key=lambda story: int(story.id[1:]))))
    failed: set[str] = set()
    while not schedule.done:
        for id in schedule.ready():
            assert all(schedule.states[other] == "landed" for other in needs[id])
            schedule.start(id)
        assert 1 <= len(schedule.running) <= slots
        ended = data.draw(st.sampled_from(schedule.running))
        if data.draw(st.booleans()):
            schedule.landed(ended)
        else:
            failed.add(ended)
            foreseen = schedule.blocked_by(ended)
            assert schedule.failed(ended) == foreseen
    assert set(schedule.states.values()) <= OVER
    for id, state in schedule.states.items():
        assert (state == "blocked") == bool(before[id] & failed)


def test_the_longest_remaining_path_starts_first() -> None:
    schedule = Schedule([story("short"), story("long"), story("mid", "long"), story("end", "mid")], 1)
    assert schedule.ready() == ["long"]


def test_equal_paths_start_in_the_plans_order() -> None:
    assert Schedule([story("b"), story("a"), story("c")], 2).ready() == ["b", "a"]


def test_a_story_starts_the_moment_its_own_dependencies_have_landed() -> None:
    """Dataflow, not levels: the slow sibling is not waited for."""
    schedule = Schedule([story("quick"), story("slow"), story("next", "quick")], 2)
    for id in schedule.ready():
        schedule.start(id)
    schedule.landed("quick")
    assert schedule.states == {"quick": "landed", "slow": "running", "next": "waiting"}
    assert schedule.ready() == ["next"]


def test_siblings_of_a_failed_story_go_on() -> None:
    schedule = Schedule([story("a"), story("b"), story("a1", "a"), story("a2", "a1"), story("b1", "b")], 2)
    schedule.start("a")
    schedule.start("b")
    assert schedule.failed("a") == ("a1", "a2")
    schedule.landed("b")
    assert schedule.ready() == ["b1"]


def test_a_waiting_story_can_be_given_up() -> None:
    schedule = Schedule([story("a"), story("b", "a")], 1)
    assert schedule.failed("a") == ("b",)
    assert schedule.done


def test_a_transition_that_cannot_be_is_refused() -> None:
    schedule = Schedule([story("a"), story("b", "a")], 2)
    with pytest.raises(ValueError, match="before its dependencies"):
        schedule.start("b")
    with pytest.raises(ValueError, match="a is waiting and cannot become landed"):
        schedule.landed("a")


def test_looking_changes_nothing() -> None:
    schedule = Schedule([story("a"), story("b", "a")], 1)
    schedule.states.clear()
    assert schedule.blocked_by("a") == ("b",)
    assert schedule.states == {"a": "waiting", "b": "waiting"}


@pytest.mark.parametrize(("mode", "slots"), [(Mode.FOCUSED, 1), (Mode.SEQUENTIAL, 1), (Mode.PARALLEL, 3)])
def test_only_a_parallel_run_has_more_than_one_agent_at_a_time(mode: Mode, slots: int) -> None:
    assert slots_for(mode, Limits(agents=3)) == slots
