"""OpenCode's stream, folded: what it did, what it used, and how it ended."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from runner.adapters.agents import failures
from runner.adapters.agents.backend import relative, short
from runner.adapters.agents.lines import Lines
from runner.adapters.process import Exit
from runner.adapters.sandbox.room import Inside
from runner.domain.agent import Did, Ended, Failure, Usage

from .events import LINE, Error, Line, Part

NAME = "OpenCode"
PATHS: dict[str, Literal["read", "write"]] = {"read": "read", "write": "write", "edit": "write"}
"""The tools about one file, and what they do to it."""
OTHERS = frozenset({"reasoning"})
"""Events that tell nothing we use."""
SETTLED = {"ContextOverflowError": 413}
"""The HTTP status that stands for an error without one; any other without one is a connection that failed."""


class OpenCodeStream:
    """Folds the events of one process."""

    model = ""  # it never says
    json = None

    def __init__(self, inside: Inside, remedy: str) -> None:
        self._inside = inside
        self._remedy = remedy
        self._lines = Lines(LINE)
        self._error: Error | None = None
        self._reason = ""
        self._usage = Usage()
        self._said = ""
        self._closing = ""
        self.busy = False

    @property
    def unknown(self) -> Counter[str]:
        return self._lines.unknown

    def feed(self, line: bytes) -> list[Did]:
        told = self._lines.read(line)
        return self._fold(told) if told else []

    def _fold(self, told: Line) -> list[Did]:
        match told.type:
            case "step_start":
                self._reason, self._closing, self.busy = "", "", True
            case "step_finish":
                self._reason, self.busy = told.part.reason, False
                self._usage += _usage(told.part)
            case "text":
                self._said = self._closing = told.part.text
                return [Did("say", note=short(told.part.text))]
            case "tool_use":
                self._closing = ""
                return [self._did(told.part)]
            case "error":
                self._error = told.error or Error()
            case kind if kind not in OTHERS:
                self.unknown[kind] += 1
        return []

    def ended(self, exit: Exit, complaint: str) -> Ended:
        return Ended(self._why(exit, complaint), self._usage, self._said)

    def _did(self, part: Part) -> Did:
        state = part.state
        if part.tool in PATHS:
            return Did(PATHS[part.tool], relative(state.words("filePath"), self._inside))
        if part.tool in ("glob", "grep", "list"):
            return Did("search", relative(state.words("path"), self._inside), short(state.words("pattern")))
        if part.tool == "bash":
            return Did("run", note=short(state.words("command")))
        return Did("other", note=short(part.tool))

    def _why(self, exit: Exit, complaint: str) -> Failure | None:
        if self._error:
            return self._refusal(self._error)
        if exit.signal:
            return failures.killed(NAME, exit.signal, complaint)
        if self._reason == "length":
            return failures.cut_short(NAME, self._said)
        if self._reason == "content-filter":
            return failures.refused(self._said)
        if exit.code == 0 and self._reason == "stop":
            return None if self._closing.strip() else failures.speechless(NAME, complaint)
        return failures.unfinished(NAME, exit.code, complaint)

    def _refusal(self, error: Error) -> Failure:
        told = error.data
        if told.status_code in failures.REFUSED or error.name == "ProviderAuthError":
            return failures.not_signed_in(NAME, self._remedy, told.message)
        if error.name == "ContentFilterError":
            return failures.refused(told.message)
        status = told.status_code or SETTLED.get(error.name)
        return failures.provider(status, f"{error.name}: {told.message}", _seconds(told.response_headers))


def _usage(part: Part) -> Usage:
    if part.tokens is None:
        return Usage(cost=part.cost or None)
    read, written = part.tokens.cache.read, part.tokens.output + part.tokens.reasoning
    return Usage(part.tokens.input + part.tokens.cache.write + read, read, written, part.cost or None)


def _seconds(headers: dict[str, str]) -> float | None:
    told = headers.get("retry-after", "")
    return float(told) if told.isdecimal() else None
