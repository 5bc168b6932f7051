"""Throw-away indexes, and putting a tree's files into one."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from runner.adapters.git import Git
from runner.domain.policy import agent_configuration

from .layout import Layout
from .unfit import unlock

_LOCKED = "could not open directory"


@asynccontextmanager
async def scratch_index(layout: Layout, source: Path | None = None) -> AsyncIterator[Path]:
    """A throw-away index file, a copy of `source` or none yet."""
    layout.scratch.mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(dir=layout.scratch))
    try:
        if source is not None:
            shutil.copy2(source, directory / "index")
        yield directory / "index"
    finally:
        shutil.rmtree(directory, ignore_errors=True)  # `scratch` is emptied with the run in any case


async def add(git: Git, paths: Sequence[str]) -> None:
    if paths:
        given = "".join(f"{path}\0" for path in paths).encode(errors="surrogateescape")
        await git.run("update-index", "--add", "--replace", "-z", "--stdin", input=given)


async def listed(git: Git, *more: str) -> list[str]:
    """What the tree has that is neither in the index nor ignored, and `more`."""
    listing = ("ls-files", "-z", *more, "--others", "--exclude-standard")
    answer = await git.run(*listing)
    if _LOCKED in answer.stderr and git.work_tree:
        await asyncio.to_thread(unlock, git.work_tree)
        answer = await git.run(*listing)
    return answer.fields


def empty_settings(tree: Path, paths: Sequence[str]) -> frozenset[str]:
    """Empty files among the agent settings: the only ones for which it matters."""
    return frozenset(path for path in paths if agent_configuration(path) and os.lstat(tree / path).st_size == 0)
