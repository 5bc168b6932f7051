"""A JSON schema in the dialect that OpenAI's structured output accepts."""

from __future__ import annotations

from typing import Any


def strict(schema: Any) -> Any:
    """The same, where every object has exactly the properties it names: none optional, no others."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: strict(part) for name, part in schema.items()}
    if schema.get("type") != "object":
        return inner
    properties = inner.setdefault("properties", {})
    return inner | {"required": list(properties), "additionalProperties": False}
