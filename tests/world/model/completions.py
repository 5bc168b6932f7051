"""OpenAI Chat Completions, and what is compatible with it: POST …/chat/completions."""

from __future__ import annotations

import json
from typing import Any

from .script import CACHED, READ, WRITTEN, Error, Said, Text
from .wire import Json, before

STOPS = {"end": "stop", "length": "length", "refusal": "content_filter"}
USAGE = {
    "prompt_tokens": READ,
    "prompt_tokens_details": {"cached_tokens": CACHED},
    "completion_tokens": WRITTEN,
    "completion_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": READ + WRITTEN,
}


def opening(asked: Json) -> list[Json]:
    return before(asked.get("messages", []), {"assistant", "tool"})


def message(said: Said, asked: Json, number: int) -> Json:
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 0,
        "model": asked.get("model", "scripted"),
        "choices": [{"index": 0, **_choice(said, number)}],
        "usage": USAGE,
    }


def _choice(said: Said, number: int) -> Json:
    if isinstance(said, Text):
        return {"message": {"role": "assistant", "content": said.text}, "finish_reason": STOPS[said.stop]}
    function = {"name": said.name, "arguments": json.dumps(said.input)}
    calls = [{"id": f"call_{number}", "type": "function", "function": function}]
    return {"message": {"role": "assistant", "content": None, "tool_calls": calls}, "finish_reason": "tool_calls"}


def events(message: Json) -> list[str]:
    (choice,) = message["choices"]
    said = dict(choice["message"])
    if "tool_calls" in said:
        said["tool_calls"] = [{"index": number, **call} for number, call in enumerate(said["tool_calls"])]
    return [
        _chunk(message, {"role": said.pop("role"), "content": ""}),
        _chunk(message, said),
        _chunk(message, {}, choice["finish_reason"]),
        _data({**message, "object": "chat.completion.chunk", "choices": []}),
        "data: [DONE]\n\n",
    ]


def _chunk(message: Json, delta: Json, finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _data({**message, "object": "chat.completion.chunk", "choices": [choice], "usage": None})


def _data(data: Any) -> str:
    return f"data: {json.dumps(data)}\n\n"


def error(error: Error) -> Json:
    return {"error": {"type": error.kind, "code": error.kind, "message": error.message, "param": None}}


def broken(told: Error) -> list[str]:
    return [_data(error(told))]
