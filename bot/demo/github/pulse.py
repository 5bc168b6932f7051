"""Waiting for something to become true, woken by every change instead of by the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Pulse:
    """`beat()` wakes everybody who waits in `until()`, who then look again."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def beat(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
        self._waiting.clear()

    async def until(self, look: Callable[[], T], within: float = 30.0) -> T:
        """The first true answer of `look`; TimeoutError after `within` seconds without one."""
        async with asyncio.timeout(within):
            while not (seen := look()):
                waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.add(waiter)
                try:
                    await waiter
                finally:
                    self._waiting.discard(waiter)
            return seen
