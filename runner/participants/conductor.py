"""The Conductor: wraps the pure schedule, answers every result, and is the only one that states wishes about the plan.

Hears: everything that answers a request, CancelAsked, the wall timer, a stall.
Says: what is wanted next (workspace, intake, plan, stories, harvests, merges, pushes, pull request), what became of a
story, and how the run ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runner.domain import events as e
from runner.domain.agent import Failure
from runner.domain.change import Landed, Pushed
from runner.domain.mode import Intake, Mode, fallback
from runner.domain.plan import Plan
from runner.domain.run import Outcome
from runner.domain.shape import focused_plan, shape
from runner.voice import endings

from . import course, shipping
from .progress import Progress

MOVABLE = (
    e.WorkspaceWanted,
    e.IntakeWanted,
    e.PlanWanted,
    e.StoryWanted,
    e.AttemptWanted,
    e.HarvestWanted,
    e.LandWanted,
    e.CritiqueWanted,
    e.HealingWanted,
    e.VerifyWanted,
    e.CompareWanted,
    e.PushWanted,
    e.PullWanted,
    e.CheckpointWanted,
)
"""what a host that has no part of the run's workspace cannot carry on"""

STOPPABLE = (
    e.WorkspaceWanted,
    e.IntakeWanted,
    e.PlanWanted,
    e.StoryWanted,
    e.AttemptWanted,
    e.CritiqueWanted,
    e.HealingWanted,
    e.VerifyWanted,
    e.CompareWanted,
    e.TimerSet,
)
"""what a stop withdraws; git's own work is left to finish"""


class Conductor:
    name = "conductor"

    def __init__(self) -> None:
        self._now = Progress()

    def fold(self, entry: e.Entry) -> None:
        self._now.fold(entry)

    def decide(self, entry: e.Entry) -> Iterable[e.Event]:
        now = self._now
        if now.concluded:
            return self._closing(entry.event)
        if now.moving:
            return self._moving(entry.event)
        if now.stop and not now.publishing:
            return self._stopping(entry)
        if isinstance(entry.event, e.HandFailed):
            return self._unanswered(entry, _own(entry.event), entry.event.hint)
        if isinstance(entry.event, e.RouteFailed):
            return self._route_failed(entry, entry.event)
        return self._forward(entry)

    # --- the way forward ----------------------------------------------------------------------------------------

    def _forward(self, entry: e.Entry) -> Iterator[e.Event]:
        event, spec = entry.event, self._now.spec
        assert spec is not None
        match event:
            case e.RunTaken() if not self._now.begun:
                yield e.WorkspaceWanted()
                yield e.TimerSet(name="wall", due=entry.at + spec.limits.wall, background=True)
            case e.WorkspaceReady():
                yield e.IntakeWanted(route=self._now.routes.best("intake", entry.at))
            case e.RunMoved():
                yield from self._moved(entry.at)
            case e.IntakeGiven(intake=intake):
                yield self._planned(intake, entry.at)
            case e.PlanGiven(plan=None):
                yield self._focused(fallback(endings.no_plan(event.problems)))
            case e.PlanGiven(plan=Plan() as plan):
                yield self._shaped(plan)
            case e.PlanShaped() | e.TimerFired(name="routes"):
                yield from self._start_ready(entry.at)
            case e.ListenerFailed():
                yield _failed(endings.own_error(event.sentence))
            case e.EngineStalled():
                yield _failed(endings.stalled(event.tail))
            case _:
                yield from self._story(entry)

    def _planned(self, intake: Intake, at: float) -> e.Event:
        if intake.mode == Mode.FOCUSED:
            return self._focused(intake)
        return e.PlanWanted(intake=intake, route=self._now.routes.best("plan", at))

    def _focused(self, intake: Intake) -> e.PlanShaped:
        assert self._now.spec is not None
        shaped = shape(focused_plan(self._now.spec.goal), intake, self._now.spec.limits)
        return e.PlanShaped(shaped.mode, shaped.stories, intake, shaped.adjustments)

    def _shaped(self, plan: Plan) -> e.PlanShaped:
        assert self._now.spec is not None
        assert self._now.intake is not None
        intake = self._now.intake.intake
        shaped = shape(plan, intake, self._now.spec.limits)
        return e.PlanShaped(shaped.mode, shaped.stories, intake, shaped.adjustments)

    def _story(self, entry: e.Entry) -> Iterator[e.Event]:
        yield from course.follow(self._now, entry)
        match entry.event:
            case e.StoryLanded(landing=Landed()) | e.StoryUnchanged() | e.StoryFailed():
                yield from self._start_ready(entry.at)
                yield from self._checkpoint()
            case e.Checkpointed():
                yield from self._checkpoint()
            case e.PlanHealed(action=action) if action != "drop":
                yield from self._start_ready(entry.at)
            case e.Verified(story=story) if story:
                yield from self._start_ready(entry.at)
            case _:
                yield from shipping.follow(self._now, entry.event)

    def _start_ready(self, at: float) -> Iterator[e.Event]:
        now = self._now
        assert now.schedule is not None
        held = now.routes.held(at)
        yield from (course.wanted(now, at, story) for story in now.schedule.ready(held))
        dues = [held[story] for story in now.schedule.ready() if story in held]
        if dues and not now.alarmed("routes", min(dues)):
            yield e.TimerSet(name="routes", due=min(dues))
        if now.schedule.done and now.quiet:
            yield from shipping.ship(self._now)

    def _checkpoint(self) -> Iterator[e.Event]:
        """What has landed since the last one, unless everything ships now anyway."""
        now = self._now
        assert now.schedule is not None
        if len(now.landed) > now.checkpointed and not now.schedule.done and not now.pending(e.CheckpointWanted):
            yield e.CheckpointWanted()

    # --- to another machine -------------------------------------------------------------------------------------

    def _moving(self, event: e.Event) -> Iterator[e.Event]:
        """What the last host had in hand is put down, and taken up again once this one has a workspace."""
        match event:
            case e.RunTaken():
                for seq, request in self._now.waiting.items():
                    if isinstance(request, MOVABLE) or (isinstance(request, e.TimerSet) and not request.background):
                        yield e.Withdrawn(request=seq)
                yield e.WorkspaceWanted()
            case e.WorkspaceReady(landed=landed):
                yield from (e.StoryLost(story=story) for story in self._now.landed if story not in landed)
                yield e.RunMoved()
            case e.HandFailed() if isinstance(self._now.answered, e.WorkspaceWanted):
                yield e.RunConcluded(Outcome.FAILED, event.sentence, event.hint, event.evidence)

    def _moved(self, at: float) -> Iterator[e.Event]:
        now = self._now
        if now.intake is None and now.settled is None:
            yield e.IntakeWanted(route=now.routes.best("intake", at))
        elif now.settled is None:
            assert now.intake is not None
            yield self._planned(now.intake.intake, at)
        else:
            assert now.schedule is not None
            for story in now.schedule.running:  # all of them adrift: what the last host had in hand was put down
                yield course.wanted(now, at, story, now.strikes[story].evidence)
            yield from self._start_ready(at)

    # --- what goes wrong ----------------------------------------------------------------------------------------

    def _route_failed(self, entry: e.Entry, event: e.RouteFailed) -> Iterable[e.Event]:
        """The same on the next route, where one is open; else what follows where nobody can be asked."""
        another = [*self._now.routes.another(entry.at, self._now.answered, event)]
        return another or self._unanswered(entry, event.failure, "")

    def _unanswered(self, entry: e.Entry, failure: Failure, hint: str) -> Iterator[e.Event]:
        sentence, evidence = failure.message, failure.evidence
        match self._now.answered:
            case e.IntakeWanted():
                yield self._focused(fallback(endings.no_intake(sentence)))
            case e.PlanWanted():
                yield self._focused(fallback(endings.no_plan((sentence,))))
            case e.StoryWanted(story=story) | e.AttemptWanted(story=story):
                yield from course.retry_or_give_up(self._now, entry.at, story, failure)
            case e.HarvestWanted(story=story) if begun := self._now.strikes[story].failure:
                yield course.laid_down(self._now, entry.at, story, begun)
            case e.HarvestWanted(story=story) | e.LandWanted(story=story):
                yield course.failed(self._now, story, "infrastructure", sentence, evidence)
            case e.CritiqueWanted(story=story):
                yield course.land(self._now, entry.at, story)
            case e.HealingWanted() as wanted:
                yield course.failed(self._now, wanted.story, wanted.kind, wanted.sentence, wanted.evidence)
            case e.VerifyWanted(story="") | e.CompareWanted():
                yield e.PushWanted(preserved=self._now.preserved)
            case e.VerifyWanted():
                yield from self._start_ready(entry.at)
            case e.PullWanted():
                assert isinstance(self._now.pushed, Pushed)
                told = endings.no_pull(sentence, self._now.pushed)
                yield e.RunConcluded(Outcome.FAILED, told, hint, evidence)
            case e.WorkspaceWanted() | e.PushWanted() | e.TimerSet():
                yield e.RunConcluded(Outcome.FAILED, sentence, hint, evidence)

    def _stopping(self, entry: e.Entry) -> Iterator[e.Event]:
        """Stop what agents do, let git finish what is done and keep what is begun, then ship or say what there is."""
        event, now = entry.event, self._now
        match event:
            case e.CancelAsked() | e.TimerFired(name="wall") | e.BudgetReached() | e.HealingProposed():
                for seq in now.pending(*STOPPABLE):
                    yield e.Withdrawn(request=seq)
            case e.AttemptEnded() if event.ended.well:
                yield course.harvest(now, entry.at, event.story)
                return
            case e.AttemptEnded() | e.HandStopped() if isinstance(now.answered, e.AttemptWanted):
                if now.answered.story not in now.harvested:
                    yield course.harvest(now, entry.at, now.answered.story)
                    return
            case e.StoryHarvested() if event.harvest.commit is not None and now.strikes[event.story].well:
                yield course.land(now, entry.at, event.story)
                return
        if now.quiet and not isinstance(event, e.Request):
            yield from shipping.ship(self._now)

    # --- the end ------------------------------------------------------------------------------------------------

    def _closing(self, event: e.Event) -> Iterator[e.Event]:
        now = self._now
        if isinstance(event, e.RunConcluded):
            for seq, request in now.waiting.items():
                if not isinstance(request, e.CommentWanted):
                    yield e.Withdrawn(request=seq)
            yield e.ReactionWanted(content=endings.reaction(event.outcome))
            if not now.stranded:
                yield e.TidyWanted()
        wanted = {e.CommentWanted, e.ReactionWanted} | (set() if now.stranded else {e.TidyWanted})
        if now.told >= wanted and isinstance(event, e.Answer):
            assert now.concluded is not None
            yield e.RunEnded(now.concluded.outcome)


def _failed(sentence_and_evidence: tuple[str, str]) -> e.RunConcluded:
    sentence, evidence = sentence_and_evidence
    return e.RunConcluded(Outcome.FAILED, sentence, endings.own_error_hint(), evidence)


def _own(event: e.HandFailed) -> Failure:
    """A hand of ours that raised, as a failure: never the agent's."""
    return Failure("infrastructure", event.sentence, event.evidence)
