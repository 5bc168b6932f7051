"""The desk: answers asks in the background, several at a time, each only once at a time.

The doorbell's jobs end as soon as the desk has taken the ask: a job that was killed half-way would keep arq from
ringing for that ask again for as long as its time limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from runner.errors import BaroError

log = structlog.get_logger(__name__)

AT_ONCE = 32
"""asks in work; the rest wait in the inbox's order"""


class Desk:
    def __init__(self, admit: Callable[[str], Awaitable[None]]) -> None:
        self._admit = admit
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(AT_ONCE)

    def take(self, ask_id: str) -> None:
        if ask_id in self._tasks:
            return
        task = asyncio.create_task(self._work(ask_id), name=f"baro:ask:{ask_id}")
        self._tasks[ask_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(ask_id, None))

    async def stop(self) -> None:
        """Drop what is in work; the inbox still has it."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, ask_id: str) -> None:
        """A failed try is no failed ask: it stays in the inbox, and the reconciler brings it again."""
        async with self._places:
            try:
                await self._admit(ask_id)
            except BaroError as error:
                log.warning("ask.later", ask=ask_id, error=str(error))
            except Exception:
                log.exception("ask.bug", ask=ask_id)
