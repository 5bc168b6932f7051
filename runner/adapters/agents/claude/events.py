"""The lines of Claude Code's `stream-json` output, with the fields we use.

Traps (measured): `subtype: success` comes with `is_error: true`; an assistant event's output tokens are those of its
first byte; what was retried mid-stream is counted in `modelUsage` only; a tool's result may be text or blocks.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct, field


class Tokens(Struct, frozen=True):
    """Of a message, or of the whole. The provider leaves out, or says null for, what does not apply."""

    input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens: int | None = None


class ModelTokens(Struct, frozen=True, rename="camel"):
    """The same by model, over the whole session."""

    input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens: int | None = None


class Block(Struct, frozen=True):
    """A block of a message: text, a tool call, or a tool's result."""

    type: str = ""
    text: str = ""
    id: str = ""
    name: str = ""
    input: dict[str, Any] = {}
    tool_use_id: str = ""

    def words(self, argument: str) -> str:
        """An argument of a tool call, as text."""
        return str(self.input.get(argument, ""))


class Message(Struct, frozen=True):
    content: list[Block] | str = ""
    id: str = ""
    usage: Tokens | None = None


class Line(Struct, frozen=True):
    """Those fields of all event types that we use."""

    type: str
    subtype: str = ""
    model: str | None = None
    message: Message | str | None = None
    error: Any = None
    retry_delay_ms: float | None = None
    is_error: bool = False
    api_error_status: int | None = None
    result: str | None = None
    errors: list[Any] = []
    structured_output: Any = None
    total_cost_usd: float | None = None
    usage: Tokens | None = None
    model_usage: dict[str, ModelTokens] = field(name="modelUsage", default_factory=dict)

    @property
    def blocks(self) -> list[Block]:
        """What its message consists of."""
        message = self.message
        return message.content if isinstance(message, Message) and isinstance(message.content, list) else []


LINE = msgspec.json.Decoder(Line)
