"""The lines of `opencode run --format json`, with the fields we use.

Traps (measured): there is no first and no last event; a tool is told only once it has finished; what is retried is
not told at all; `input` leaves out what came from the cache, `output` what was thought; a cost of 0 is unknown.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct


class Cache(Struct, frozen=True):
    read: int = 0
    write: int = 0


class Tokens(Struct, frozen=True):
    input: int = 0
    output: int = 0
    reasoning: int = 0
    cache: Cache = Cache()


class State(Struct, frozen=True):
    """Of a tool call: what it was asked, and how it went."""

    status: str = ""
    input: dict[str, Any] = {}

    def words(self, argument: str) -> str:
        return str(self.input.get(argument, ""))


class Part(Struct, frozen=True):
    """A text, a tool call, or the end of a step, which is one request to the model."""

    text: str = ""
    tool: str = ""
    state: State = State()
    reason: str = ""
    tokens: Tokens | None = None
    cost: float | None = None


class Details(Struct, frozen=True, rename="camel"):
    message: str = ""
    status_code: int | None = None
    response_headers: dict[str, str] = {}


class Error(Struct, frozen=True):
    name: str = ""
    data: Details = Details()


class Line(Struct, frozen=True):
    type: str
    part: Part = Part()
    error: Error | None = None


LINE = msgspec.json.Decoder(Line)
