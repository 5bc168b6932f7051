"""The wall clock."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """Satisfies the port Clock."""

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
