"""What a wire format has to know."""

from __future__ import annotations

import itertools
import json
from typing import Any, Protocol

from .script import Error, Said

Json = dict[str, Any]


class Wire(Protocol):
    """A module per format."""

    def opening(self, asked: Json) -> list[Json]:
        """What the conversation began with, before the model said anything."""
        ...

    def message(self, said: Said, asked: Json, number: int) -> Json:
        """The whole answer."""
        ...

    def events(self, message: Json) -> list[str]:
        """The same as server-sent events."""
        ...

    def error(self, error: Error) -> Json:
        """The body that goes with its status."""
        ...

    def broken(self, error: Error) -> list[str]:
        """The same as server-sent events."""
        ...


def before(items: list[Json], said: set[str]) -> list[Json]:
    """Those ahead of the first whose role or type is one of `said`."""
    return list(itertools.takewhile(lambda item: not said & {item.get("role"), item.get("type")}, items))


def event(data: Json) -> str:
    """A server-sent event that is named by its type."""
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n"
