from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from runner.domain.plan import MAX_STORIES, Plan, Story, read_plan
from tests.domain.strategies import plans


def item(id: str = "S1", **changes: Any) -> dict[str, Any]:
    """A story as a planner writes it; a change to None leaves the key out."""
    full = {"id": id, "title": "T", "goal": "G", "acceptance": ["a"], "depends_on": [], "writes": ["src/a.py"]}
    return {key: value for key, value in (full | changes).items() if value is not None}


def problems(*items: Any) -> tuple[str, ...]:
    plan, said = read_plan({"stories": list(items)})
    assert (plan is None) == bool(said)
    return said


@given(plans())
def test_what_a_planner_writes_is_read_as_it_was_meant(plan: Plan) -> None:
    assert read_plan(msgspec.json.decode(msgspec.json.encode(plan))) == (plan, ())


def test_only_what_has_a_plain_default_may_be_left_out() -> None:
    plan, said = read_plan({"stories": [{"id": "S1", "title": "T", "goal": "G", "acceptance": ["a"]}]})
    assert (plan, said) == (Plan((Story("S1", "T", "G", ("a",)),)), ())
    assert problems({}) == snapshot(
        (
            "Story 1 has no `id`.",
            "Story 1 has no `title`.",
            "Story 1 has no `goal`.",
            "Story 1 has no `acceptance`.",
        )
    )


def test_texts_lose_what_cannot_be_seen_and_lists_their_repetitions() -> None:
    messy = item(
        title=" A\n title ", goal="G\u202e\r\nmore ", acceptance=["a", "a "], writes=["./src/a.py", "src/a.py", "."]
    )
    plan, _ = read_plan({"stories": [messy]})
    assert plan == Plan((Story("S1", "A title", "G\nmore", ("a",), writes=("src/a.py", ".")),))


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (None, "The plan must be a JSON object with `stories`, not nothing."),
        ([item()], "The plan must be a JSON object with `stories`, not a list."),
        ({}, "`stories` must be a list, not nothing."),
        ({"stories": []}, "The plan has no stories."),
        ({"stories": [item()], "notes": "x"}, "The plan: unknown key `notes`."),
        ({"stories": [7]}, "Story 1 must be an object, not a number."),
        ({"stories": [item(f"S{n}") for n in range(101)]}, "The plan has 101 stories; more than 100 is not a plan."),
    ],
)
def test_a_reply_that_is_no_plan_says_so(reply: object, problem: str) -> None:
    assert read_plan(reply) == (None, (problem,))


@pytest.mark.parametrize(
    ("story", "problem"),
    [
        (item(id=7), "Story 1: `id` must be a text, not a number."),
        (item("1S"), "Story 1S: an id is a letter and at most 15 more letters, digits, `-` or `_`."),
        (item("S" * 17), "an id is a letter and at most 15 more"),
        (item("a/../b"), "an id is a letter and at most 15 more"),
        (item("S1\n"), "an id is a letter and at most 15 more"),
        (item(title="  "), "Story S1: `title` is empty."),
        (item(goal="\u200b"), "Story S1: `goal` is empty."),
        (item(title="t" * 201), "Story S1: `title` is longer than 200 characters."),
        (item(goal="g" * 8001), "Story S1: `goal` is longer than 8000 characters."),
        (item(acceptance=[]), "Story S1: `acceptance` is empty; say how to tell that the story is done."),
        (item(acceptance="a"), "Story S1: `acceptance` must be a list of texts, not a text."),
        (item(acceptance=["a", 1]), "Story S1: `acceptance` must be a text, not a number."),
        (item(writes=["x"] * 61), "Story S1: `writes` has more than 60 items."),
        (item(writes=["../x"]), "Story S1: the path `../x` leaves the repository."),
        (item(writes=[".git/config"]), "Story S1: the path `.git/config` reaches into `.git`."),
        (item(tier="huge"), "Story S1: `tier` must be one of light, standard, heavy."),
        (item(tier=["light"]), "Story S1: `tier` must be one of light, standard, heavy."),
        (item(dependsOn=["S2"]), "Story S1: unknown key `dependsOn` (did you mean `depends_on`?)."),
        (item(depends_on=["S1"]), "Story S1 depends on itself."),
        (item(depends_on=["S9"]), "Story S1 depends on `S9`, which is not in the plan."),
    ],
)
def test_what_is_wrong_with_a_story_is_named(story: dict[str, Any], problem: str) -> None:
    (said,) = problems(story)
    assert problem in said


def test_ids_must_differ_in_more_than_case() -> None:
    """They name branches and directories, also on file systems that ignore case."""
    assert problems(item("S1"), item("s1"), item("S1")) == (
        "The id `S1` is used more than once (ids must differ in more than case).",
    )


def test_every_circle_is_named_in_the_order_of_waiting() -> None:
    said = problems(
        item("A", depends_on=["B"]),
        item("B", depends_on=["C"]),
        item("C", depends_on=["A"]),
        item("X", depends_on=["Y"]),
        item("Y", depends_on=["X", "A"]),
    )
    assert said == snapshot(
        (
            "The stories depend on each other in a circle: A → B → C → A.",
            "The stories depend on each other in a circle: X → Y → X.",
        )
    )


def test_all_problems_are_reported_at_once() -> None:
    said = problems(item("S1", title="", writes=["/abs"]), item("S2", depends_on=["S3"]), 5)
    assert said == snapshot(
        (
            "Story S1: `title` is empty.",
            "Story S1: the path `/abs` is not relative to the repository's root.",
            "Story 3 must be an object, not a number.",
            "Story S2 depends on `S3`, which is not in the plan.",
        )
    )


def test_a_plan_over_a_runs_cap_is_still_a_plan() -> None:
    plan, said = read_plan({"stories": [item(f"S{n}") for n in range(MAX_STORIES)]}, max_stories=2)
    assert plan is not None
    assert said == ()


def test_more_paths_than_can_be_compared_are_refused() -> None:
    crowd = [item(f"S{n}", writes=[f"d{n}/{m}" for m in range(60)]) for n in range(9)]
    assert problems(*crowd) == ("The plan declares more than 500 paths in `writes`; use directories or globs.",)


json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.sampled_from(["S1", "S2"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["stories", *Story.__struct_fields__]) | st.text(max_size=3), inner, max_size=8
        )
    ),
    max_leaves=20,
)


@given(json | st.fixed_dictionaries({"stories": st.lists(json, max_size=4)}))
def test_any_reply_is_either_a_plan_or_named_problems(reply: object) -> None:
    plan, said = read_plan(reply)
    assert (plan is None) == bool(said)
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in said)
