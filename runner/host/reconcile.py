"""The reconciler: brings back asks without an answer and runs without a live lease.

A ring is only a hint; what has to happen stands in the store. So a lost ring, a lost job queue or a lost host costs
time and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from runner.errors import StoreDown
from runner.ports import Clock, Runs

from .host import Host

log = structlog.get_logger(__name__)

PATIENCE = 5.0
"""seconds an ask may wait for its own ring before it is rung for again"""


class Waiting(Protocol):
    """An ask without an answer; `at` in seconds since the epoch."""

    @property
    def id(self) -> str: ...

    @property
    def at(self) -> float: ...


class Reconciler:
    def __init__(
        self,
        host: Host,
        runs: Runs,
        pending: Callable[[], Awaitable[Sequence[Waiting]]],
        take_ask: Callable[[str], None],
        clock: Clock,
        *,
        interval: float,
    ) -> None:
        """`interval` in seconds; a run that leaves the host brings the next pass forward."""
        self._host = host
        self._runs = runs
        self._pending = pending
        self._take_ask = take_ask
        self._clock = clock
        self._interval = interval

    async def forever(self) -> None:
        """Until cancelled. A store that is away is waited for."""
        patience = 0.0  # what is there at the start was left by somebody who is gone
        while True:
            try:
                await self.once(patience)
                patience = PATIENCE
            except StoreDown as error:
                log.warning("reconcile.store_away", error=str(error))
            await self._until_next()

    async def once(self, patience: float = PATIENCE) -> None:
        for ask in await self._pending():
            if self._clock.now() - ask.at >= patience:
                self._take_ask(ask.id)
        for run in await self._runs.open():
            await self._host.take(run)

    async def _until_next(self) -> None:
        self._host.freed.clear()
        sleeping = asyncio.ensure_future(self._clock.sleep(self._interval))
        freed = asyncio.ensure_future(self._host.freed.wait())
        try:
            await asyncio.wait({sleeping, freed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            freed.cancel()
