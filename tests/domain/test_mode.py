from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from runner.domain.goal import Goal, Person, PullTarget, Repository, Thread, Trigger
from runner.domain.mode import Intake, Mode, fallback, from_model, is_bare_url, is_empty_goal, settled
from runner.domain.run import RunSpec

PULL = PullTarget(7, "Speed up", "feature", "0" * 40, "main")


def spec(text: str = "Make the parser faster", **changes: Any) -> RunSpec:
    thread = Thread(Repository(1, "acme", "shop"), 7, "issue")
    goal = changes.pop("goal", Goal("Make the parser faster", text, changes.pop("source", "issue")))
    return RunSpec("abc", 1, thread, Trigger("issue", 7), goal, Person(1, "ann"), "main", **changes)


# --- order of authority ----------------------------------------------------------------------------------------


def test_a_persons_word_outranks_the_repositorys_and_both_outrank_every_rule() -> None:
    both = settled(spec(mode=Mode.PARALLEL, config_mode=Mode.SEQUENTIAL, pull=PULL))
    assert both is not None
    assert (both.mode, both.confidence, both.source) == (Mode.PARALLEL, 1.0, "user")
    configured = settled(spec(config_mode=Mode.SEQUENTIAL, pull=PULL))
    assert configured is not None
    assert (configured.mode, configured.source) == (Mode.SEQUENTIAL, "config")


@pytest.mark.parametrize(
    "run",
    [
        spec(pull=PULL),
        spec(source="review"),
        spec(source="check"),
        spec("review this"),
        spec("Please review this PR!"),
        spec("review this\n\n## The issue\n\nand its text", source="comment"),
        spec("https://example.com/report"),
        spec(goal=Goal("Bug", "", "issue")),
    ],
)
def test_a_rule_that_needs_no_model_keeps_the_work_in_one_piece(run: RunSpec) -> None:
    decided = settled(run)
    assert decided is not None
    assert (decided.mode, decided.confidence, decided.source) == (Mode.FOCUSED, 1.0, "rule")
    assert decided.reason.endswith(".")


@pytest.mark.parametrize(
    "text", ["Make the parser faster", "review the parser and rewrite it", "reviewers see nothing"]
)
def test_where_no_rule_applies_a_model_is_asked(text: str) -> None:
    assert settled(spec(text)) is None


# --- the model's word ------------------------------------------------------------------------------------------


def test_a_sure_model_is_followed() -> None:
    reply = {"mode": "parallel", "confidence": 0.93, "reason": "two\nseparate parts", "extra": "ignored"}
    assert from_model(reply) == Intake(Mode.PARALLEL, 0.93, "two separate parts", "model")
    assert from_model(reply | {"confidence": 1}).confidence == 1.0


def test_an_unsure_model_is_not_followed_and_people_see_why() -> None:
    assert from_model({"mode": "parallel", "confidence": 0.4, "reason": "maybe two"}) == snapshot(
        Intake(
            mode=Mode.FOCUSED,
            confidence=0.4,
            reason="Parallel was suggested with a confidence of only 40%, so the work stays in one piece. (maybe two)",
            source="fallback",
        )
    )


def test_an_unsure_model_that_chose_the_smallest_shape_keeps_its_reason() -> None:
    assert from_model({"mode": "focused", "confidence": 0.1, "reason": "r"}) == Intake(Mode.FOCUSED, 0.1, "r", "model")


@pytest.mark.parametrize(
    "reply",
    [
        None,
        [],
        "parallel",
        {},
        {"mode": "auto", "confidence": 0.9, "reason": "r"},
        {"mode": ["parallel"], "confidence": 0.9, "reason": "r"},
        {"mode": "parallel", "confidence": True, "reason": "r"},
        {"mode": "parallel", "confidence": "0.9", "reason": "r"},
        {"mode": "parallel", "confidence": 93, "reason": "r"},
        {"mode": "parallel", "confidence": math.nan, "reason": "r"},
        {"mode": "parallel", "confidence": 10**400, "reason": "r"},
        {"mode": "parallel", "confidence": 0.9, "reason": " \u200b"},
        {"mode": "parallel", "confidence": 0.9},
    ],
)
def test_a_malformed_reply_falls_back_to_the_smallest_shape(reply: object) -> None:
    decided = from_model(reply)
    assert decided == fallback(decided.reason)
    assert (decided.mode, decided.confidence, decided.source) == (Mode.FOCUSED, 0.0, "fallback")


@given(
    st.recursive(st.none() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_intake_never_fails(reply: object) -> None:
    assert from_model(reply).mode is Mode.FOCUSED


# --- before anything is spent ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("https://github.com/acme/shop/pull/3", True),
        (" <https://github.com/acme/shop/pull/3>\n", True),
        ("fix https://github.com/acme/shop/pull/3", False),
        ("https://a.example https://b.example", False),
        ("", False),
    ],
)
def test_an_address_alone_is_no_goal(text: str, bare: bool) -> None:
    assert is_bare_url(text) is bare


@pytest.mark.parametrize(
    ("title", "text", "empty"),
    [
        ("Bug", "", True),
        ("...", "\u200b", True),
        ("Bug", "<!-- describe the bug -->\n### Steps\n\n_No response_\n- [ ] \n", True),
        ("Bug", "<!-- never closed", True),
        ("Bug", "It crashes", False),
        ("Bug", "### Steps\n\nopen it", False),
        ("Fix the login", "", False),
        ("修复登录错误", "", False),
    ],
)
def test_a_goal_is_empty_when_nothing_says_what_to_do(title: str, text: str, empty: bool) -> None:
    assert is_empty_goal(Goal(title, text, "issue")) is empty
