"""What a repository tells those who work on it: its instruction files, as they are in a commit."""

from __future__ import annotations

import re

from runner.adapters.git import Git
from runner.domain.change import Instructions
from runner.domain.text import clip

FILES = ("AGENTS.md", "CLAUDE.md")
"""at the root; agents say what else they look for in these"""
MAX_TEXT = 12_000
"""characters of one that are read, from its beginning; they stand in the journal"""
MAX_FILE = 1 << 20
"""bytes; a larger one is no text that somebody wrote for a reader"""
_ENTRY = re.compile(r"100(?:644|755) blob (?P<id>[0-9a-f]+) +(?P<size>\d+)\t(?P<path>.*)", re.DOTALL)


async def instructions(git: Git, commit: str) -> tuple[Instructions, ...]:
    """Of two that say the same, the first. Links are not followed."""
    listed = (await git.run("ls-tree", "-z", "--long", "--full-tree", commit, "--", *FILES)).fields
    found = [entry for line in listed if (entry := _ENTRY.fullmatch(line)) and int(entry["size"]) <= MAX_FILE]
    texts = {await _read(git, entry["id"]): entry["path"] for entry in reversed(found)}
    return tuple(Instructions(path, text) for text, path in reversed(texts.items()) if text)


async def _read(git: Git, blob: str) -> str:
    text = (await git.run("cat-file", "blob", blob)).stdout.decode(errors="replace")
    return clip(text.strip(), MAX_TEXT)
