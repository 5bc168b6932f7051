"""What every agent's stream withstands: it is printed by programs we did not write, and cut wherever they die."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.adapters.agents.backend import Stream
from runner.adapters.agents.registry import backends
from runner.adapters.process import Exit
from runner.adapters.sandbox.room import Inside
from runner.domain.agent import Did, Ended
from runner.ports import AgentJob, Seat

Json = dict[str, Any]

KNOWN = backends(Path("/nowhere"), {"PATH": os.environ["PATH"]})
GOOD: dict[str, list[Json]] = {
    "claude": [
        {"type": "system", "subtype": "init", "model": "m"},
        {"type": "assistant", "message": {"id": "m1", "content": [{"type": "text", "text": "Dóne."}]}},
        {"type": "result", "subtype": "success", "is_error": False, "result": "Dóne."},
    ],
    "codex": [
        {"type": "thread.started", "thread_id": "t"},
        {"type": "item.completed", "item": {"id": "i", "type": "agent_message", "text": "Dóne."}},
        {"type": "turn.completed", "usage": {"input_tokens": 3, "output_tokens": 1}},
    ],
    "opencode": [
        {"type": "step_start", "part": {"type": "step-start"}},
        {"type": "text", "part": {"type": "text", "text": "Dóne."}},
        {"type": "step_finish", "part": {"type": "step-finish", "reason": "stop", "tokens": {"input": 3, "output": 1}}},
    ],
    "pi": [
        {"type": "turn_start"},
        {
            "type": "message_end",
            "message": {
                "role": "assistant",
                "content": [{"type": "text", "text": "Dóne."}],
                "usage": {"input": 3, "output": 1},
                "stopReason": "stop",
            },
        },
    ],
    "scripted": [
        {"type": "did", "kind": "say", "path": "", "note": "Dóne."},
        {"type": "said", "text": "Dóne."},
        {"type": "finished"},
    ],
}
"""A short good end of each; a new backend adds its own."""

agents = pytest.mark.parametrize("agent", sorted(KNOWN))

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud83d")
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


def noise(agent: str) -> st.SearchStrategy[bytes]:
    """Lines that are no events: text, bytes that are none, other programs' JSON, and events cut short."""
    whole = [json.dumps(event).encode() for event in GOOD[agent]]
    cut = st.sampled_from(whole).flatmap(lambda line: st.integers(0, len(line) - 1).map(lambda at: line[:at]))
    other = st.lists(scalars, max_size=3).map(lambda value: json.dumps(value).encode())
    return (st.binary(max_size=40) | cut | other).map(lambda line: line.replace(b"\n", b""))


def odd(agent: str) -> st.SearchStrategy[bytes]:
    """Events with the right names, and anything for values."""
    names = sorted({name for event in GOOD[agent] for name in event if name != "type"} | {"item", "part", "error"})
    kinds = st.sampled_from([event["type"] for event in GOOD[agent]]) | st.text(max_size=5)
    fields = st.dictionaries(st.sampled_from(names), values, max_size=4)
    return st.builds(lambda kind, rest: json.dumps({**rest, "type": kind}).encode(), kinds, fields)


def fresh(agent: str) -> Stream:
    seat = Seat(Path("/tree"), "base", Path("/git"), (), writable=True)
    job = AgentJob(run="r", role="story", prompt="", seat=seat, agent=agent, story="S1", silence=1.0)
    return KNOWN[agent].stream(job, Inside("/workspace", "/home/agent"))


def fold(agent: str, lines: list[bytes]) -> tuple[list[Did], Ended, dict[str, int]]:
    stream = fresh(agent)
    did = [did for line in lines for did in stream.feed(line)]
    return did, stream.ended(Exit(0), ""), dict(stream.unknown)


def good(agent: str) -> list[bytes]:
    return [json.dumps(event).encode() for event in GOOD[agent]]


@agents
def test_every_backend_has_a_good_end_here(agent: str) -> None:
    _, ended, unknown = fold(agent, good(agent))
    assert (ended.failure, ended.said, unknown) == (None, "Dóne.", {})


@agents
@given(data=st.data())
def test_noise_between_its_lines_changes_nothing(agent: str, data: st.DataObject) -> None:
    lines = good(agent)
    for line in data.draw(st.lists(noise(agent), max_size=4)):
        lines.insert(data.draw(st.integers(0, len(lines))), line)
    assert fold(agent, lines) == fold(agent, good(agent))


@agents
@given(data=st.data())
def test_no_line_breaks_it_and_none_of_them_alone_is_a_good_end(agent: str, data: st.DataObject) -> None:
    lines = data.draw(st.lists(noise(agent) | odd(agent), max_size=6))
    fold(agent, lines)
    assert fold(agent, data.draw(st.lists(noise(agent), max_size=6)))[1].failure is not None


@agents
@pytest.mark.parametrize("cut", [1, 2])
def test_half_a_line_at_the_end_is_not_the_end(agent: str, cut: int) -> None:
    *before, last = good(agent)
    assert not fold(agent, [*before, last[:-cut]])[1].well


@agents
def test_an_event_of_tomorrow_is_counted(agent: str) -> None:
    tomorrow = b'{"type": "of.tomorrow", "new": {"a": [1]}}'
    did, ended, unknown = fold(agent, [tomorrow, *good(agent), tomorrow])
    assert unknown == {"of.tomorrow": 2}
    assert (did, ended) == fold(agent, good(agent))[:2]


@agents
@pytest.mark.parametrize(
    ("there", "instead"),
    [("ó".encode(), b"\xff"), ("ó".encode(), b"\\ud83d"), ("ó".encode(), b"\xe2\x80\xa8"), (b" ", b"")],
    ids=["bytes that are no UTF-8", "half a character", "a line separator", "no spaces"],
)
def test_characters_that_are_none_do_not_hide_an_event(agent: str, there: bytes, instead: bytes) -> None:
    raw = [json.dumps(event, ensure_ascii=False).encode().replace(there, instead) for event in GOOD[agent]]
    did, ended, unknown = fold(agent, raw)
    assert (ended.failure, unknown) == (None, {})
    assert len(did) == len(fold(agent, good(agent))[0])


@agents
def test_a_line_may_be_of_any_length_and_depth(agent: str) -> None:
    long = [json.dumps(event).replace("ne.", "n" * 3_000_000).encode() for event in GOOD[agent]]
    did, ended, _ = fold(agent, [*long, b'{"type": "deep", "in": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"])
    assert ended.well
    assert all(len(known.note) <= 120 for known in did)
