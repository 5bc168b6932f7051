"""Codex's stream, folded: what it did, what it used, and how it ended."""

from __future__ import annotations

import shlex
from collections import Counter

from runner.adapters.agents import complaints, failures
from runner.adapters.agents.backend import relative, short
from runner.adapters.agents.lines import Lines
from runner.adapters.process import Exit
from runner.adapters.sandbox.room import Inside
from runner.domain.agent import Did, Ended, Failure, Usage

from .events import LINE, Item, Line

NAME = "Codex"
OTHERS = frozenset({"thread.started", "turn.started", "item.started", "item.updated"})
"""Events that tell nothing we use."""
THOUGHTS = frozenset({"reasoning", "todo_list", "error"})
"""Items that are nobody's business; an error among them is a warning."""
WORK = frozenset({"command_execution", "mcp_tool_call", "file_change"})
"""Items that are busy until they are completed; a list of things to do is completed with the turn only."""


class CodexStream:
    """Folds the events of one process."""

    model = ""
    json = None
    """the answer of a one-shot is its closing words"""

    def __init__(self, inside: Inside, remedy: str) -> None:
        self._inside = inside
        self._remedy = remedy
        self._lines = Lines(LINE)
        self._running: set[str] = set()
        self._said = ""
        self._closing = ""
        self._trouble = ""
        self._end: Line | None = None

    @property
    def busy(self) -> bool:
        return bool(self._running)

    @property
    def unknown(self) -> Counter[str]:
        return self._lines.unknown

    def feed(self, line: bytes) -> list[Did]:
        told = self._lines.read(line)
        match told:
            case None:
                pass
            case Line(type="item.started", item=Item() as item) if item.type in WORK:
                return self._began(item)
            case Line(type="item.completed", item=Item() as item):
                return self._over(item)
            case Line(type="error", message=message):
                self._trouble = message
            case Line(type="turn.completed" | "turn.failed"):
                self._end = told
            case Line(type=kind) if kind not in OTHERS:
                self.unknown[kind] += 1
        return []

    def ended(self, exit: Exit, complaint: str) -> Ended:
        used = self._end.usage if self._end else None
        usage = Usage(used.input_tokens, used.cached_input_tokens, used.output_tokens) if used else Usage()
        return Ended(self._why(exit, complaint), usage, self._said)

    def _began(self, item: Item) -> list[Did]:
        """A command is told at its start: one that outlives the turn, a server for instance, has no other event."""
        self._closing = ""
        self._running.add(item.id)
        return [Did("run", note=short(_unwrapped(item.command)))] if item.type == "command_execution" else []

    def _over(self, item: Item) -> list[Did]:
        self._running.discard(item.id)
        match item.type:
            case "agent_message":
                self._said = self._closing = item.text
                return [Did("say", note=short(item.text))]
            case "file_change" if item.status != "failed":
                return [Did("write", relative(change.path, self._inside)) for change in item.changes]
            case "web_search" | "mcp_tool_call":
                return [Did("other", note=short(item.type))]
            case kind if kind not in WORK | THOUGHTS:
                self.unknown[f"item {kind}"] += 1
        return []

    def _why(self, exit: Exit, complaint: str) -> Failure | None:
        if self._end is None:
            evidence = "\n".join(filter(None, (self._trouble, complaint)))
            if exit.signal:
                return failures.killed(NAME, exit.signal, evidence)
            return failures.unfinished(NAME, exit.code, evidence)
        if self._end.type == "turn.failed":
            return self._refusal(self._end.error.message if self._end.error else self._trouble)
        if not self._closing.strip():
            return failures.speechless(NAME, complaint)
        return None

    def _refusal(self, words: str) -> Failure:
        """An error of the provider. What is not known by its words is the provider's answer to a bad request."""
        trouble = complaints.trouble(words) or 400
        if trouble in failures.REFUSED:
            return failures.not_signed_in(NAME, self._remedy, words)
        status = None if trouble == "unreachable" else trouble
        return failures.provider(status, words[: failures.EVIDENCE])


def _unwrapped(command: str) -> str:
    """Without the shell that every command is given to."""
    try:
        _, option, inner = shlex.split(command)
    except ValueError:
        return command
    return inner if option in ("-c", "-lc") else command
