"""Claude Code's stream, folded: what it did, what it used, and how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal

from msgspec.structs import replace

from runner.adapters.agents import failures
from runner.adapters.agents.backend import relative, short
from runner.adapters.agents.lines import Lines
from runner.adapters.process import Exit
from runner.adapters.sandbox.room import Inside
from runner.domain.agent import Did, Ended, Failure, Usage

from .events import LINE, Block, Line, Message, ModelTokens, Tokens

NAME = "Claude Code"
PATHS: dict[str, tuple[Literal["read", "write"], str]] = {
    "Read": ("read", "file_path"),
    "Write": ("write", "file_path"),
    "Edit": ("write", "file_path"),
    "NotebookEdit": ("write", "notebook_path"),
}
"""The tools about one file: what they do to it, and which argument names it."""
STATUS = {
    "rate_limit": 429,
    "billing_error": 402,
    "model_not_found": 404,
    "invalid_request": 400,
    "max_output_tokens": 400,
}
"""The HTTP status that stands for an error without one. `server_error` has none: the connection failed."""
OTHERS = frozenset({"system", "stream_event", "rate_limit_event"})
"""Events that tell nothing we use."""
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
        self._lines = Lines(LINE)
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

    @property
    def unknown(self) -> Counter[str]:
        return self._lines.unknown

    def feed(self, line: bytes) -> list[Did]:
        told = self._lines.read(line)
        if told is None:
            return []
        match told.type:
            case "system" if told.subtype == "init":
                self.model = told.model or ""
            case "system" if told.subtype == "api_retry" and told.retry_delay_ms is not None:
                self._retry_after = told.retry_delay_ms / 1000
            case "assistant":
                return self._acted(told)
            case "user":
                self._running -= {block.tool_use_id for block in told.blocks}
            case "result":
                self._result = told
            case kind if kind not in OTHERS:
                self.unknown[kind] += 1
        return []

    def ended(self, exit: Exit, complaint: str) -> Ended:
        closing = self._result.result if self._result else None
        return Ended(self._why(exit, complaint), self._usage(), closing or self._said)

    def _acted(self, told: Line) -> list[Did]:
        self._error = told.error if isinstance(told.error, str) else ""
        if isinstance(told.message, Message) and told.message.usage:
            self._read[told.message.id] = told.message.usage
        for block in told.blocks:
            if block.type == "tool_use":
                self._running.add(block.id)
            elif block.type == "text":
                self._said = block.text
        return [did for block in told.blocks if (did := self._did(block))]

    def _did(self, block: Block) -> Did | None:
        if block.type == "text":
            return Did("say", note=short(block.text))
        if block.type != "tool_use" or block.name == "StructuredOutput":
            return None
        if block.name in PATHS:
            kind, field = PATHS[block.name]
            return Did(kind, relative(block.words(field), self._inside))
        if block.name in ("Glob", "Grep"):
            return Did("search", relative(block.words("path"), self._inside), short(block.words("pattern")))
        if block.name == "Bash":
            return Did("run", note=short(block.words("command")))
        return Did("other", note=short(block.name))

    def _usage(self) -> Usage:
        end = self._result
        if end is None:  # cut short: what it had read is known, what it had written is not
            return replace(_sum(self._read.values()), output=None)
        if end.model_usage:
            return replace(_sum(end.model_usage.values()), cost=end.total_cost_usd)
        return replace(_sum([end.usage] if end.usage else []), cost=end.total_cost_usd)

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
        """An error of the provider. Not all have a status; then the last message's error says which it was."""
        words = end.result or ""
        if end.api_error_status in failures.REFUSED or self._error == "authentication_failed":
            return failures.not_signed_in(NAME, self._remedy, words)
        status = end.api_error_status or STATUS.get(self._error)
        return failures.provider(status, words, self._retry_after)


def _sum(parts: Iterable[Tokens | ModelTokens]) -> Usage:
    return sum((_usage(part) for part in parts), start=Usage())


def _usage(part: Tokens | ModelTokens) -> Usage:
    cached = part.cache_read_input_tokens or 0
    read = (part.input_tokens or 0) + (part.cache_creation_input_tokens or 0) + cached
    return Usage(input=read, cached=cached, output=part.output_tokens)
