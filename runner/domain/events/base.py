"""What every event is: a fact, a request to one hand, or the answer to one."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

SCHEMA = 1


class Event(Struct, frozen=True, tag=True, tag_field="type"):
    """Anything said on the bus."""


class Request(Event, frozen=True):
    """Addressed to one hand."""

    to: ClassVar[str]


class Answer(Event, frozen=True, kw_only=True):
    """The one terminal answer to the request with sequence number `answers`."""

    answers: int


class Entry(Struct, frozen=True):
    """One event in the journal. `at` is seconds since the epoch; `by` is the participant that said it."""

    seq: int
    at: float
    by: str
    event: Event
