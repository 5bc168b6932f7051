"""How fast and how long GitHub is asked: pacing per installation, and patience per request."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import stamina

from runner.errors import Unreachable

from .refusals import Unanswered

CONCURRENT = 10
"""requests of one installation at a time; GitHub's own limit, 100, is shared with every other process of ours"""
FIRST_WAIT = 0.5
LIMIT_PATIENCE = 3_900.0
"""seconds to sit out a limit: the hourly one ends within the hour"""

T = TypeVar("T")


class Pace:
    """One installation's turn-taking: few requests at a time, writes apart, everybody quiet while GitHub says so."""

    def __init__(self, write_interval: float) -> None:
        self._interval = write_interval
        self._slots = asyncio.Semaphore(CONCURRENT)
        self._writing = asyncio.Lock()
        self._next_write = 0.0
        self._quiet_until = 0.0

    @asynccontextmanager
    async def turn(self, *, write: bool) -> AsyncIterator[None]:
        if write:
            async with self._writing:
                await self._reach(lambda: max(self._next_write, self._quiet_until))
                self._next_write = time.monotonic() + self._interval
        else:
            await self._reach(lambda: self._quiet_until)
        async with self._slots:
            yield

    async def _reach(self, moment: Callable[[], float]) -> None:
        """The moment may move while we sleep."""
        while (wait := moment() - time.monotonic()) > 0:  # noqa: ASYNC110 - the end is known, there is no event
            await asyncio.sleep(wait)

    def quiet(self, seconds: float) -> None:
        self._quiet_until = max(self._quiet_until, time.monotonic() + seconds)


class Patience:
    """`longest` is the longest single wait, `total` how long an outage is sat out, both in seconds."""

    def __init__(self, *, longest: float, total: float) -> None:
        self.longest = longest
        self.total = total

    async def insist(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Repeat `attempt` for as long as it ends Unanswered and patience lasts, then raise Unreachable."""
        try:
            async for again in stamina.retry_context(on=_Backoff(self), attempts=None, timeout=None):
                with again:
                    return await attempt()
        except Unanswered as last:
            raise Unreachable(f"{last} We asked again and gave up.", hint=last.hint, evidence=last.evidence) from last
        raise AssertionError("stamina returns or raises")

    def wait(self, tries: int, asked: float | None) -> float:
        """What GitHub asked for, else doubling; never longer than `longest`, and not in step with our other hosts."""
        doubling: float = FIRST_WAIT * 2 ** min(tries - 1, 16)
        jitter = random.uniform(0.75, 1.0)  # noqa: S311 - spreads load, keeps no secret
        return min(self.longest, doubling * jitter if asked is None else max(asked, 0.05))


class _Backoff:
    """stamina's question after each failure: for how long to wait, or False."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._began = time.monotonic()
        self._tries = 0

    def __call__(self, error: Exception) -> float | bool:
        if not isinstance(error, Unanswered):
            return False
        limit = max(LIMIT_PATIENCE, self._patience.total) if error.limited else self._patience.total
        if time.monotonic() - self._began >= limit:
            return False
        self._tries += 1
        return self._patience.wait(self._tries, error.after)
