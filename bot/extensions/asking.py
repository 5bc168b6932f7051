"""How a source from outside asks: its asks are checked, kept in the inbox and rung for, like a delivery's."""

from __future__ import annotations

import structlog

from bot import queue
from handlers import asks
from handlers.sources import start_run
from runner.adapters.redis_store import Store
from runner.extend import Source, SourceAsk
from runner.ports import Clock

from .room import Misbehaved, Room

log = structlog.get_logger(__name__)

SHORTEST = 1.0
LONGEST = 60.0
"""seconds before a source that ended is started again; doubled each time, unless it stayed up for LONGEST"""


class Asking:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, name: str, source: Source, room: Room) -> None:
        """Keep the source running, until cancelled."""

        async def put(said: SourceAsk) -> bool:
            ask = start_run(name, said)
            new = await self._store.keep(ask.key, ask.key, asks.encode(ask), queue.bell()) is not None
            if new:
                log.info("source.asked", key=ask.key, run=ask.run)
            return new

        pause = SHORTEST
        while True:
            began = self._clock.now()
            try:
                await room.call(lambda: source.asks(room.door(put)))
                log.warning("extension.returned", again_in=pause)
            except Misbehaved as wrong:
                log.warning("extension.failed", why=str(wrong), again_in=pause, exc_info=wrong.__cause__)
            pause = SHORTEST if self._clock.now() - began >= LONGEST else pause
            await self._clock.sleep(pause)
            pause = min(2 * pause, LONGEST)
