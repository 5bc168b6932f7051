"""The course of one story, as the Conductor conducts it: what follows each event between its start and its end.

wanted → seated → attempt → harvest → critique → land → landed
            ↑         │                   │        │
            └─────────┴── again, with evidence ────┘   or healed, or failed with its work preserved
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.domain import events as e
from runner.domain.agent import OWN_FAULT, Failure, FailureKind
from runner.domain.change import Landed, Preserved
from runner.voice import endings

from .progress import Progress

RETRY_FIRST = 2.0
"""seconds before the first repeat of what failed for reasons of its surroundings; doubles from there"""
RETRY_MAX = 60.0
"""seconds, the longest such wait unless the provider asks for more"""
SENT_BACK = 1
"""times a critic may send a story back"""
REDONE = 1
"""times a story that cannot be merged is done again on top of what it conflicts with"""


def follow(now: Progress, entry: e.Entry) -> Iterator[e.Event]:
    """What a story's event asks for next; nothing for any other event."""
    event = entry.event
    match event:
        case e.StorySeated():
            evidence = now.strikes[event.story].evidence
            yield e.AttemptWanted(story=event.story, attempt=event.attempt, evidence=evidence)
        case e.AttemptEnded(ended=ended) if ended.failure is not None:
            yield from retry_or_give_up(now, entry.at, event.story, ended.failure)
        case e.AttemptEnded():
            yield e.HarvestWanted(story=event.story, attempt=event.attempt, at=_whole(entry.at))
        case e.TimerFired(name=name) if name.startswith("retry:"):
            yield _again(now, name.removeprefix("retry:"))
        case e.StoryHarvested():
            yield from _harvested(now, event)
        case e.Critiqued():
            yield from _critiqued(now, entry, event)
        case e.StoryLanded(landing=Landed() as landed) if landed.discarded:
            yield e.VerifyWanted(story=event.story, commit=landed.commit)
        case e.StoryLanded(landing=Preserved() as kept):
            yield from _not_merged(now, event.story, kept)
        case e.HealingProposed():
            yield from _healing(now, event)
        case e.PlanHealed(action="drop"):
            yield failed(now, event.story, "execution", event.reason, now.strikes[event.story].evidence)


def land(now: Progress, at: float, story: str) -> e.LandWanted:
    return e.LandWanted(story=story, commit=now.harvested[story], at=_whole(at))


def retry_or_give_up(now: Progress, at: float, story: str, failure: Failure) -> Iterator[e.Event]:
    if not now.may_retry(story, failure.kind):
        yield _give_up(now, story, failure.kind, failure.message, failure.evidence)
    elif failure.kind in OWN_FAULT:
        yield _again(now, story)
    else:
        waits = now.strikes[story].waits
        pause = failure.retry_after or min(RETRY_FIRST * 2 ** (waits - 1), RETRY_MAX)
        yield e.TimerSet(name=f"retry:{story}", due=at + pause)


def failed(now: Progress, story: str, kind: FailureKind, sentence: str, evidence: str) -> e.StoryFailed:
    assert now.schedule is not None
    return e.StoryFailed(
        story=story, kind=kind, sentence=sentence, evidence=evidence, blocked=now.schedule.blocked_by(story)
    )


def _again(now: Progress, story: str, *, keep: bool = False) -> e.StoryWanted:
    strikes = now.strikes[story]
    return e.StoryWanted(story=story, attempt=strikes.started + 1, evidence=strikes.evidence, keep=keep)


def _give_up(now: Progress, story: str, kind: FailureKind, sentence: str, evidence: str) -> e.Event:
    """Failed, unless the plan may still be changed so that it need not be."""
    if now.may_heal and kind in OWN_FAULT:
        return e.HealingWanted(story=story, kind=kind, sentence=sentence, evidence=evidence)
    return failed(now, story, kind, sentence, evidence)


def _harvested(now: Progress, event: e.StoryHarvested) -> Iterator[e.Event]:
    harvest = event.harvest
    if harvest.commit is not None:
        attempt = now.strikes[event.story].started
        yield e.CritiqueWanted(story=event.story, attempt=attempt, commit=harvest.commit)
    elif harvest.held_back:
        yield failed(now, event.story, "execution", endings.all_held_back(harvest.held_back), "")
    else:
        yield e.StoryUnchanged(story=event.story)


def _critiqued(now: Progress, entry: e.Entry, event: e.Critiqued) -> Iterator[e.Event]:
    story, verdict = event.story, event.verdict
    if verdict.verdict != "fail":
        yield land(now, entry.at, story)
    elif now.strikes[story].sent_back <= SENT_BACK:
        yield _again(now, story, keep=True)
    else:
        yield _give_up(now, story, "verification", endings.not_accepted(verdict), verdict.evidence)


def _not_merged(now: Progress, story: str, kept: Preserved) -> Iterator[e.Event]:
    """The story once more, on top of what it conflicts with and told of both sides, before a person has to."""
    if now.strikes[story].conflicts <= REDONE:
        evidence = endings.conflicting(kept)
        yield e.StoryWanted(story=story, attempt=now.strikes[story].started + 1, evidence=evidence)
    else:
        yield failed(now, story, "execution", endings.not_merged(kept), kept.evidence)


def _healing(now: Progress, event: e.HealingProposed) -> Iterator[e.Event]:
    if event.stories is not None:
        yield e.PlanHealed(story=event.story, action=event.action, reason=event.reason, stories=event.stories)
    else:
        wanted = now.answered
        assert isinstance(wanted, e.HealingWanted)
        yield failed(now, event.story, wanted.kind, wanted.sentence, wanted.evidence)


def _whole(at: float) -> float:
    """Git dates are whole seconds, and a repeated commit must be the same commit."""
    return float(int(at))
