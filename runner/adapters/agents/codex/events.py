"""The lines of `codex exec --json`, with the fields we use.

Traps (measured): an `error` is a warning or an announced retry, only `turn.failed` is the end; a refusal is a
`turn.completed` without a word; what a tool was called with in vain is on standard error only; usage comes with a
good end only, and its input includes what was cached.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct


class Change(Struct, frozen=True):
    path: str = ""


class Item(Struct, frozen=True):
    """Something said or done. Work is told when it starts and when it is over, words only once."""

    id: str = ""
    type: str = ""
    text: str = ""
    status: str = ""
    command: str = ""
    changes: list[Change] = []


class Tokens(Struct, frozen=True):
    input_tokens: int | None = None
    cached_input_tokens: int | None = None
    output_tokens: int | None = None


class Failed(Struct, frozen=True):
    message: str = ""


class Line(Struct, frozen=True):
    """Those fields of all event types that we use."""

    type: str
    item: Item | None = None
    usage: Tokens | None = None
    error: Failed | None = None
    message: str = ""


LINE = msgspec.json.Decoder(Line)
