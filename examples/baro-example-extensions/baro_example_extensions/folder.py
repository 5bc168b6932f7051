"""A source that asks for what JSON files in a directory say: `ticket.json` becomes a run, then `ticket.json.asked`.

Setting: `FOLDER_OF_ASKS`, the directory. Write a file elsewhere and move it in, so that it is never read half-way.
"""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

import msgspec

from runner.extend import Put, SourceAsk

EVERY = 1.0
"""seconds between two looks"""

log = logging.getLogger(__name__)


class Folder:
    def __init__(self) -> None:
        self._directory = Path(os.environ["FOLDER_OF_ASKS"])

    async def asks(self, put: Put) -> None:
        """For as long as baro runs. When baro's store is away `put` raises, and baro starts this again later."""
        while True:
            for file in sorted(self._directory.glob("*.json")):
                await ask(file, put)
            await asyncio.sleep(EVERY)


async def ask(file: Path, put: Put) -> None:
    """First kept, then renamed: a crash in between asks again, and the same key again is the same ask."""
    try:
        await put(read(file))
    except ValueError as wrong:  # from msgspec or from baro: neither takes what is no ask
        log.warning("%s is no ask: %s", file.name, wrong)
        put_away(file, "refused")
    else:
        put_away(file, "asked")


def read(file: Path) -> SourceAsk:
    return msgspec.json.decode(file.read_bytes(), type=SourceAsk)


def put_away(file: Path, how: str) -> None:
    file.rename(f"{file}.{how}")
