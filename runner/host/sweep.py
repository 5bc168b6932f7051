"""The sweeper: what dead runs left on this machine goes away, after a while and never while a run is open."""

from __future__ import annotations

import structlog

from runner.errors import BaroError
from runner.ports import Clock, Runs, Workspace

log = structlog.get_logger(__name__)

EVERY = 3600.0
"""seconds between two passes"""


class Sweeper:
    def __init__(self, workspace: Workspace, runs: Runs, clock: Clock, *, retention: float) -> None:
        """`retention` in seconds: how long the logs of a run are kept."""
        self._workspace = workspace
        self._runs = runs
        self._clock = clock
        self._retention = retention

    async def forever(self) -> None:
        """Until cancelled; a pass that fails is told and tried again at the next hour."""
        while True:
            try:
                await self.once()
            except (BaroError, OSError) as error:
                log.warning("sweep.failed", error=str(error))
            await self._clock.sleep(EVERY)

    async def once(self) -> None:
        gone = await self._workspace.sweep(await self._runs.open(), older=self._retention)
        if gone:
            log.info("sweep.removed", runs=gone)
