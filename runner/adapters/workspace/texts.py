"""Paths and text files of one commit, read from its objects: nothing is checked out for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from runner.adapters.git import Git
from runner.adapters.objects import Objects

from .clone import printable

MAX_TEXT = 256 * 1024
"""bytes; no manifest that people write is longer, and a longer file is left out"""
MAX_TEXTS = 200
MAX_FILES = 20_000
_FILES = ("100644", "100755")


async def files(git: Git, commit: str) -> tuple[str, ...]:
    """Paths that are UTF-8, shallow first."""
    paths = (await git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit)).fields
    shallow = sorted((path for path in paths if printable(path) == path), key=lambda path: (path.count("/"), path))
    return tuple(shallow[:MAX_FILES])


async def texts(git: Git, commit: str, paths: Sequence[str]) -> dict[str, str]:
    """Path to text of those that are regular files there. Links are left out: they name files, they are none."""
    if not paths:
        return {}
    listed = await git.run("ls-tree", "-r", "-z", "-l", "--full-tree", commit, "--", *paths[:MAX_TEXTS])
    wanted: dict[str, str] = {}
    for line in listed.fields:
        entry, path = line.split("\t", 1)
        mode, _, oid, size = entry.split()
        if mode in _FILES and int(size) <= MAX_TEXT and path in paths:
            wanted[path] = oid
    with Objects(git) as objects:
        blobs = await asyncio.to_thread(objects.contents, sorted(set(wanted.values())))
    return {path: blobs[oid].decode(errors="replace") for path, oid in wanted.items()}
