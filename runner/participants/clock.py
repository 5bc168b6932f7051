"""The Clock: time as a hand.

Hears: TimerSet, with an absolute deadline, so that a restart neither shortens nor lengthens a wait. Says: TimerFired.
"""

from __future__ import annotations

from runner.bus import Say
from runner.domain import events as e
from runner.ports import Clock

from .hand import RepeatableHand


class ClockHand(RepeatableHand):
    name = "clock"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def perform(self, seq: int, request: e.Request, say: Say) -> e.TimerFired:
        assert isinstance(request, e.TimerSet)
        await self._clock.sleep(max(0.0, request.due - self._clock.now()))
        return e.TimerFired(answers=seq, name=request.name)
