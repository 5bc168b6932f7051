"""How a run begins, is carried and ends; what the bus itself says."""

from __future__ import annotations

from runner.domain.isolation import SandboxLevel
from runner.domain.run import Outcome, RunSpec

from .base import SCHEMA, Answer, Event


class RunSubmitted(Event, frozen=True):
    """First of every journal."""

    spec: RunSpec
    schema: int = SCHEMA


class RunTaken(Event, frozen=True):
    """A host holds the lease and goes on with the run; the second and later ones follow a crash or a deploy."""

    host: str
    fence: int
    isolation: SandboxLevel | None = None
    """of agents on that host; None: a journal from before it was known"""


class HandFailed(Answer, frozen=True):
    """A hand raised. `sentence` is fit for people; a bug has a plain one and the traceback only in the log."""

    hand: str
    sentence: str
    hint: str = ""
    evidence: str = ""
    bug: bool = False


class HandStopped(Answer, frozen=True):
    """The request was withdrawn before it was answered."""


class Withdrawn(Event, frozen=True):
    """A mind no longer wants an answer to `request`; the bus stops the work."""

    request: int


class ListenerFailed(Event, frozen=True):
    """A source inside the run (the Doorman) died; the Conductor ends the run rather than go on deaf."""

    hand: str
    sentence: str


class EngineStalled(Event, frozen=True):
    """Nothing was in flight, nothing to say and no end: ours to mend, told to people as such."""

    tail: str


class RunConcluded(Event, frozen=True):
    """The outcome is decided; surfaces are still to be told."""

    outcome: Outcome
    sentence: str
    hint: str = ""
    evidence: str = ""


class RunEnded(Event, frozen=True):
    """Last of every journal."""

    outcome: Outcome
