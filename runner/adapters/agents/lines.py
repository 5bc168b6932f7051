"""The lines of an agent's standard output, read without ever failing, and a count of what was not understood."""

from __future__ import annotations

import json
from collections import Counter
from typing import Generic, TypeVar

import msgspec

Event = TypeVar("Event")

BROKEN = (ValueError, RecursionError)
"""what decoders raise: for no JSON, another shape, bytes that are no text, and for depths that nobody means"""


class Lines(Generic[Event]):
    """`unknown` counts, by type, the events that are new to us: an update of a command line shows there first."""

    def __init__(self, decoder: msgspec.json.Decoder[Event]) -> None:
        self._decoder = decoder
        self.unknown: Counter[str] = Counter()

    def read(self, line: bytes) -> Event | None:
        """None for what is no event at all (a line of something that the agent started, half a line), and for an
        event of an unknown shape, which is counted."""
        try:
            return self._decoder.decode(line)
        except BROKEN:
            return self._mended(line)

    def _mended(self, line: bytes) -> Event | None:
        """JavaScript cuts text through the middle of a character, and programs print what is no UTF-8."""
        try:
            told = json.loads(line.decode(errors="replace"))
            kind = told.get("type") if isinstance(told, dict) else None
            text = json.dumps(told, ensure_ascii=False).encode(errors="replace")
        except BROKEN:
            return None
        try:
            return self._decoder.decode(text)
        except BROKEN:
            if isinstance(kind, str):
                self.unknown[kind[:80]] += 1
            return None
