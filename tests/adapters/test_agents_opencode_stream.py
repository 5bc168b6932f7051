"""What OpenCode's stream means. The lines are shortened ones of the real command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runner.adapters.agents.opencode.stream import OpenCodeStream
from runner.adapters.process import Exit
from runner.adapters.sandbox.room import Inside
from runner.domain.agent import Did, Usage

START = {"type": "step_start", "part": {"type": "step-start"}}
TOKENS = {"total": 1170, "input": 100, "output": 13, "reasoning": 7, "cache": {"write": 50, "read": 1000}}


def tool(name: str, status: str = "completed", **arguments: object) -> dict[str, Any]:
    state = {"status": status, "input": arguments, "output": "out", "metadata": {"exit": 0}}
    return {"type": "tool_use", "part": {"type": "tool", "tool": name, "callID": "c1", "state": state}}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "part": {"type": "text", "text": words}}


def step(reason: str, cost: float = 0.001) -> dict[str, Any]:
    return {"type": "step_finish", "part": {"type": "step-finish", "reason": reason, "tokens": TOKENS, "cost": cost}}


def error(name: str, **data: object) -> dict[str, Any]:
    return {"type": "error", "error": {"name": name, "data": {"message": "told so", **data}}}


def stream(*lines: dict[str, Any] | bytes) -> tuple[OpenCodeStream, list[Did]]:
    read = OpenCodeStream(Inside("/workspace", "/home/agent"), "sign in.")
    raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    return read, [did for line in raw for did in read.feed(line)]


def test_tool_calls_become_kinds_and_paths_of_the_repository() -> None:
    _, did = stream(
        tool("read", filePath="/workspace/src/a.py"),
        tool("write", filePath="/workspace/src/b.py", content="secret"),
        tool("edit", "error", filePath="/etc/passwd"),
        tool("grep", pattern="def\nmain", path="/workspace/src"),
        tool("bash", command="make   test"),
        tool("todowrite", todos=[]),
    )
    assert did == [
        Did("read", "src/a.py"),
        Did("write", "src/b.py"),
        Did("write", ""),
        Did("search", "src", "def main"),
        Did("run", note="make test"),
        Did("other", note="todowrite"),
    ]


def test_a_command_may_run_only_between_the_beginning_and_the_end_of_a_step() -> None:
    read, _ = stream(START)
    assert read.busy
    read.feed(json.dumps(step("tool-calls")).encode())
    assert not read.busy


def test_a_good_end_needs_a_last_step_that_stopped_and_exit_code_0() -> None:
    assert stream(START, text("Done."), step("stop"))[0].ended(Exit(0), "").well
    for lines, code in (
        ((START, step("stop")), 1),
        ((START, step("tool-calls")), 0),
        ((step("stop"), START), 0),
        ((), 0),
    ):
        failure = stream(*lines)[0].ended(Exit(code), "stderr").failure
        assert failure is not None
        assert (failure.kind, failure.evidence) == ("infrastructure", "stderr")


def test_a_tool_that_was_broken_off_is_no_closing_word() -> None:
    failure = stream(START, text("I begin."), step("stop"), tool("write", "error"))[0].ended(Exit(0), "").failure
    assert failure is not None
    assert failure.kind == "execution"


def test_usage_is_the_sum_of_the_steps_and_a_cost_of_nothing_is_unknown() -> None:
    assert stream(step("tool-calls"), step("stop"))[0].ended(Exit(0), "").usage == Usage(2300, 2000, 40, 0.002)
    assert stream(step("stop", cost=0))[0].ended(Exit(0), "").usage.cost is None
    assert stream()[0].ended(Exit(137), "").usage == Usage()


@pytest.mark.parametrize("reason", ["length", "content-filter"])
def test_an_answer_that_was_cut_or_refused_counts_against_the_story(reason: str) -> None:
    failure = stream(START, text("I"), step(reason))[0].ended(Exit(0), "").failure
    assert failure is not None
    assert (failure.kind, failure.evidence) == ("execution", "I")


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (error("APIError", statusCode=401), "infrastructure"),
        (error("ProviderAuthError"), "infrastructure"),
        (error("APIError", statusCode=404), "infrastructure"),
        (error("APIError", statusCode=429, responseHeaders={"retry-after": "7"}), "provider_capacity"),
        (error("APIError", statusCode=500), "transport"),
        (error("APIError"), "transport"),
        (error("UnknownError"), "transport"),
        (error("APIError", statusCode=400), "execution"),
        (error("ContextOverflowError"), "execution"),
        (error("ContentFilterError"), "execution"),
    ],
)
def test_an_error_of_the_provider_says_whose_turn_it_is(told: dict[str, Any], kind: str) -> None:
    failure = stream(START, told)[0].ended(Exit(1), "").failure
    assert failure is not None
    assert failure.kind == kind
    assert "told so" in failure.evidence
    assert failure.retry_after == (7 if kind == "provider_capacity" else None)


def test_a_killed_process_is_no_verdict() -> None:
    failure = stream(START)[0].ended(Exit(137), "")
    assert failure.failure is not None
    assert failure.failure.kind == "infrastructure"


def test_what_is_new_to_us_is_counted_and_hides_nothing() -> None:
    read, did = stream(b"", b"npm warn", b"{", {"type": "step_pondered"}, {"type": "reasoning"}, START, step("stop"))
    assert (did, dict(read.unknown)) == ([], {"step_pondered": 1})
    read.feed(json.dumps(text("Done.")).encode())
    assert read.ended(Exit(0), "").well
