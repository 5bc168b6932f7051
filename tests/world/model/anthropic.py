"""Anthropic Messages: POST …/v1/messages."""

from __future__ import annotations

import json

from .script import CACHED, FRESHLY_CACHED, READ, WRITTEN, Error, Said, Text
from .wire import Json, before, event

STOPS = {"end": "end_turn", "length": "max_tokens", "refusal": "refusal"}


def opening(asked: Json) -> list[Json]:
    return before(asked.get("messages", []), {"assistant"})


def message(said: Said, asked: Json, number: int) -> Json:
    block: Json = (
        {"type": "text", "text": said.text}
        if isinstance(said, Text)
        else {"type": "tool_use", "id": f"toolu_{number}", "name": said.name, "input": said.input}
    )
    return {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": asked.get("model", "scripted"),
        "content": [block],
        "stop_reason": STOPS[said.stop] if isinstance(said, Text) else "tool_use",
        "stop_sequence": None,
        "usage": {
            "input_tokens": READ - CACHED - FRESHLY_CACHED,
            "cache_creation_input_tokens": FRESHLY_CACHED,
            "cache_read_input_tokens": CACHED,
            "output_tokens": WRITTEN,
        },
    }


def events(message: Json) -> list[str]:
    (block,) = message["content"]
    opened = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    if block["type"] == "text":
        empty: Json = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": block["text"]}
    else:
        empty = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    end = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    return [
        event({"type": "message_start", "message": opened}),
        event({"type": "content_block_start", "index": 0, "content_block": empty}),
        event({"type": "content_block_delta", "index": 0, "delta": delta}),
        event({"type": "content_block_stop", "index": 0}),
        event({"type": "message_delta", "delta": end, "usage": {"output_tokens": WRITTEN}}),
        event({"type": "message_stop"}),
    ]


def error(error: Error) -> Json:
    return {"type": "error", "error": {"type": error.kind, "message": error.message}}


def broken(told: Error) -> list[str]:
    return [event(error(told))]
