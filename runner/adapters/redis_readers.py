"""Reading along: how far each reader from outside has come in the list of runs and in their journals, and what is next.

One hash per reader, `baro:reader:<name>`: its place in the list of runs, and the last sequence number it has heard of
each run that it has not heard out. The streams are the queue; a slow reader costs no memory.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, cast

import redis.asyncio as redis
from msgspec import Struct

from runner.domain.events import Entry

from .redis_store import BLOCK, RUNS, entry_of, journal_key, translated

BATCH = 50
"""entries of one run that are read at once"""
PLACE = b"@"
"""the field for the place in the list of runs; no run is called that"""


class Places(Struct):
    """How far a reader has come."""

    runs: str
    journals: dict[str, int]


class News(Struct, frozen=True):
    """What a reader has not heard: runs with their place in the list, and entries, in order within each run."""

    runs: tuple[tuple[str, str], ...]
    entries: tuple[tuple[str, Entry], ...]


class Readers:
    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    async def aclose(self) -> None:
        await self._redis.aclose()

    @translated
    async def places(self, reader: str, since: float) -> Places:
        """A reader seen for the first time begins with the runs submitted after `since`, in seconds."""
        kept = await cast("Awaitable[dict[bytes, bytes]]", self._redis.hgetall(_key(reader)))
        place = kept.pop(PLACE, f"{int(since * 1000)}-0".encode()).decode()
        journals = {run.decode(): int(seq) for run, seq in kept.items()}
        for run in [run for run in journals if not await self._redis.exists(journal_key(run))]:
            del journals[run]  # it was retained long enough
            await self.heard_out(reader, run)
        return Places(place, journals)

    @translated
    async def news(self, places: Places) -> News:
        """Waits a while for some. At most BATCH entries of each run at a time."""
        journals = {journal_key(run).encode(): run for run in places.journals}
        streams: dict[Any, Any] = {key: f"{places.journals[run]}-0" for key, run in journals.items()}
        found = await self._redis.xread({RUNS: places.runs, **streams}, count=BATCH, block=BLOCK)
        runs: list[tuple[str, str]] = []
        entries: list[tuple[str, Entry]] = []
        for stream, messages in found or []:
            if stream in journals:
                entries += [(journals[stream], entry_of(id, fields)) for id, fields in messages]
            else:
                runs += [(fields[b"run"].decode(), id.decode()) for id, fields in messages]
        return News(tuple(runs), tuple(entries))

    async def begun(self, reader: str, run: str, place: str) -> None:
        """From now on the run is followed; in one step with the place, so that none is followed twice or forgotten."""
        await self._set(reader, {PLACE: place, run: 0})

    async def heard(self, reader: str, run: str, seq: int) -> None:
        await self._set(reader, {run: seq})

    @translated
    async def heard_out(self, reader: str, run: str) -> None:
        await cast("Awaitable[int]", self._redis.hdel(_key(reader), run))

    @translated
    async def _set(self, reader: str, fields: Mapping[Any, Any]) -> None:
        await cast("Awaitable[int]", self._redis.hset(_key(reader), mapping=dict(fields)))


def _key(reader: str) -> str:
    return f"baro:reader:{reader}"
