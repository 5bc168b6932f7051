"""What an agent backend is: a module that knows one command line, its stream, and how it says that it ended well."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from runner.adapters.process import Exit
from runner.adapters.sandbox.room import Inside
from runner.domain.agent import Did, Ended
from runner.ports import AgentJob


class Launch(Struct, frozen=True):
    """How to start it. `env` is added to what all agents get; `reads` and `masks` as in Room. `child` is the entry
    (`NAME=value`) of the environment by which a command it runs is known, where its stream does not tell of one before
    it has ended."""

    argv: tuple[str, ...]
    stdin: bytes
    env: dict[str, str] = {}
    reads: tuple[Path, ...] = ()
    masks: tuple[str, ...] = ()
    child: str = ""


class Provider(Struct, frozen=True):
    """Where a backend's model is, and what opens it. Agents never learn either: they speak to a gateway of ours at
    `Inside.model` with `PLACEHOLDER` for a key, and it passes on to `base` (a URL without a slash at its end) what
    they ask below that address, with `headers` in place of the agent's own authorisation."""

    base: str
    headers: dict[str, str]


PLACEHOLDER = "held-outside-the-sandbox"
"""What a command line that demands a key is given; it opens nothing."""


class Stream(Protocol):
    """One process, as its lines are read."""

    @property
    def busy(self) -> bool:
        """A command of the agent is running, or, where `Launch.child` is named, may be: silence is work."""
        ...

    @property
    def model(self) -> str:
        """What the process says it runs on, or ""."""
        ...

    @property
    def json(self) -> Any:
        """The structured answer of a one-shot, None where the command line has none."""
        ...

    @property
    def unknown(self) -> Mapping[str, int]:
        """How many events there were of each kind that is new to us; see `Lines`."""
        ...

    def feed(self, line: bytes) -> list[Did]:
        """What a line of standard output tells; a line that is no event of this agent tells nothing."""
        ...

    def ended(self, exit: Exit, complaint: str) -> Ended:
        """How it ended; `complaint` is the end of standard error. Well only where the agent said so."""
        ...


class Backend(Protocol):
    name: str
    remedy: str
    """what to do where it is not signed in, as the rest of a sentence"""
    secrets: tuple[str, ...]
    """values that must not leave this machine in an answer"""

    def find(self) -> Path:
        """The program to start; raises AgentUnavailable, with what to do, where it cannot be used."""
        ...

    def provider(self, model: str) -> Provider | None:
        """None where the command line signs in by itself (a subscription), or asks no model at all. Raises
        AgentUnavailable, with what to do, for a model that cannot be asked."""
        ...

    def hosts(self, model: str) -> tuple[str, ...]:
        """What it must reach by itself because there is no provider to go through: exact host names."""
        ...

    def launch(self, job: AgentJob, model: str, inside: Inside, home: Path) -> Launch:
        """`home` is the throw-away home on the host, which the agent sees as `inside.home`."""
        ...

    def stream(self, job: AgentJob, inside: Inside) -> Stream: ...


def relative(path: str, inside: Inside) -> str:
    """Repository-relative; "" for a path that is not in the tree."""
    if path.startswith("/"):
        return path.removeprefix(inside.tree + "/") if path.startswith(inside.tree + "/") else ""
    return path.removeprefix("./")


def short(text: str, length: int = 120) -> str:
    """One line of it, capped."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
