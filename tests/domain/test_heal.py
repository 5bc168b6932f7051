"""A surgeon's proposal is applied like a plan is accepted: whole and valid, or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from runner.domain.heal import Proposal, Rewired, heal, read_proposal
from runner.domain.plan import Story
from runner.domain.schedule import Schedule


def story(id: str, *needs: str) -> Story:
    return Story(id, f"Do {id}", "goal", ("done",), needs, (f"src/{id}.py",))


PLAN = (story("S1"), story("S2", "S1"), story("S3", "S2"), story("S4"))
FIXED = frozenset({"S1", "S4"})


def apply(action: Any, **more: Any) -> tuple[dict[str, tuple[str, ...]] | None, tuple[str, ...]]:
    healed, problems = heal(PLAN, FIXED, "S2", Proposal(action, "because", **more), 20)
    return ({s.id: s.depends_on for s in healed} if healed else None), problems


def test_a_split_story_is_replaced_and_what_waited_for_it_waits_for_all_of_its_parts() -> None:
    healed, _ = apply("split", added=(story("S2a", "S1"), story("S2b", "S2a")))
    assert healed == {"S1": (), "S3": ("S2a", "S2b"), "S4": (), "S2a": ("S1",), "S2b": ("S2a",)}


def test_a_prerequisite_comes_before_the_story_that_failed() -> None:
    healed, _ = apply("prerequisite", added=(story("P"),))
    assert healed == {"S1": (), "S2": ("S1", "P"), "S3": ("S2",), "S4": (), "P": ()}


def test_a_dropped_story_stays_as_the_failure_it_is_and_frees_whom_the_surgeon_frees() -> None:
    healed, _ = apply("drop", rewired=(Rewired("S3", ("S1",)),))
    assert healed == {"S1": (), "S2": ("S1",), "S3": ("S1",), "S4": ()}


@pytest.mark.parametrize(
    ("action", "more"),
    [
        ("rewire", {"removed": ("S1",)}),
        ("rewire", {"rewired": (Rewired("S4", ()),)}),
        ("rewire", {"rewired": (Rewired("S3", ("S9",)),)}),
        ("rewire", {"rewired": (Rewired("S2", ("S3",)),)}),
        ("split", {}),
        ("split", {"added": (story("S4"),)}),
        ("prerequisite", {"added": (story("../x"),)}),
        ("drop", {"added": (story("N"),)}),
    ],
)
def test_what_touches_work_that_has_begun_or_makes_no_plan_is_refused_with_its_reason(action: Any, more: Any) -> None:
    healed, problems = apply(action, **more)
    assert healed is None
    assert problems


def test_every_problem_is_named() -> None:
    _, problems = apply("rewire", removed=("S1", "S9"), rewired=(Rewired("S4", ()),))
    assert problems == snapshot(
        (
            "Story S1 has begun or is over and cannot be removed.",
            "Story S4 has begun or is over and cannot be rewired.",
            "Story S9 is not in the plan.",
        )
    )


@given(st.recursive(st.none() | st.booleans() | st.text(max_size=5) | st.integers(), st.lists, max_leaves=10))
def test_whatever_a_surgeon_answers_is_read_or_refused(reply: object) -> None:
    proposal, problems = read_proposal({"action": reply, "reason": "x"})
    assert (proposal is None) == bool(problems)


def test_a_replanned_schedule_keeps_what_has_happened_and_frees_what_was_blocked() -> None:
    schedule = Schedule(PLAN, 2)
    for id in ("S1", "S4"):
        schedule.start(id)
    schedule.landed("S1")
    schedule.start("S2")
    healed, _ = heal(PLAN, FIXED, "S2", Proposal("split", "r", added=(story("S2a", "S1"),)), 20)
    assert healed
    schedule = schedule.replanned(healed, "S2")
    assert schedule.states == {"S1": "landed", "S3": "waiting", "S4": "running", "S2a": "waiting"}
    assert schedule.ready() == ["S2a"]


def test_a_lost_story_takes_those_that_build_on_it_back_to_waiting() -> None:
    schedule = Schedule(PLAN, 2)
    schedule.start("S1")
    schedule.landed("S1")
    schedule.start("S2")
    schedule.lost("S1")
    assert schedule.states == {"S1": "waiting", "S2": "waiting", "S3": "waiting", "S4": "waiting"}
    assert schedule.ready()[0] == "S1"
