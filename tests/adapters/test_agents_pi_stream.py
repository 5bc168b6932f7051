"""What Pi's stream means. The lines are shortened ones of the real command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runner.adapters.agents.pi.stream import PiStream
from runner.adapters.process import Exit
from runner.adapters.sandbox.room import Inside
from runner.domain.agent import Did, Usage

USED = {"input": 100, "output": 20, "cacheRead": 1000, "cacheWrite": 50, "totalTokens": 1170}


def spoke(words: str, stop: str = "stop", error: str | None = None, cost: float = 0.001) -> dict[str, Any]:
    usage = {**USED, "cost": {"input": 0, "total": cost}}
    content = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": words}]
    message = {"role": "assistant", "content": content, "provider": "openai", "model": "m", "usage": usage}
    return {
        "type": "message_end",
        "message": {**message, "stopReason": stop, **({"errorMessage": error} if error else {})},
    }


def called(name: str, number: str = "c1", **arguments: object) -> dict[str, Any]:
    return {"type": "tool_execution_start", "toolCallId": number, "toolName": name, "args": arguments}


def returned(number: str = "c1") -> dict[str, Any]:
    return {"type": "tool_execution_end", "toolCallId": number, "toolName": "bash", "result": {}, "isError": True}


def stream(*lines: dict[str, Any] | bytes) -> tuple[PiStream, list[Did]]:
    read = PiStream(Inside("/workspace", "/home/agent"), "sign in.")
    raw = [line if isinstance(line, bytes) else json.dumps(line, separators=(",", ":")).encode() for line in lines]
    return read, [did for line in raw for did in read.feed(line)]


def test_tool_calls_become_kinds_and_paths_of_the_repository() -> None:
    _, did = stream(
        called("read", path="/workspace/src/a.py"),
        called("write", path="src/b.py", content="secret"),
        called("edit", path="/etc/passwd", edits=[]),
        called("grep", pattern="def\nmain", path="/workspace/src"),
        called("bash", command="make   test"),
        called("ponder"),
    )
    assert did == [
        Did("read", "src/a.py"),
        Did("write", "src/b.py"),
        Did("write", ""),
        Did("search", "src", "def main"),
        Did("run", note="make test"),
        Did("other", note="ponder"),
    ]


def test_it_is_busy_while_any_tool_runs() -> None:
    read, _ = stream(called("bash", "c1"), called("bash", "c2"), returned("c1"))
    assert read.busy
    read.feed(json.dumps(returned("c2")).encode())
    assert not read.busy


def test_a_good_end_is_a_last_message_that_stopped_by_itself_whatever_the_exit_code() -> None:
    read, _ = stream(spoke("", "error", "429 slow"), {"type": "agent_end"}, spoke("Done."))
    ended = read.ended(Exit(0), "")
    assert (ended.failure, ended.said, read.model) == (None, "Done.", "openai/m")


@pytest.mark.parametrize("last", [[], [spoke("", "toolUse")], [spoke("", "aborted")]])
def test_anything_else_is_no_verdict(last: list[dict[str, Any]]) -> None:
    failure = stream(spoke("I start.", "toolUse"), *last)[0].ended(Exit(0), "stderr").failure
    assert failure is not None
    assert (failure.kind, failure.evidence) == ("infrastructure", "stderr")


def test_usage_is_the_sum_of_the_messages_and_a_cost_of_nothing_is_unknown() -> None:
    assert stream(spoke("", "toolUse"), spoke(""))[0].ended(Exit(0), "").usage == Usage(2300, 2000, 40, 0.002)
    assert stream(spoke("", cost=0))[0].ended(Exit(0), "").usage.cost is None
    assert stream()[0].ended(Exit(137), "").usage == Usage()


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("401 invalid x-api-key", "infrastructure"),
        ("404 no such model", "infrastructure"),
        ("429 slow down, try again in 7s", "provider_capacity"),
        ("529 overloaded", "provider_capacity"),
        ("500 scripted", "transport"),
        ("Connection error.", "transport"),
        ("terminated", "transport"),
        ("400 odd", "execution"),
        ("An unknown error occurred", "execution"),
        ("Provider finish_reason: content_filter", "execution"),
    ],
)
def test_an_error_of_the_provider_says_whose_turn_it_is(words: str, kind: str) -> None:
    failure = stream(spoke("", "error", words))[0].ended(Exit(0), "").failure
    assert failure is not None
    assert (failure.kind, failure.evidence) == (kind, words)
    assert failure.retry_after == (7 if "7s" in words else None)


def test_an_answer_that_was_cut_counts_against_the_story() -> None:
    failure = stream(spoke("It goes on and", "length"))[0].ended(Exit(0), "").failure
    assert failure is not None
    assert failure.kind == "execution"


def test_what_is_new_to_us_is_counted_and_hides_nothing() -> None:
    read, did = stream(b"", b"npm warn", b"{", {"type": "pondering"}, {"type": "turn_start"}, spoke("Done."))
    assert (did, dict(read.unknown)) == ([Did("say", note="Done.")], {"pondering": 1})
    assert read.ended(Exit(0), "").well


def test_the_repetitions_of_its_stream_are_not_even_decoded() -> None:
    read, did = stream(b'{"type":"message_update", no JSON at all', b'{"type":"tool_execution_update", nor this')
    assert (did, dict(read.unknown)) == ([], {})
