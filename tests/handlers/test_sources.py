"""What a source from outside puts becomes an ask like any other, or is refused at the door."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from handlers import asks
from handlers.sources import start_run
from runner.domain.goal import Person, Repository, Thread, Trigger
from runner.domain.mode import Mode
from runner.extend import SourceAsk

TICKET = SourceAsk(
    key="LIN-123",
    installation=4711,
    repository_id=8250,
    repository="acme/toolkit",
    number=12,
    on_behalf_of="maria",
    title="Greet people by name",
    body="`greet(name)`, with a test.",
    url="https://linear.example/LIN-123",
    mode=Mode.FOCUSED,
)


def test_a_ticket_becomes_a_run_on_its_thread_for_the_person_it_names() -> None:
    ask = start_run("tickets", TICKET)
    assert ask == asks.StartRun(
        key="source:tickets:LIN-123",
        installation=4711,
        thread=Thread(Repository(8250, "acme", "toolkit"), 12, "issue"),
        trigger=Trigger("issue", 12),
        sender=Person(0, "maria"),
        title="Greet people by name",
        body="`greet(name)`, with a test.",
        url="https://linear.example/LIN-123",
        wish=Mode.FOCUSED,
    )
    assert asks.decode(asks.encode(ask)) == ask


def test_two_sources_that_use_the_same_key_ask_for_two_runs() -> None:
    assert start_run("tickets", TICKET).run == start_run("tickets", TICKET).run
    assert start_run("tickets", TICKET).run != start_run("alerts", TICKET).run


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": ""},
        {"installation": 0},
        {"installation": "4711"},
        {"repository": "toolkit"},
        {"repository": "acme/../toolkit"},
        {"repository": "acme/.."},
        {"repository": "acme/toolkit\n"},
        {"number": -1},
        {"kind": "discussion"},
        {"on_behalf_of": "helper[bot]"},
        {"on_behalf_of": ""},
        {"title": ""},
        {"body": "x" * 70_000},
        {"body": b"x"},
        {"mode": "huge"},
    ],
    ids=str,
)
def test_what_was_built_wrongly_is_refused_with_the_reason(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a valid SourceAsk: "):
        start_run("tickets", msgspec.structs.replace(TICKET, **wrong))


def test_what_is_no_ask_at_all_is_refused() -> None:
    for thing in (None, "do it", object()):
        with pytest.raises(ValueError, match="not a valid SourceAsk: "):
            start_run("tickets", thing)  # type: ignore[arg-type]
