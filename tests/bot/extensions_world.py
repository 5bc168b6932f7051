"""Extensions for tests: a package of their own, installed into a directory; and waiting for what nothing announces."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

from tests.world.house import PATIENCE


def package(directory: Path, source: str, **points: str) -> Path:
    """Installs one module of participants; `points` name its classes."""
    (directory / "guests-1.0.dist-info").mkdir(parents=True)
    (directory / "guests-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: guests\nVersion: 1.0\n")
    lines = [f"{name} = {value}" for name, value in points.items()]
    (directory / "guests-1.0.dist-info/entry_points.txt").write_text("\n".join(["[baro.participants]", *lines]))
    (directory / "guests.py").write_text(dedent(source))
    return directory


async def eventually(look: Callable[[], Any]) -> Any:
    async with asyncio.timeout(PATIENCE):
        while not (seen := look()):  # noqa: ASYNC110 - what is looked at is a file, a thread or Redis
            await asyncio.sleep(0.02)
    return seen
