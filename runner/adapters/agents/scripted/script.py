"""The script of the scripted backend: its entries, read strictly, and which of them answers."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml
from msgspec import Meta, Struct

from runner.domain.agent import FailureKind, Role
from runner.errors import BaroError
from runner.ports import AgentJob


class Write(Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    text: str


class Edit(Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    old: str
    new: str


class Used(Struct, frozen=True, forbid_unknown_fields=True):
    input: int | None = None
    cached: int | None = None
    output: int | None = None
    cost: float | None = None


class Fail(Struct, frozen=True, forbid_unknown_fields=True):
    kind: FailureKind = "execution"
    message: str = "The script says that this fails."
    retry_after: float | None = None


STEPS: Mapping[str, Any] = {
    "write": Write,
    "edit": Edit,
    "delete": str,
    "run": str,
    "read": str,
    "commit": str,
    "say": str,
    "sleep": Annotated[float, Meta(ge=0)],
    "usage": Used,
    "fail": Fail,
    "exit": Annotated[int, Meta(ge=0, le=255)],
    "hang": bool,
}
"""What the player can do, and the value each step takes."""

Step = dict[str, Any]


class Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """As in the file; absent conditions match anything."""

    role: Role | None = None
    story: str | None = None
    when: str | None = None
    times: Annotated[int, Meta(ge=0)] | None = None
    answer: Any = None
    raw: str | None = None
    steps: tuple[Step, ...] = ()

    def fits(self, job: AgentJob) -> bool:
        return (
            self.role in (None, job.role)
            and self.story in (None, job.story)
            and (self.when is None or re.search(self.when, job.prompt) is not None)
        )

    @property
    def performance(self) -> list[Step]:
        """The steps to play, its reply included."""
        reply: list[Step] = [{"raw": self.raw}] if self.raw is not None else []
        return [*self.steps, *([{"answer": self.answer}] if self.answer is not None else reply)]


Script = dict[str, Entry]
"""The entries in order, each under a name that survives edits to the other ones."""


def load(path: Path) -> Script:
    """Raises BaroError, with the number of the entry, for anything that is not a script."""
    try:
        entries = yaml.safe_load(path.read_text())
    except OSError as error:
        raise BaroError(f"The agents' script {path} cannot be read: {error.strerror}.") from error
    except yaml.YAMLError as error:
        raise BaroError(f"The agents' script {path} is not YAML.", evidence=str(error)) from error
    if not isinstance(entries, list):
        raise BaroError(f"The agents' script {path} is not a list of entries.")
    return _named([_entry(path, number, entry) for number, entry in enumerate(entries, 1)])


def choose(script: Script, job: AgentJob, used: Counter[str]) -> str | None:
    """The name of the first entry that fits and may still answer."""
    return next(
        (name for name, e in script.items() if e.fits(job) and (e.times is None or used[name] < e.times)),
        None,
    )


def _entry(path: Path, number: int, raw: Any) -> Entry:
    try:
        entry = msgspec.convert(raw, Entry)
        re.compile(entry.when or "")
        steps = tuple(_step(step, position) for position, step in enumerate(entry.steps, 1))
    except (msgspec.ValidationError, re.error) as error:
        raise BaroError(f"Entry {number} of the agents' script {path} is not valid: {error}") from error
    return msgspec.structs.replace(entry, steps=steps)


def _step(step: Step, position: int) -> Step:
    """The step with its defaults filled in, as the player takes it."""
    if len(step) != 1:
        raise msgspec.ValidationError(f"step {position} is not one name and its value")
    ((name, value),) = step.items()
    if name not in STEPS:
        raise msgspec.ValidationError(f"step {position}, `{name}`, is none of {', '.join(STEPS)}")
    try:
        return {name: msgspec.to_builtins(msgspec.convert(value, STEPS[name]))}
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(f"step {position}, `{name}`: {error}") from error


def _named(entries: list[Entry]) -> Script:
    """By content: a line added above must not reset what `times` has counted."""
    seen: Counter[str] = Counter()
    script: Script = {}
    for entry in entries:
        digest = hashlib.sha256(msgspec.json.encode(entry, order="deterministic")).hexdigest()[:16]
        seen[digest] += 1
        script[f"{digest}.{seen[digest]}"] = entry
    return script
