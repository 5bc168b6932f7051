"""What Claude Code's stream means. The lines are shortened ones of the real command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runner.adapters.agents.claude.stream import ClaudeStream
from runner.adapters.process import Exit
from runner.adapters.sandbox.room import Inside
from runner.domain.agent import Did, Usage

INIT = {"type": "system", "subtype": "init", "model": "claude-sonnet-5", "tools": ["Bash"]}
RETRY = {"type": "system", "subtype": "api_retry", "attempt": 1, "retry_delay_ms": 620.5, "error_status": 429}
USED = {"input_tokens": 100, "cache_creation_input_tokens": 50, "cache_read_input_tokens": 1000, "output_tokens": 1}
DONE: dict[str, Any] = {
    "type": "result",
    "subtype": "success",
    "is_error": False,
    "api_error_status": None,
    "result": "Done.",
    "total_cost_usd": 0.002,
    "usage": {**USED, "output_tokens": 20, "iterations": []},
    "modelUsage": {"m": {"inputTokens": 200, "cacheReadInputTokens": 2000, "outputTokens": 40, "costUSD": 0.002}},
}


def tool(name: str, number: str = "toolu_1", **arguments: object) -> dict[str, Any]:
    block = {"type": "tool_use", "id": number, "name": name, "input": arguments}
    return {"type": "assistant", "message": {"id": f"msg_{number}", "content": [block], "usage": USED}}


def text(words: str, error: str | None = None) -> dict[str, Any]:
    message = {"id": "msg_t", "content": [{"type": "text", "text": words}], "usage": USED}
    return {"type": "assistant", "message": message, **({"error": error} if error else {})}


def result_of(number: str, content: object = "out") -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": number, "content": content}
    return {"type": "user", "message": {"role": "user", "content": [block]}, "tool_use_result": {"stdout": "out"}}


def stream(*lines: dict[str, Any] | bytes) -> tuple[ClaudeStream, list[Did]]:
    read = ClaudeStream(Inside("/workspace", "/home/agent"), "sign in.")
    raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    return read, [did for line in raw for did in read.feed(line)]


def test_tool_calls_become_kinds_and_paths_of_the_repository() -> None:
    _, did = stream(
        tool("Read", file_path="/workspace/src/a.py"),
        tool("Write", file_path="/workspace/src/b.py", content="secret"),
        tool("Edit", file_path="/etc/passwd", old_string="a", new_string="b"),
        tool("Grep", pattern="def\nmain", path="/workspace/src"),
        tool("Bash", command="make   test\n" + "x" * 200),
        tool("TodoWrite", todos=[]),
        tool("StructuredOutput", verdict="pass"),
    )
    assert did == [
        Did("read", "src/a.py"),
        Did("write", "src/b.py"),
        Did("write", ""),
        Did("search", "src", "def main"),
        Did("run", note="make test " + "x" * 109 + "…"),
        Did("other", note="TodoWrite"),
    ]


def test_it_is_busy_while_any_tool_runs() -> None:
    read, _ = stream(tool("Bash", "t1"), tool("Bash", "t2"), result_of("t1"))
    assert read.busy
    read.feed(json.dumps(result_of("t2", [{"type": "text", "text": "out"}])).encode())
    assert not read.busy


def test_a_good_end_needs_a_result_that_is_no_error() -> None:
    read, _ = stream(INIT, text("Almost."), DONE)
    ended = read.ended(Exit(0), "")
    assert (ended.failure, ended.said, read.model) == (None, "Done.", "claude-sonnet-5")


def test_usage_is_that_of_all_models_and_includes_what_was_cached() -> None:
    read, _ = stream(text("hi"), DONE)
    assert read.ended(Exit(0), "").usage == Usage(2200, 2000, 40, 0.002)


def test_usage_of_a_session_that_was_cut_short_is_what_is_known() -> None:
    read, _ = stream(text("hi"), text("hi"), tool("Bash"))
    assert read.ended(Exit(137), "").usage == Usage(2300, 2000, None, None)
    assert stream()[0].ended(Exit(137), "").usage == Usage()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (0, "Claude Code ended with exit code 0 and without saying that it had finished."),
        (1, "Claude Code ended with exit code 1 and without saying that it had finished."),
        (137, "Claude Code was killed by signal 9."),
        (-15, "Claude Code was killed by signal 15."),
    ],
)
def test_no_result_is_no_verdict_whatever_the_exit_code(code: int, message: str) -> None:
    failure = stream(INIT, text("Done."))[0].ended(Exit(code), "the end of stderr").failure
    assert failure is not None
    assert (failure.kind, failure.message, failure.evidence) == ("infrastructure", message, "the end of stderr")


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (401, "authentication_failed", "infrastructure"),
        (403, "authentication_failed", "infrastructure"),
        (None, "authentication_failed", "infrastructure"),
        (404, "model_not_found", "infrastructure"),
        (None, "billing_error", "infrastructure"),
        (429, "rate_limit", "provider_capacity"),
        (529, "server_error", "provider_capacity"),
        (None, "rate_limit", "provider_capacity"),
        (500, "server_error", "transport"),
        (None, "server_error", "transport"),
        (None, "unknown", "transport"),
        (400, "invalid_request", "execution"),
        (413, "invalid_request", "execution"),
        (None, "max_output_tokens", "execution"),
    ],
)
def test_an_error_of_the_provider_says_whose_turn_it_is(status: int | None, error: str, kind: str) -> None:
    end = {**DONE, "is_error": True, "api_error_status": status, "result": f"API Error: {status}"}
    failure = stream(RETRY, text("API Error", error), end)[0].ended(Exit(1), "").failure
    assert failure is not None
    assert failure.kind == kind
    assert failure.evidence == f"API Error: {status}"
    assert failure.retry_after == (0.6205 if kind in ("provider_capacity", "transport") else None)


@pytest.mark.parametrize("subtype", ["error_max_turns", "error_during_execution", "error_of_tomorrow"])
def test_the_other_endings_count_against_the_story(subtype: str) -> None:
    end = {"type": "result", "subtype": subtype, "is_error": False, "errors": ["too many"]}
    failure = stream(end)[0].ended(Exit(1), "").failure
    assert failure is not None
    assert (failure.kind, failure.evidence) == ("execution", "too many")


def test_lines_that_are_no_events_tell_nothing() -> None:
    read, did = stream(b"", b"npm warn", b"[1]", b"{", b'{"type": 3}', b"\xff\xfe", {"type": "rate_limit_event"}, DONE)
    assert did == []
    assert read.ended(Exit(0), "").well


def test_unknown_fields_and_nulls_do_not_hide_the_end() -> None:
    end = {**DONE, "result": None, "usage": {"input_tokens": None}, "modelUsage": {}, "new": {"a": [1]}}
    ended = stream(end)[0].ended(Exit(0), "")
    assert ended.well
    assert ended.usage.cost == 0.002


def test_the_structured_answer_is_the_results() -> None:
    assert stream({**DONE, "structured_output": {"verdict": "pass"}})[0].json == {"verdict": "pass"}
    assert stream(DONE)[0].json is None
