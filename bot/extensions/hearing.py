"""How a participant from outside hears: from the journal, by a cursor that is kept, at its own pace."""

from __future__ import annotations

import structlog

from runner.adapters.redis_readers import Readers
from runner.domain.events import Entry, RunEnded, RunSubmitted
from runner.domain.run import RunSpec
from runner.extend import Participant
from runner.ports import Clock, Journal

from .room import Misbehaved, Room

log = structlog.get_logger(__name__)

PATIENCE = 10.0
"""seconds one call may take"""
TRIES = 3
"""calls with one entry before it is passed over"""
PAUSE = 1.0
"""seconds before the second try; the third waits twice as long"""


class Hearing:
    def __init__(
        self,
        readers: Readers,
        journal: Journal,
        clock: Clock,
        since: float,
        *,
        patience: float = PATIENCE,
        pause: float = PAUSE,
    ) -> None:
        """`since`, in seconds since the epoch: a participant never seen before hears the runs submitted after it."""
        self._readers = readers
        self._journal = journal
        self._clock = clock
        self._since = since
        self._patience = patience
        self._pause = pause

    async def __call__(self, name: str, participant: Participant, room: Room) -> None:
        """Tell `participant` what it has not heard, and then what happens, until cancelled. May raise StoreDown."""
        places = await self._readers.places(name, self._since)
        specs: dict[str, RunSpec] = {}
        while True:
            news = await self._readers.news(places)
            for run, place in news.runs:
                await self._readers.begun(name, run, place)
                places.runs, places.journals[run] = place, 0
            for run, entry in news.entries:
                specs[run] = specs.get(run) or await self._spec(run)
                await self._tell(participant, room, specs[run], entry)
                places.journals[run] = entry.seq
                await self._readers.heard(name, run, entry.seq)
                if isinstance(entry.event, RunEnded):
                    del places.journals[run], specs[run]
                    await self._readers.heard_out(name, run)

    async def _tell(self, participant: Participant, room: Room, run: RunSpec, entry: Entry) -> None:
        """Whatever it does with it: afterwards it has been told."""
        at = {"run": run.id, "seq": entry.seq, "type": type(entry.event).__name__}
        for attempt in range(1, TRIES + 1):
            try:
                await room.call(lambda: participant.heard(run, entry), self._patience)
                return
            except Misbehaved as wrong:
                log.warning("extension.failed", **at, attempt=attempt, why=str(wrong), exc_info=wrong.__cause__)
            if attempt < TRIES:
                await self._clock.sleep(self._pause * attempt)
        log.error("extension.passed_over", **at)

    async def _spec(self, run: str) -> RunSpec:
        first = (await self._journal.read(run))[0].event
        assert isinstance(first, RunSubmitted)
        return first.spec
