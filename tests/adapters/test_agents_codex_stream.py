"""What Codex's stream means. The lines are shortened ones of the real command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runner.adapters.agents.codex.stream import CodexStream
from runner.adapters.process import Exit
from runner.adapters.sandbox.room import Inside
from runner.domain.agent import Did, Failure, Usage

BEGIN = ({"type": "thread.started", "thread_id": "t"}, {"type": "turn.started"})
USED = {"input_tokens": 2300, "cached_input_tokens": 2000, "cache_write_input_tokens": 0, "output_tokens": 40}
DONE = {"type": "turn.completed", "usage": USED}


def started(kind: str, number: str = "item_0", **fields: object) -> dict[str, Any]:
    return {"type": "item.started", "item": {"id": number, "type": kind, "status": "in_progress", **fields}}


def completed(kind: str, number: str = "item_0", **fields: object) -> dict[str, Any]:
    return {"type": "item.completed", "item": {"id": number, "type": kind, "status": "completed", **fields}}


def ran(command: str, number: str = "item_0") -> tuple[dict[str, Any], dict[str, Any]]:
    shell = {"command": command, "aggregated_output": "out\n"}
    return (
        started("command_execution", number, **shell, exit_code=None),
        completed("command_execution", number, **shell, exit_code=0),
    )


def said(text: str) -> dict[str, Any]:
    return completed("agent_message", "item_9", text=text)


def failed(message: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"type": "error", "message": message}, {"type": "turn.failed", "error": {"message": message}}


def stream(*lines: dict[str, Any] | bytes) -> tuple[CodexStream, list[Did]]:
    read = CodexStream(Inside("/workspace", "/home/agent"), "sign in.")
    raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    return read, [did for line in raw for did in read.feed(line)]


def failure(*lines: dict[str, Any] | bytes, code: int = 1, complaint: str = "") -> Failure:
    ended = stream(*BEGIN, *lines)[0].ended(Exit(code), complaint)
    assert ended.failure is not None
    return ended.failure


def test_items_become_kinds_and_paths_of_the_repository() -> None:
    changes = [{"path": "/workspace/src/a.py", "kind": "add"}, {"path": "/etc/passwd", "kind": "update"}]
    read, did = stream(
        *BEGIN,
        completed("reasoning", text="Hm."),
        *ran("/bin/bash -lc 'cat src/a.py'"),
        *ran("/bin/bash -lc \"grep 'x y' -r .\""),
        started("file_change", changes=changes),
        completed("file_change", changes=changes),
        completed("web_search", query="how"),
        said("Done."),
    )
    assert did == [
        Did("run", note="cat src/a.py"),
        Did("run", note="grep 'x y' -r ."),
        Did("write", "src/a.py"),
        Did("write", ""),
        Did("other", note="web_search"),
        Did("say", note="Done."),
    ]
    assert not read.unknown


def test_a_patch_that_failed_wrote_nothing() -> None:
    changes = [{"path": "/workspace/a.py", "kind": "update"}]
    assert stream({**completed("file_change", changes=changes, status="failed")})[1] == []


def test_it_is_busy_while_a_command_runs_and_not_while_a_list_waits() -> None:
    first, over = ran("make test", "i1")
    second, _ = ran("sleep 1", "i2")
    read, _ = stream(started("todo_list", "i0", items=[]))
    assert not read.busy
    read, _ = stream(first, second, over)
    assert read.busy
    read, _ = stream(first, over)
    assert not read.busy


def test_a_good_end_is_a_completed_turn_with_closing_words() -> None:
    ended = stream(*BEGIN, said("First I look."), *ran("ls"), said("Done."), DONE)[0].ended(Exit(0), "")
    assert (ended.failure, ended.said) == (None, "Done.")
    assert ended.usage == Usage(2300, 2000, 40, None)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((), id="it did nothing, and said nothing: a refusal"),
        pytest.param(ran("ls"), id="the refusal came after some work"),
        pytest.param((said("I will look."), *ran("ls")), id="it announced only"),
        pytest.param((said(" "),), id="it said nothing in so many words"),
    ],
)
def test_a_turn_without_closing_words_did_not_end_well(lines: tuple[dict[str, Any], ...]) -> None:
    told = failure(*lines, DONE, code=0)
    assert told.kind == "execution"
    assert told.message == "Codex stopped without a closing word; the model may have refused."


def test_a_server_that_stops_after_the_closing_words_does_not_take_them_back() -> None:
    begun, over = ran("npm start")
    assert stream(begun, said("Done."), over, DONE)[0].ended(Exit(0), "").well


def test_usage_of_a_turn_that_was_cut_short_is_unknown() -> None:
    assert stream(*BEGIN, said("Hm."))[0].ended(Exit(137), "").usage == Usage()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (0, "Codex ended with exit code 0 and without saying that it had finished."),
        (1, "Codex ended with exit code 1 and without saying that it had finished."),
        (137, "Codex was killed by signal 9."),
        (-15, "Codex was killed by signal 15."),
    ],
)
def test_no_end_of_the_turn_is_no_verdict_whatever_the_exit_code(code: int, message: str) -> None:
    told = failure({"type": "error", "message": "Reconnecting... 1/4"}, said("Done."), code=code, complaint="stderr")
    assert (told.kind, told.message) == ("infrastructure", message)
    assert told.evidence == "Reconnecting... 1/4\nstderr"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (
            "unexpected status 401 Unauthorized: Incorrect API key provided, url: http://m/v1/responses",
            "infrastructure",
        ),
        ("unexpected status 403 Forbidden: no, url: http://m:429/v1/responses", "infrastructure"),
        ("Your access token could not be refreshed because your refresh token was revoked.", "infrastructure"),
        ("unexpected status 402 Payment Required: pay, url: http://m/v1/responses", "infrastructure"),
        ("Quota exceeded. Check your plan and billing details.", "infrastructure"),
        ("The model gpt-9 does not exist", "infrastructure"),
        ("exceeded retry limit, last status: 429 Too Many Requests", "provider_capacity"),
        ("rate limit exceeded: Rate limit reached for gpt-5 on tokens per min.", "provider_capacity"),
        ("You’ve hit your usage limit. Try again later.", "provider_capacity"),
        ("Selected model is at capacity. Please try a different model.", "provider_capacity"),
        ("unexpected status 529 <unknown status code>: boom, url: http://m/v1/responses", "provider_capacity"),
        ("We’re currently experiencing high demand, which may cause temporary errors.", "transport"),
        ("exceeded retry limit, last status: 500 Internal Server Error", "transport"),
        ("stream disconnected before completion: Transport error: network error", "transport"),
        ("stream disconnected before completion: idle timeout waiting for SSE", "transport"),
        ("Connection failed: error sending request for url (http://m/v1/responses)", "transport"),
        ("Incomplete response returned, reason: max_output_tokens", "execution"),
        ("Codex ran out of room in the model's context window. Start a new thread.", "execution"),
        ('{"error": {"type": "invalid_request_error", "message": "odd"}}', "execution"),
        ("bad prompt!", "execution"),
    ],
)
def test_an_error_of_the_provider_says_whose_turn_it_is(message: str, kind: str) -> None:
    told = failure(*failed(message))
    assert (told.kind, told.evidence) == (kind, message)


def test_a_refused_key_is_the_operators_to_mend() -> None:
    assert "sign in." in failure(*failed("unexpected status 401 Unauthorized: no")).message


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Please try again in 31.054s. Visit", 31.054),
        ("Please try again in 500ms.", 0.5),
        ("Try again in 2 hours 5 minutes.", 7500.0),
        ("try again in 1 day, 3 hours and 10 minutes", 97800.0),
        ("Retry after 7 seconds", 7.0),
        ("Try again later.", None),
        ("Try again in a moment.", None),
    ],
)
def test_when_to_come_back_is_read_from_the_words(words: str, seconds: float | None) -> None:
    assert failure(*failed(f"rate limit exceeded: Limit 30000. {words}")).retry_after == pytest.approx(seconds)


def test_a_warning_and_a_retry_are_no_end() -> None:
    warning = completed("error", message="Model metadata for `m` not found.")
    retry = {"type": "error", "message": "Reconnecting... 1/4 (exceeded retry limit, last status: 429)"}
    read, did = stream(*BEGIN, warning, retry, said("Done."), DONE)
    assert read.ended(Exit(0), "").well
    assert did == [Did("say", note="Done.")]


def test_what_is_new_is_counted_and_ends_nothing() -> None:
    tomorrow = {"type": "turn.paused"}
    read, _ = stream(
        tomorrow, tomorrow, completed("hologram"), {"type": "item.completed", "item": 3}, said("Done."), DONE
    )
    assert read.unknown == {"turn.paused": 2, "item hologram": 1, "item.completed": 1}
    assert read.ended(Exit(0), "").well
