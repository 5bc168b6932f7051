"""The one way requests reach GitHub: paced per installation, repeated where that is safe."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TypeVar

from .call import Call
from .pace import Pace, Patience
from .refusals import Unanswered
from .transport import Answer, Transport

APP = 0
"""the lane of requests made as the App itself rather than as an installation"""

T = TypeVar("T")


class Client:
    """`lane` is the installation whose limits a request counts against."""

    def __init__(self, transport: Transport, *, patience: Patience, write_interval: float) -> None:
        self._transport = transport
        self._patience = patience
        self._paces: defaultdict[int, Pace] = defaultdict(lambda: Pace(write_interval))

    async def once(self, call: Call, *, lane: int = APP, token: str | None = None, jwt: str | None = None) -> Answer:
        """One try. Unanswered leaves open whether the request took effect."""
        pace = self._paces[lane]
        async with pace.turn(write=call.writes and lane != APP):
            try:
                return await self._transport.exchange(call, token=token, jwt=jwt)
            except Unanswered as error:
                if error.limited:
                    pace.quiet(self._patience.wait(1, error.after))
                raise

    async def insist(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Repeat what is safe to repeat until it is answered; Unreachable when patience ends."""
        return await self._patience.insist(attempt)

    async def close(self) -> None:
        await self._transport.close()
