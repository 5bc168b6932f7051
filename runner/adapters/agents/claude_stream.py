"""The stream of Claude Code: one JSON object a line, whose last, `result`, says how it ended.

Traps (measured): `subtype: success` comes with `is_error: true`; the exit code is 0 for a cut stream; an assistant
event's output tokens are those of its first byte; what was retried mid-stream is in `modelUsage` only.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct, field

from runner.adapters.process import Exit
from runner.adapters.room import Inside
from runner.domain.agent import Did, Ended, Failure, Usage

from . import failures
from .backend import relative, short

NAME = "Claude Code"


class Tokens(Struct, frozen=True):
    input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    output_tokens: int = 0


class ModelTokens(Struct, frozen=True, rename="camel"):
    input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    output_tokens: int = 0


class Block(Struct, frozen=True):
    """A block of a message: text, a tool call, or a tool's result."""

    type: str = ""
    text: str = ""
    id: str = ""
    name: str = ""
    input: dict[str, Any] = {}
    tool_use_id: str = ""


class Message(Struct, frozen=True):
    content: list[Block] | str = ""
    id: str = ""
    usage: Tokens | None = None


class Line(Struct, frozen=True):
    """Those fields of all event types that we use."""

    type: str
    subtype: str = ""
    model: str = ""
    message: Message | str | None = None
    error: Any = None
    retry_delay_ms: float | None = None
    is_error: bool = False
    api_error_status: int | None = None
    result: str = ""
    errors: list[Any] = []
    structured_output: Any = None
    total_cost_usd: float | None = None
    usage: Tokens | None = None
    model_usage: dict[str, ModelTokens] = field(name="modelUsage", default_factory=dict)


LINE = msgspec.json.Decoder(Line)
READS = {"Read": "file_path", "NotebookRead": "notebook_path"}
WRITES = {"Write": "file_path", "Edit": "file_path", "NotebookEdit": "notebook_path"}
SEARCHES = {"Glob", "Grep"}
ENDINGS = {
    "error_max_turns": "Claude Code used up its turns before it had finished.",
    "error_max_budget_usd": "Claude Code used up its budget before it had finished.",
    "error_max_structured_output_retries": "Claude Code did not manage to answer in the form it was asked for.",
    "error_during_execution": "Claude Code was interrupted.",
}


class ClaudeStream:
    """Folds the events of one process."""

    def __init__(self, inside: Inside, remedy: str) -> None:
        self._inside = inside
        self._remedy = remedy
        self._running: set[str] = set()
        self._read: dict[str, Tokens] = {}
        self._error = ""
        self._retry_after: float | None = None
        self._result: Line | None = None
        self._said = ""
        self.model = ""

    @property
    def busy(self) -> bool:
        return bool(self._running)

    @property
    def json(self) -> Any:
        return self._result.structured_output if self._result else None

    def feed(self, line: bytes) -> list[Did]:
        try:
            told = LINE.decode(line)
        except msgspec.DecodeError:
            return []
        match told.type:
            case "system" if told.subtype == "init":
                self.model = told.model
            case "system" if told.subtype == "api_retry":
                self._retry_after = told.retry_delay_ms and told.retry_delay_ms / 1000
            case "assistant":
                self._error = told.error if isinstance(told.error, str) else self._error
                return self._acted(told.message)
            case "user" if isinstance(told.message, Message) and isinstance(told.message.content, list):
                self._running -= {block.tool_use_id for block in told.message.content}
            case "result":
                self._result = told
        return []

    def ended(self, exit: Exit, complaint: str) -> Ended:
        said = self._result.result if self._result else self._said
        return Ended(self._why(exit, complaint), self._usage(), said)

    def _acted(self, message: Message | str | None) -> list[Did]:
        if not isinstance(message, Message) or isinstance(message.content, str):
            return []
        if message.usage:
            self._read[message.id] = message.usage
        for block in message.content:
            if block.type == "tool_use":
                self._running.add(block.id)
            elif block.type == "text":
                self._said = block.text
        return [did for block in message.content if (did := self._did(block))]

    def _did(self, block: Block) -> Did | None:
        if block.type == "text":
            return Did("say", note=short(block.text))
        if block.type != "tool_use" or block.name == "StructuredOutput":
            return None
        if block.name in READS:
            return Did("read", relative(str(block.input.get(READS[block.name], "")), self._inside))
        if block.name in WRITES:
            return Did("write", relative(str(block.input.get(WRITES[block.name], "")), self._inside))
        if block.name in SEARCHES:
            where = relative(str(block.input.get("path", "")), self._inside)
            return Did("search", where, short(str(block.input.get("pattern", ""))))
        return Did("run" if block.name == "Bash" else "other", note=short(str(block.input.get("command", block.name))))

    def _usage(self) -> Usage:
        if self._result is None:
            # Cut short: what was read is known, what was written is not.
            return _sum(list(self._read.values()), None, output=False)
        models = list(self._result.model_usage.values())
        return _sum(models or ([self._result.usage] if self._result.usage else []), self._result.total_cost_usd)

    def _why(self, exit: Exit, complaint: str) -> Failure | None:
        end = self._result
        if end is None:
            if exit.signal:
                return failures.killed(NAME, exit.signal, complaint)
            return failures.unfinished(NAME, exit.code, complaint)
        if end.subtype == "success" and not end.is_error:
            return None
        if end.subtype != "success":
            words = "\n".join(map(str, end.errors)) or complaint
            return Failure("execution", ENDINGS.get(end.subtype, f"Claude Code ended with {end.subtype}."), words)
        return self._refusal(end)

    def _refusal(self, end: Line) -> Failure:
        """An error of the provider: the status says which, and where there is none, the last error's name."""
        if end.api_error_status in failures.REFUSED or self._error in (
            "authentication_failed",
            "oauth_org_not_allowed",
        ):
            return failures.not_signed_in(NAME, self._remedy, end.result)
        status = end.api_error_status or STATUS.get(self._error)
        return failures.provider(status, end.result, self._retry_after)


STATUS = {
    "rate_limit": 429,
    "billing_error": 402,
    "model_not_found": 404,
    "invalid_request": 400,
    "max_output_tokens": 400,
}


def _sum(
    parts: list[Tokens] | list[ModelTokens] | list[Tokens | ModelTokens], cost: float | None, *, output: bool = True
) -> Usage:
    if not parts:
        return Usage(cost=cost)
    return Usage(
        input=sum(p.input_tokens + p.cache_creation_input_tokens + p.cache_read_input_tokens for p in parts),
        cached=sum(p.cache_read_input_tokens for p in parts),
        output=sum(p.output_tokens for p in parts) if output else None,
        cost=cost,
    )
