"""The JSON object in a model's closing words."""

from __future__ import annotations

import json
from typing import Any

_DECODER = json.JSONDecoder()


def last_object(text: str) -> dict[str, Any] | None:
    """The last complete object that stands in the text, whatever is around it: models like to introduce and to fence
    what they were asked for, and a draft comes before the final answer."""
    found: dict[str, Any] | None = None
    at = text.find("{")
    while at != -1:
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            found = value
        at = text.find("{", end)
    return found


def form(prompt: str, schema: dict[str, Any] | None) -> str:
    """The prompt with the form of its reply, for command lines that cannot be told it otherwise."""
    if schema is None:
        return prompt
    return f"{prompt}\n\nEnd with one JSON object of this schema, and nothing after it:\n\n{json.dumps(schema)}\n"
