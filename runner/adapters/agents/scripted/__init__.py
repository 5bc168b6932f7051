"""The scripted backend: a real process in the real sandbox, whose mind is a YAML list of the operator's."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

import runner.inside
from runner.adapters.agents import failures
from runner.adapters.agents.backend import Launch, Provider, relative, short
from runner.adapters.agents.lines import Lines
from runner.adapters.agents.record import identity, replace
from runner.adapters.process import Exit
from runner.adapters.sandbox.room import Inside
from runner.domain.agent import Did, Ended, Failure, FailureKind, Usage
from runner.errors import AgentUnavailable
from runner.ports import AgentJob

from . import script

NAME = "The scripted agent"
PLAYER = Path(runner.inside.__path__[0]) / "player.py"


class Scripted:
    """`path` is read anew for every job. What `times` counts is kept beside the run, by attempt: an attempt that is
    run again after a crash gets the same entry and is counted once."""

    name = "scripted"
    remedy = ""
    secrets: tuple[str, ...] = ()

    def __init__(self, home: Path, path: str) -> None:
        self._home = home
        self._path = path
        self._counting = threading.Lock()

    def find(self) -> Path:
        if not self._path:
            raise AgentUnavailable("The scripted agent has no script.", hint="Set BARO_AGENT_SCRIPT to a YAML file.")
        return Path(sys.executable).resolve()

    def provider(self, model: str) -> Provider | None:  # noqa: ARG002
        return None

    def hosts(self, model: str) -> tuple[str, ...]:  # noqa: ARG002
        return ()

    def launch(self, job: AgentJob, model: str, inside: Inside, home: Path) -> Launch:  # noqa: ARG002
        argv = (str(self.find()), "-I", "-S", str(PLAYER))
        return Launch(argv, stdin=msgspec.json.encode({"steps": self._steps(job)}), reads=(PLAYER,))

    def stream(self, job: AgentJob, inside: Inside) -> ScriptedStream:  # noqa: ARG002
        return ScriptedStream(inside)

    def _steps(self, job: AgentJob) -> list[script.Step]:
        with self._counting:  # attempts are launched in threads, and those of a run share the file
            return self._counted(job)

    def _counted(self, job: AgentJob) -> list[script.Step]:
        entries = script.load(Path(self._path))
        counts = self._home / "runs" / job.run / "script-counts.json"
        answered = msgspec.json.decode(counts.read_bytes(), type=dict[str, str]) if counts.exists() else {}
        name = answered.get(identity(job))
        if name not in entries:
            name = script.choose(entries, job, Counter(answered.values()))
        if name is None:
            who = f"{job.role} {job.story}".strip()
            return [{"fail": {"kind": "execution", "message": f"No entry of the agents' script answers {who}."}}]
        replace(counts, msgspec.json.encode(answered | {identity(job): name}))
        return entries[name].performance


class Line(Struct, frozen=True, tag_field="type"):
    """A line of the player; see runner/inside/player.py."""


class Called(Line, frozen=True, tag="did"):
    kind: Literal["read", "write", "run", "say"]
    path: str
    note: str


class Running(Line, frozen=True, tag="running"):
    pass


class Ran(Line, frozen=True, tag="ran"):
    pass


class Said(Line, frozen=True, tag="said"):
    text: str


class Answered(Line, frozen=True, tag="answer"):
    json: Any


class Used(Line, frozen=True, tag="used"):
    input: int | None
    cached: int | None
    output: int | None
    cost: float | None


class Failed(Line, frozen=True, tag="failed"):
    kind: FailureKind
    message: str
    evidence: str
    retry_after: float | None


class Finished(Line, frozen=True, tag="finished"):
    pass


LINE = msgspec.json.Decoder(Called | Running | Ran | Said | Answered | Used | Failed | Finished)


class ScriptedStream:
    """Folds the player's lines."""

    model = ""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._lines = Lines(LINE)
        self._usage = Usage()
        self._said = ""
        self._failure: Failure | None = None
        self._finished = False
        self.busy = False
        self.json: Any = None

    @property
    def unknown(self) -> Counter[str]:
        return self._lines.unknown

    def feed(self, line: bytes) -> list[Did]:
        match self._lines.read(line):
            case Called(kind, path, note):
                return [Did(kind, relative(path, self._inside), short(note))]
            case Running():
                self.busy = True
            case Ran():
                self.busy = False
            case Said(text):
                self._said = text
            case Answered(json):
                self.json = json
            case Used(input, cached, output, cost):
                self._usage += Usage(input, cached, output, cost)
            case Failed(kind, message, evidence, retry_after):
                self._failure = Failure(kind, message, evidence, retry_after)
            case Finished():
                self._finished = True
        return []

    def ended(self, exit: Exit, complaint: str) -> Ended:
        return Ended(self._why(exit, complaint), self._usage, self._said)

    def _why(self, exit: Exit, complaint: str) -> Failure | None:
        if self._failure or self._finished:
            return self._failure
        if exit.signal:
            return failures.killed(NAME, exit.signal, complaint)
        return failures.unfinished(NAME, exit.code, complaint, kind="execution")
