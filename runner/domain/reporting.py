"""From a journal to the report: total and pure, for any journal and any prefix of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import msgspec

from . import events as e
from .agent import Role, Usage
from .change import Landed
from .isolation import worse
from .network import Blocked, total
from .report import Healing, Line, Report, Spending

_FOR: dict[Role, Spending] = {
    "intake": "intake",
    "plan": "planning",
    "story": "stories",
    "critic": "reviews",
    "surgeon": "healing",
}


def begin(entry: e.Entry) -> Report:
    """From a journal's first entry."""
    assert isinstance(entry.event, e.RunSubmitted)
    return Report(spec=entry.event.spec, submitted_at=entry.at)


def of(entries: Sequence[e.Entry]) -> Report:
    """A whole journal's."""
    return reduce(fold, entries[1:], begin(entries[0]))


def fold(report: Report, entry: e.Entry) -> Report:
    """The report after one more entry; the same object where nothing people see has changed."""
    for part in (_stories, _money, _checks, _course):
        report = part(report, entry)
    return report


def _course(report: Report, entry: e.Entry) -> Report:
    """Of the run as a whole."""
    event = entry.event
    match event:
        case e.RunTaken():
            report = _isolated(report, event)
            return report if report.taken_at is not None else _with(report, taken_at=entry.at, phase="preparing")
        case e.IntakeWanted():
            return _with(report, phase="intake")
        case e.IntakeGiven():
            return _with(report, intake=event.intake)
        case e.PlanWanted():
            return _with(report, phase="planning")
        case e.Rerouted():
            return _with(report, reroutes=(*report.reroutes, event))
        case e.WriteWarned():
            return _with(report, warnings=(*report.warnings, event))
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


def _money(report: Report, entry: e.Entry) -> Report:
    event = entry.event
    match event:
        case e.IntakeGiven():
            return _spent(report, "intake", event.usage)
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
    return report


def _checks(report: Report, entry: e.Entry) -> Report:
    event = entry.event
    match event:
        case e.WorkspaceReady() if report.asked is None:
            return _with(report, asked=event.checks)
        case e.Verified(story=""):
            return _with(report, checks=event.results, unverified=event.problem)
        case e.Verified():
            report = _line(report, event.story, checks=event.results)
            return _blocked(report, event.story, *(one for result in event.results for one in result.blocked))
        case e.Compared():
            return _with(report, compared=report.compared + event.results)
    return report


def _stories(report: Report, entry: e.Entry) -> Report:
    event = entry.event
    match event:
        case e.PlanShaped():
            return _planned(report, event)
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
            return _harvested(report, event, entry.at)
        case e.Critiqued(verdict=verdict):
            return _line(report, event.story, verdict=verdict if verdict.verdict == "fail" else None)
        case e.StoryLanded(landing=Landed() as landed):
            return _landed(report, event.story, landed)
        case e.StoryLost():
            return _line(report, event.story, state="waiting", commit="", harvested="", ended_at=None)
        case e.StoryUnchanged():
            return _line(report, event.story, state="unchanged", ended_at=entry.at)
        case e.StoryFailed():
            return _failed(report, event, entry.at)
    return report


def _planned(report: Report, event: e.PlanShaped) -> Report:
    lines = tuple(Line(story.id, story.title, story.depends_on) for story in event.stories)
    return _with(
        report, phase="running", intake=event.intake, mode=event.mode, adjustments=event.adjustments, lines=lines
    )


def _harvested(report: Report, event: e.StoryHarvested, at: float) -> Report:
    """One that holds nothing leaves what an earlier one held."""
    harvest = event.harvest
    report = _line(
        report,
        event.story,
        held_back=harvest.held_back,
        changed=tuple(change.path for change in harvest.changes),
        outside=harvest.outside,
        ended_at=at,
    )
    return _line(report, event.story, harvested=harvest.commit) if harvest.commit else report


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
