"""Time, and what comes from outside a run that is under way."""

from __future__ import annotations

from typing import ClassVar

from .base import Answer, Event, Request


class TimerSet(Request, frozen=True):
    """Wake me at `due` (seconds since the epoch). A `background` timer does not count as work in flight."""

    to: ClassVar[str] = "clock"
    name: str
    due: float
    background: bool = False


class TimerFired(Answer, frozen=True):
    name: str


class Knocked(Event, frozen=True):
    """Something from outside a run that is under way; `door` is its place in the run's inbox."""

    door: str


class CancelAsked(Knocked, frozen=True):
    by: str
