"""The report: a run's journal folded into what people see, as one value.

Comment, pull request, page and terminal are views of it. `fold` is total and pure: any journal, any prefix of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Literal

import msgspec
from msgspec import Struct

from . import events as e
from .agent import Role, Usage
from .change import Discarded, HeldBack, Landed, NotPushed, Pushed
from .isolation import SandboxLevel, worse
from .mode import Intake, Mode
from .network import Blocked, total
from .run import Outcome, RunSpec
from .verdict import Check, CheckResult, Verdict, blamed, failing_before

Spending = Literal["intake", "planning", "stories", "reviews", "healing"]
_FOR: dict[Role, Spending] = {
    "intake": "intake",
    "plan": "planning",
    "story": "stories",
    "critic": "reviews",
    "surgeon": "healing",
}
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


def begin(entry: e.Entry) -> Report:
    """From a journal's first entry."""
    assert isinstance(entry.event, e.RunSubmitted)
    return Report(spec=entry.event.spec, submitted_at=entry.at)


def of(entries: Sequence[e.Entry]) -> Report:
    """A whole journal's."""
    return reduce(fold, entries[1:], begin(entries[0]))


def fold(report: Report, entry: e.Entry) -> Report:
    """The report after one more entry; the same object where nothing people see has changed."""
    return _frame(_stories(report, entry), entry)


def _frame(report: Report, entry: e.Entry) -> Report:
    event = entry.event
    match event:
        case e.RunTaken():
            report = _isolated(report, event)
            return report if report.taken_at is not None else _with(report, taken_at=entry.at, phase="preparing")
        case e.IntakeWanted():
            return _with(report, phase="intake")
        case e.IntakeGiven():
            return _spent(_with(report, intake=event.intake), "intake", event.usage)
        case e.PlanWanted():
            return _with(report, phase="planning")
        case e.PlanGiven():
            return _spent(report, "planning", event.usage)
        case e.AttemptEnded():
            return _spent(report, "stories", event.ended.usage)
        case e.Critiqued():
            return _spent(report, "reviews", event.usage)
        case e.HealingProposed():
            return _spent(report, "healing", event.usage)
        case e.RouteFailed():
            return _spent(report, _FOR[event.role], event.usage)
        case e.Rerouted():
            return _with(report, reroutes=(*report.reroutes, event))
        case e.WorkspaceReady() if report.asked is None:
            return _with(report, asked=event.checks)
        case e.Compared():
            return _with(report, compared=report.compared + event.results)
        case e.WriteWarned():
            return _with(report, warnings=(*report.warnings, event))
        case e.Verified(story=""):
            return _with(report, checks=event.results, unverified=event.problem)
        case e.CancelAsked():
            return _with(report, cancelled_by=event.by)
        case e.PushWanted():
            return _with(report, phase="publishing")
        case e.PushEnded():
            return _with(
                report, pushed=event.run or report.pushed, kept=report.kept + event.preserved, collides=event.collides
            )
        case e.PullShown():
            return _with(report, pull_number=event.number, pull_url=event.url)
        case e.RunConcluded():
            return _with(
                _stopped(report, entry.at),
                phase="over",
                concluded_at=entry.at,
                outcome=event.outcome,
                sentence=event.sentence,
                hint=event.hint,
                evidence=event.evidence,
            )
    return report


def _stories(report: Report, entry: e.Entry) -> Report:
    event = entry.event
    match event:
        case e.PlanShaped():
            lines = tuple(Line(s.id, s.title, s.depends_on) for s in event.stories)
            return _with(
                report,
                phase="running",
                intake=event.intake,
                mode=event.mode,
                adjustments=event.adjustments,
                lines=lines,
            )
        case e.PlanHealed():
            return _healed(report, event)
        case e.StoryWanted():
            line = report.line(event.story)
            started = entry.at if line is None or line.started_at is None else line.started_at
            return _line(report, event.story, state="running", attempt=event.attempt, started_at=started)
        case e.StorySeated():
            return _line(report, event.story, agent=event.agent)
        case e.AttemptEnded():
            return _attempt(report, event)
        case e.StoryHarvested():
            h = event.harvest
            harvested = h.commit or ""
            return _line(
                report,
                event.story,
                held_back=h.held_back,
                changed=tuple(change.path for change in h.changes),
                outside=h.outside,
                ended_at=entry.at,
                **({"harvested": harvested} if harvested else {}),
            )
        case e.Critiqued(verdict=verdict):
            return _line(report, event.story, verdict=verdict if verdict.verdict == "fail" else None)
        case e.Verified() if event.story:
            report = _line(report, event.story, checks=event.results)
            return _blocked(report, event.story, *(one for result in event.results for one in result.blocked))
        case e.StoryLanded(landing=Landed() as landed):
            return _landed(report, event.story, landed)
        case e.StoryLost():
            return _line(report, event.story, state="waiting", commit="", harvested="", ended_at=None)
        case e.StoryUnchanged():
            return _line(report, event.story, state="unchanged", ended_at=entry.at)
        case e.StoryFailed():
            return _failed(report, event, entry.at)
    return report


def _stopped(report: Report, at: float) -> Report:
    """What had not come to an end by itself has come to one now."""
    live = ("running", "retrying", "merging")
    for line in report.lines:
        if line.state in live or line.state == "waiting":
            report = _line(report, line.id, state="stopped", ended_at=at if line.state in live else None)
    return report


def _landed(report: Report, story: str, landed: Landed) -> Report:
    paths = {dropped.path for dropped in landed.discarded}
    before = [line.id for line in report.lines if line.state == "landed" and paths.intersection(line.changed)]
    return _line(
        report,
        story,
        state="landed",
        commit=landed.commit,
        discarded=landed.discarded,
        written_by=tuple(before),
        note="",
    )


def _attempt(report: Report, event: e.AttemptEnded) -> Report:
    line = report.line(event.story)
    usage = (line.usage if line else Usage()) + event.ended.usage
    failure = event.ended.failure
    report = _blocked(report, event.story, *event.ended.blocked)
    if failure is None:
        return _line(report, event.story, state="merging", usage=usage, note="")
    return _line(report, event.story, state="retrying", usage=usage, note=failure.message)


def _blocked(report: Report, story: str, *blocked: Blocked) -> Report:
    line = report.line(story)
    return _line(report, story, blocked=total((*line.blocked, *blocked))) if line and blocked else report


def _failed(report: Report, event: e.StoryFailed, at: float) -> Report:
    """Work that a failed story had committed is kept on a branch of its own."""
    line = report.line(event.story)
    kept = line.harvested if line else ""
    report = _line(
        report,
        event.story,
        state="preserved" if kept else "failed",
        commit=kept,
        branch=report.spec.story_branch(event.story) if kept else "",
        note=event.sentence,
        evidence=event.evidence,
        ended_at=at,
    )
    for story in event.blocked:
        report = _line(report, story, state="blocked", note=f"waits for {event.story}, which failed")
    return report


def _healed(report: Report, event: e.PlanHealed) -> Report:
    """Stories that stay keep their line; one that was blocked may have become free."""
    known = {line.id: line for line in report.lines}
    lines = []
    for story in event.stories:
        line = known.get(story.id, Line(story.id, story.title))
        free = line.state == "blocked" or story.id == event.story
        state, note = ("waiting", "") if free else (line.state, line.note)
        lines.append(msgspec.structs.replace(line, depends_on=story.depends_on, state=state, note=note))
    healing = Healing(event.story, event.action, event.reason)
    return _with(report, lines=tuple(lines), healings=(*report.healings, healing))


def _isolated(report: Report, event: e.RunTaken) -> Report:
    isolation = worse(report.isolation, event.isolation)
    return report if isolation == report.isolation else _with(report, isolation=isolation)


def _spent(report: Report, what: Spending, usage: Usage) -> Report:
    if usage == Usage():
        return report
    spent = dict(report.spent)
    spent[what] = spent.get(what, Usage()) + usage
    return _with(report, usage=report.usage + usage, spent=tuple(spent.items()))


def _line(report: Report, story: str, **changes: object) -> Report:
    lines = tuple(msgspec.structs.replace(line, **changes) if line.id == story else line for line in report.lines)
    return _with(report, lines=lines)


def _with(report: Report, **changes: object) -> Report:
    return msgspec.structs.replace(report, **changes)
