"""Pi's stream, folded: what it did, what it used, and how it ended. Its exit code says nothing: it is 0 for errors."""

from __future__ import annotations

import re
from collections import Counter
from typing import Literal

from runner.adapters.agents import complaints, failures
from runner.adapters.agents.backend import relative, short
from runner.adapters.agents.lines import Lines
from runner.adapters.process import Exit
from runner.adapters.sandbox.room import Inside
from runner.domain.agent import Did, Ended, Failure, Usage

from .events import LINE, SKIPPED, Line, Message, Tokens

NAME = "Pi"
PATHS: dict[str, Literal["read", "write"]] = {"read": "read", "write": "write", "edit": "write"}
"""The tools about one file, and what they do to it."""
OTHERS = frozenset(
    {
        *("session", "agent_start", "agent_end", "turn_start", "turn_end", "message_start", "message_end"),
        *("message_update", "tool_execution_update"),
        *("auto_retry_start", "auto_retry_end", "compaction_start", "compaction_end", "queue_update"),
    }
)
"""Events that tell nothing we use."""
_DECLINED = re.compile(r"^An unknown error occurred$|content.?filter|refusal", re.IGNORECASE)
"""What it says where the provider ended an answer; the first is its sentence for Anthropic's."""


class PiStream:
    """Folds the events of one process."""

    json = None

    def __init__(self, inside: Inside, remedy: str) -> None:
        self._inside = inside
        self._remedy = remedy
        self._lines = Lines(LINE)
        self._running: set[str] = set()
        self._last: Message | None = None
        self._usage = Usage()
        self._said = ""
        self.model = ""

    @property
    def busy(self) -> bool:
        return bool(self._running)

    @property
    def unknown(self) -> Counter[str]:
        return self._lines.unknown

    def feed(self, line: bytes) -> list[Did]:
        told = None if line.startswith(SKIPPED) else self._lines.read(line)
        return self._fold(told) if told else []

    def _fold(self, told: Line) -> list[Did]:
        match told.type:
            case "message_end" if told.message and told.message.role == "assistant":
                return self._spoke(told.message)
            case "tool_execution_start":
                self._running.add(told.tool_call_id)
                return [self._did(told)]
            case "tool_execution_end":
                self._running.discard(told.tool_call_id)
            case kind if kind not in OTHERS:
                self.unknown[kind] += 1
        return []

    def ended(self, exit: Exit, complaint: str) -> Ended:
        return Ended(self._why(exit, complaint), self._usage, self._said)

    def _spoke(self, message: Message) -> list[Did]:
        self._last = message
        self._usage += _usage(message.usage or Tokens())
        if message.model:
            self.model = f"{message.provider}/{message.model}".removeprefix("compatible/")
        if not message.words or message.stop_reason in ("error", "aborted"):
            return []
        self._said = message.words
        return [Did("say", note=short(message.words))]

    def _did(self, told: Line) -> Did:
        path = relative(told.argument("path"), self._inside)
        if told.tool_name in PATHS:
            return Did(PATHS[told.tool_name], path)
        if told.tool_name in ("grep", "find", "ls"):
            return Did("search", path, short(told.argument("pattern")))
        if told.tool_name == "bash":
            return Did("run", note=short(told.argument("command")))
        return Did("other", note=short(told.tool_name))

    def _why(self, exit: Exit, complaint: str) -> Failure | None:
        reason = self._last.stop_reason if self._last else ""
        if reason == "error" and self._last:
            return self._refusal(self._last.error_message)
        if exit.signal:
            return failures.killed(NAME, exit.signal, complaint)
        if reason == "length":
            return failures.cut_short(NAME, self._said)
        return None if reason == "stop" else failures.unfinished(NAME, exit.code, complaint)

    def _refusal(self, words: str) -> Failure:
        trouble = complaints.trouble(words)
        if trouble in failures.REFUSED:
            return failures.not_signed_in(NAME, self._remedy, words)
        if _DECLINED.search(words):
            return failures.refused(words)
        status = None if trouble == "unreachable" else trouble
        return failures.provider(status, words)


def _usage(used: Tokens) -> Usage:
    read = used.input + used.cache_write + used.cache_read
    known = read + used.output > 0
    return Usage(read, used.cache_read, used.output, used.cost.total or None) if known else Usage()
