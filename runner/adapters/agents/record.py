"""What an attempt leaves on disk: its streams, and its outcome once it has one."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import msgspec
from msgspec import Struct

from runner.ports import AgentJob, AgentReply


class Outcome(Struct, frozen=True):
    attempt: str
    """its identity"""
    reply: AgentReply


class Record:
    """One attempt's files below `<home>/runs/<run>/`. An attempt that has an outcome is never run a second time: the
    runner may have died between its agent's end and the journal entry that says so."""

    def __init__(self, home: Path, job: AgentJob) -> None:
        self._identity = identity(job)
        run = home / "runs" / job.run
        name = "-".join((*place(job), str(job.attempt)))
        self.scratch = run / "rooms" / name
        logs = run / "logs"
        logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.out, self.err, self._ended = logs / f"{name}.out", logs / f"{name}.err", logs / f"{name}.ended.json"
        self.mark = hashlib.sha256(str(self.scratch).encode()).hexdigest()[:20]

    def read(self) -> AgentReply | None:
        if not self._ended.exists():
            return None
        outcome = msgspec.json.decode(self._ended.read_bytes(), type=Outcome)
        return outcome.reply if outcome.attempt == self._identity else None

    def write(self, reply: AgentReply) -> None:
        replace(self._ended, msgspec.json.encode(Outcome(self._identity, reply)))


def identity(job: AgentJob) -> str:
    """The same after a restart. A one-shot may be asked again within an attempt, to repair its reply or of another
    agent: then the prompt or the agent differs. A story's prompt may differ after a restart, and it is the same
    attempt."""
    asked = "" if job.role == "story" else hashlib.sha256(f"{job.agent}\n{job.prompt}".encode()).hexdigest()[:16]
    return "/".join((job.role, job.story, str(job.attempt), asked))


def place(job: AgentJob) -> tuple[str, ...]:
    """The story, or the role and what it is about; fit for a file name."""
    words = (job.story,) if job.role == "story" else (job.role, job.story)
    return tuple(re.sub(r"[^A-Za-z0-9_.-]", "_", word) for word in words if word)


def replace(path: Path, data: bytes) -> None:
    """Write all of it or nothing."""
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(data)
    new.replace(path)
