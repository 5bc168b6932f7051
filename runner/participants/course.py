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
from runner.domain.detour import pause
from runner.voice import endings

from .progress import Progress

SENT_BACK = 1
"""times a critic may send a story back"""
REDONE = 1
"""times a story that cannot be merged is done again on top of what it conflicts with"""


def follow(now: Progress, entry: e.Entry) -> Iterator[e.Event]:
    """What a story's event asks for next; nothing for any other event."""
    event = entry.event
    match event:
        case e.StorySeated():
            last = now.strikes[event.story]
            yield e.AttemptWanted(event.story, event.attempt, last.evidence, now.routes.taken[event.story])
        case e.AttemptEnded(ended=ended) if ended.failure is not None:
            yield from retry_or_give_up(now, entry.at, event.story, ended.failure)
        case e.AttemptEnded():
            yield harvest(now, entry.at, event.story)
        case e.TimerFired(name=name) if name.startswith("retry:"):
            yield _again(now, entry.at, name.removeprefix("retry:"))
        case e.StoryHarvested():
            yield from _harvested(now, entry.at, event)
        case e.Critiqued():
            yield from _critiqued(now, entry, event)
        case e.StoryLanded(landing=Landed() as landed) if landed.discarded:
            yield e.VerifyWanted(story=event.story, commit=landed.commit, stories=(*now.landed,))
        case e.StoryLanded(landing=Preserved() as kept):
            yield from _not_merged(now, entry.at, event.story, kept)
        case e.HealingProposed():
            yield from _healing(now, event)
        case e.PlanHealed(action="drop"):
            yield failed(now, event.story, "execution", event.reason, now.strikes[event.story].evidence)


def harvest(now: Progress, at: float, story: str) -> e.HarvestWanted:
    return e.HarvestWanted(story=story, attempt=now.strikes[story].started, at=_whole(at))


def land(now: Progress, at: float, story: str) -> e.LandWanted:
    return e.LandWanted(story=story, commit=now.harvested[story], at=_whole(at))


def retry_or_give_up(now: Progress, at: float, story: str, failure: Failure) -> Iterator[e.Event]:
    if not now.may_retry(story, failure.kind):
        yield _lay_down(now, at, story, failure)
    elif failure.kind in OWN_FAULT:
        yield _again(now, at, story)
    elif failure.of_the_route:
        yield from _another_route(now, at, story, failure)
    else:
        yield e.TimerSet(name=f"retry:{story}", due=at + pause(failure, now.strikes[story].waits))


def _another_route(now: Progress, at: float, story: str, failure: Failure) -> Iterator[e.Event]:
    """The next one at once; else wait for the first that opens, where the run has that long."""
    due = now.routes.opens(now.routes.tier(story), at)
    if due <= at:
        again = _again(now, at, story)
        yield e.Rerouted("story", story, now.routes.taken[story], again.route, failure.message)
        yield again
    elif due < now.routes.wall:
        yield e.TimerSet(name=f"retry:{story}", due=due)
    else:
        yield _lay_down(now, at, story, failure)


def _lay_down(now: Progress, at: float, story: str, failure: Failure) -> e.Event:
    """Nobody goes on with it. What the agent had begun is taken in first: it is work, and becomes a branch. What an
    earlier attempt had finished is worth more."""
    if isinstance(now.answered, e.AttemptWanted) and story not in now.harvested:
        return harvest(now, at, story)
    return laid_down(now, at, story, failure)


def laid_down(now: Progress, at: float, story: str, failure: Failure) -> e.Event:
    sentence = failure.message
    if failure.of_the_route and not failure.lasting and now.may_retry(story, failure.kind):
        sentence = endings.closed_too_long(sentence, now.routes.opens(now.routes.tier(story), at))
    return _give_up(now, at, story, failure.kind, sentence, failure.evidence)


def failed(now: Progress, story: str, kind: FailureKind, sentence: str, evidence: str) -> e.StoryFailed:
    assert now.schedule is not None
    return e.StoryFailed(
        story=story, kind=kind, sentence=sentence, evidence=evidence, blocked=now.schedule.blocked_by(story)
    )


def wanted(now: Progress, at: float, story: str, evidence: str = "", *, keep: bool = False) -> e.StoryWanted:
    """The next attempt, on the best route that is open."""
    attempt, route = now.strikes[story].started + 1, now.routes.best(now.routes.tier(story), at)
    return e.StoryWanted(story=story, attempt=attempt, evidence=evidence, keep=keep, route=route)


def _again(now: Progress, at: float, story: str, *, keep: bool = False) -> e.StoryWanted:
    return wanted(now, at, story, now.strikes[story].evidence, keep=keep)


def _give_up(now: Progress, at: float, story: str, kind: FailureKind, sentence: str, evidence: str) -> e.Event:
    """Failed, unless the plan may still be changed so that it need not be."""
    if now.may_heal and kind in OWN_FAULT:
        route = now.routes.best("surgeon", at)
        return e.HealingWanted(story=story, kind=kind, sentence=sentence, evidence=evidence, route=route)
    return failed(now, story, kind, sentence, evidence)


def _harvested(now: Progress, at: float, event: e.StoryHarvested) -> Iterator[e.Event]:
    harvest, failure = event.harvest, now.strikes[event.story].failure
    if failure is not None:
        yield laid_down(now, at, event.story, failure)
    elif harvest.commit is not None:
        attempt = now.strikes[event.story].started
        yield e.CritiqueWanted(event.story, attempt, harvest.commit, now.routes.best("critic", at))
    elif harvest.held_back:
        yield failed(now, event.story, "execution", endings.all_held_back(harvest.held_back), "")
    else:
        yield e.StoryUnchanged(story=event.story)


def _critiqued(now: Progress, entry: e.Entry, event: e.Critiqued) -> Iterator[e.Event]:
    story, verdict = event.story, event.verdict
    if verdict.verdict != "fail":
        yield land(now, entry.at, story)
    elif now.strikes[story].sent_back <= SENT_BACK:
        yield _again(now, entry.at, story, keep=True)
    else:
        yield _give_up(now, entry.at, story, "verification", endings.not_accepted(verdict), verdict.evidence)


def _not_merged(now: Progress, at: float, story: str, kept: Preserved) -> Iterator[e.Event]:
    """The story once more, on top of what it conflicts with and told of both sides, before a person has to."""
    if now.strikes[story].conflicts <= REDONE:
        yield wanted(now, at, story, endings.conflicting(kept))
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
