"""OpenAI Responses: POST …/responses."""

from __future__ import annotations

import json

from .script import CACHED, READ, WRITTEN, Error, Said, Text
from .wire import Json, before, event

USAGE = {
    "input_tokens": READ,
    "input_tokens_details": {"cached_tokens": CACHED},
    "output_tokens": WRITTEN,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": READ + WRITTEN,
}


def opening(asked: Json) -> list[Json]:
    return before(asked.get("input", []), {"assistant", "function_call", "custom_tool_call"})


def message(said: Said, asked: Json, number: int) -> Json:
    cut = isinstance(said, Text) and said.stop == "length"
    return {
        "id": f"resp_{number}",
        "object": "response",
        "model": asked.get("model", "scripted"),
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "output": [_item(said, asked, number)],
        "usage": USAGE,
    }


def _item(said: Said, asked: Json, number: int) -> Json:
    if isinstance(said, Text):
        refused = said.stop == "refusal"
        part = {"type": "refusal", "refusal": said.text} if refused else {"type": "output_text", "text": said.text}
        return {"id": f"msg_{number}", "type": "message", "role": "assistant", "content": [part]}
    call = {"id": f"item_{number}", "call_id": f"call_{number}", "name": said.name}
    if {"custom"} == {tool["type"] for tool in asked.get("tools", []) if tool.get("name") == said.name}:
        return {**call, "type": "custom_tool_call", "input": said.input["input"]}
    return {**call, "type": "function_call", "arguments": json.dumps(said.input)}


def events(message: Json) -> list[str]:
    (item,) = message["output"]
    opened = {**message, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    empty = {"content": []} if item["type"] == "message" else {}
    return [
        event({"type": "response.created", "response": opened}),
        event({"type": "response.in_progress", "response": opened}),
        event({"type": "response.output_item.added", "output_index": 0, "item": {**item, **empty}}),
        *_words(item),
        event({"type": "response.output_item.done", "output_index": 0, "item": item}),
        event({"type": f"response.{message['status']}", "response": message}),
    ]


def _words(item: Json) -> list[str]:
    texts = [part["text"] for part in item.get("content", []) if part["type"] == "output_text"]
    at = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    return [event({"type": "response.output_text.delta", **at, "delta": text}) for text in texts]


def error(error: Error) -> Json:
    return {"error": {"type": error.kind, "code": error.kind, "message": error.message, "param": None}}


def broken(told: Error) -> list[str]:
    failed = {"id": "resp_0", "object": "response", "status": "failed", "output": [], **error(told)}
    return [event({"type": "response.failed", "response": failed})]
