"""The report: what people see of a run, as one value. Comment, pull request, page and terminal are views of it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from . import events as e
from .agent import Usage
from .change import Discarded, HeldBack, NotPushed, Pushed
from .isolation import SandboxLevel
from .mode import Intake, Mode
from .network import Blocked
from .run import Outcome, RunSpec
from .verdict import Check, CheckResult, Verdict, blamed, failing_before

Spending = Literal["intake", "planning", "stories", "reviews", "healing"]
Phase = Literal["queued", "preparing", "intake", "planning", "running", "publishing", "over"]
StoryState = Literal[
    "waiting", "running", "retrying", "merging", "landed", "unchanged", "preserved", "failed", "blocked", "stopped"
]


class Line(Struct, frozen=True):
    """One story as people see it. Times are seconds since the epoch."""

    id: str
    title: str
    depends_on: tuple[str, ...] = ()
    state: StoryState = "waiting"
    agent: str = ""
    attempt: int = 0
    usage: Usage = Usage()
    started_at: float | None = None
    ended_at: float | None = None
    commit: str = ""
    note: str = ""
    evidence: str = ""
    held_back: tuple[HeldBack, ...] = ()
    changed: tuple[str, ...] = ()
    """paths, of its last harvest"""
    outside: tuple[str, ...] = ()
    discarded: tuple[Discarded, ...] = ()
    written_by: tuple[str, ...] = ()
    """the stories whose lines those may have been: merged before, with changes of the same files"""
    harvested: str = ""
    """the commit that holds its work, merged or not"""
    verdict: Verdict | None = None
    """of the critic, where it said fail"""
    checks: tuple[CheckResult, ...] = ()
    """run because its merge discarded lines: the repository's, and those of every story merged until then"""
    branch: str = ""
    """where the work of a story that did not merge is kept"""
    blocked: tuple[Blocked, ...] = ()
    """hosts that its attempts and checks asked for and did not reach"""

    @property
    def seconds(self) -> float | None:
        return None if self.started_at is None or self.ended_at is None else self.ended_at - self.started_at


class Healing(Struct, frozen=True):
    """A change of the plan that a failed story made necessary."""

    story: str
    action: str
    reason: str


class Report(Struct, frozen=True):
    """A run as it stands."""

    spec: RunSpec
    submitted_at: float
    phase: Phase = "queued"
    intake: Intake | None = None
    mode: Mode | None = None
    adjustments: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    usage: Usage = Usage()
    """of everything: one-shots and stories"""
    spent: tuple[tuple[Spending, Usage], ...] = ()
    """the same by what it was for, in the order of first use"""
    healings: tuple[Healing, ...] = ()
    reroutes: tuple[e.Rerouted, ...] = ()
    warnings: tuple[e.WriteWarned, ...] = ()
    asked: tuple[Check, ...] | None = None
    """the checks that were found before any agent ran"""
    checks: tuple[CheckResult, ...] = ()
    """on the whole result"""
    compared: tuple[CheckResult, ...] = ()
    """what those that failed said where the run began"""
    unverified: str = ""
    """why nothing could be checked"""
    isolation: SandboxLevel | None = None
    """the least that its hosts gave its agents; None where no host has said"""
    taken_at: float | None = None
    concluded_at: float | None = None
    outcome: Outcome | None = None
    sentence: str = ""
    hint: str = ""
    evidence: str = ""
    cancelled_by: str = ""
    pushed: Pushed | NotPushed | None = None
    kept: tuple[Pushed | NotPushed, ...] = ()
    """branches of stories that did not merge"""
    collides: tuple[str, ...] = ()
    """paths in which the result conflicts with a base branch that has moved"""
    pull_number: int | None = None
    pull_url: str = ""

    def line(self, story: str) -> Line | None:
        return next((line for line in self.lines if line.id == story), None)

    @property
    def landed(self) -> bool:
        """Every story is on the run branch, whole, or had nothing to do."""
        return bool(self.lines) and all(
            line.state in ("landed", "unchanged") and not line.held_back for line in self.lines
        )

    @property
    def complete(self) -> bool:
        """Nothing the plan asked for is missing, and nothing says that the result is not fit to be merged."""
        return self.landed and not self.collides and not self.blamed

    @property
    def blamed(self) -> tuple[CheckResult, ...]:
        """Checks that fail on the result and did not before."""
        return blamed(self.checks, self.compared)

    @property
    def failing_before(self) -> tuple[CheckResult, ...]:
        """Checks that fail on the result, as they failed before."""
        return failing_before(self.checks, self.compared)

    @property
    def rewritten(self) -> tuple[Check, ...]:
        """Checks that ran, and whose own source the run has changed: they say less than they seem to."""
        changed = {path for line in self.lines if line.state == "landed" for path in line.changed}
        ran = {result.name for result in self.checks if result.state != "skipped"}
        return tuple(check for check in self.asked or () if check.name in ran and check.source in changed)

    @property
    def alone_seconds(self) -> float | None:
        """What the stories would have taken one after another; None until all that ran have ended."""
        times = [line.seconds for line in self.lines if line.started_at is not None]
        return sum(t for t in times if t is not None) if times and None not in times else None

    @property
    def wall_seconds(self) -> float | None:
        """From the first story's start to the last one's end; None until all that ran have ended."""
        started = [line.started_at for line in self.lines if line.started_at is not None]
        ended = [line.ended_at for line in self.lines if line.started_at is not None]
        return max(t for t in ended if t is not None) - min(started) if started and None not in ended else None
