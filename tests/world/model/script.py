"""What a scripted model replies, whatever the format, and to whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Text:
    """Closing words, unless the model was cut short (`length`) or would not (`refusal`)."""

    text: str
    stop: Literal["end", "length", "refusal"] = "end"


@dataclass(frozen=True)
class Tool:
    """A call of one tool. One that takes free text instead of arguments gets `input["input"]`."""

    name: str
    input: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Error:
    """An HTTP status instead of a message; `streamed`: a good status, and the error as what is said then."""

    status: int
    kind: str = "api_error"
    message: str = "scripted"
    retry_after: int | None = None
    streamed: bool = False


@dataclass(frozen=True)
class Disconnect:
    """The connection breaks in the middle of the stream."""


@dataclass(frozen=True)
class Hang:
    """Nothing comes, for ever."""


Said = Text | Tool
Reply = Said | Error | Disconnect | Hang

READ, CACHED, FRESHLY_CACHED, WRITTEN = 1150, 1000, 50, 20
"""tokens of every message; what is read includes what is cached"""


class Script:
    """A conversation is answered by the first pattern found in its opening; every pattern gives its replies in order,
    and `Text("Done.")` once they are used up."""

    def __init__(self) -> None:
        self._lines: list[tuple[re.Pattern[str], Iterator[Reply]]] = []

    def on(self, pattern: str, *replies: Reply) -> None:
        self._lines.append((re.compile(pattern), iter(replies)))

    def next(self, opening: str) -> Reply:
        replies = next((replies for pattern, replies in self._lines if pattern.search(opening)), iter(()))
        return next(replies, Text("Done."))
