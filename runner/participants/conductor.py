"""The Conductor: wraps the pure schedule, answers every result, and is the only one that states wishes about the plan.

Hears: everything that answers a request, CancelAsked, the wall timer, a stall.
Says: what is wanted next (workspace, intake, plan, stories, harvests, merges, pushes, pull request), what became of a
story, and how the run ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runner.domain import events as e
from runner.domain.agent import OWN_FAULT, Failure, FailureKind
from runner.domain.change import NotPushed, Preserved, Pushed
from runner.domain.mode import Intake, Mode, fallback
from runner.domain.plan import Plan
from runner.domain.run import Outcome
from runner.domain.shape import focused_plan, shape
from runner.voice import endings

from .progress import Progress

STOPPABLE = (e.WorkspaceWanted, e.IntakeWanted, e.PlanWanted, e.StoryWanted, e.AttemptWanted, e.TimerSet)
"""what a cancel withdraws; git's own work is left to finish"""

RETRY_FIRST = 2.0
"""seconds before the first repeat of what failed for reasons of its surroundings; doubles from there"""
RETRY_MAX = 60.0
"""seconds, the longest such wait unless the provider asks for more"""


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
        if now.stop and not now.publishing:
            return self._stopping(entry)
        if isinstance(entry.event, e.HandFailed):
            return self._hand_failed(entry, entry.event)
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
                yield e.IntakeWanted()
            case e.IntakeGiven(intake=intake):
                yield self._focused(intake) if intake.mode == Mode.FOCUSED else e.PlanWanted(intake=intake)
            case e.PlanGiven(plan=None):
                yield self._focused(fallback(endings.no_plan(event.problems)))
            case e.PlanGiven(plan=Plan() as plan):
                yield self._shaped(plan)
            case e.PlanShaped():
                yield from self._start_ready()
            case e.ListenerFailed():
                yield _failed(endings.own_error(event.sentence))
            case e.EngineStalled():
                yield _failed(endings.stalled(event.tail))
            case _:
                yield from self._story(entry)

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

    def _start_ready(self) -> Iterator[e.Event]:
        assert self._now.schedule is not None
        for story in self._now.schedule.ready():
            yield e.StoryWanted(story=story, attempt=1)
        if self._now.schedule.done and self._now.quiet:
            yield from self._ship()

    # --- one story ----------------------------------------------------------------------------------------------

    def _story(self, entry: e.Entry) -> Iterator[e.Event]:
        event = entry.event
        match event:
            case e.StorySeated():
                evidence = self._now.strikes[event.story].evidence
                yield e.AttemptWanted(story=event.story, attempt=event.attempt, evidence=evidence)
            case e.AttemptEnded():
                yield from self._attempt_ended(entry, event)
            case e.TimerFired(name=name) if name.startswith("retry:"):
                yield self._again(name.removeprefix("retry:"))
            case e.StoryHarvested():
                yield from self._harvested(entry, event)
            case e.StoryLanded(landing=Preserved() as kept):
                yield self._story_failed(event.story, "execution", endings.not_merged(kept), "")
            case e.StoryLanded() | e.StoryUnchanged() | e.StoryFailed():
                yield from self._start_ready()
            case _:
                yield from self._published(event)

    def _attempt_ended(self, entry: e.Entry, event: e.AttemptEnded) -> Iterator[e.Event]:
        if event.ended.failure is None:
            yield e.HarvestWanted(story=event.story, attempt=event.attempt, at=float(int(entry.at)))
        else:
            yield from self._retry_or_fail(entry.at, event.story, event.ended.failure)

    def _retry_or_fail(self, at: float, story: str, failure: Failure) -> Iterator[e.Event]:
        if not self._now.may_retry(story, failure.kind):
            yield self._story_failed(story, failure.kind, failure.message, failure.evidence)
        elif failure.kind in OWN_FAULT:
            yield self._again(story)
        else:
            waits = self._now.strikes[story].waits
            pause = failure.retry_after or min(RETRY_FIRST * 2 ** (waits - 1), RETRY_MAX)
            yield e.TimerSet(name=f"retry:{story}", due=at + pause)

    def _again(self, story: str) -> e.StoryWanted:
        strikes = self._now.strikes[story]
        return e.StoryWanted(story=story, attempt=strikes.started + 1, evidence=strikes.evidence)

    def _harvested(self, entry: e.Entry, event: e.StoryHarvested) -> Iterator[e.Event]:
        harvest = event.harvest
        if harvest.commit is not None:
            yield e.LandWanted(story=event.story, commit=harvest.commit, at=float(int(entry.at)))
        elif harvest.held_back:
            yield self._story_failed(event.story, "execution", endings.all_held_back(harvest.held_back), "")
        else:
            yield e.StoryUnchanged(story=event.story)

    def _story_failed(self, story: str, kind: FailureKind, sentence: str, evidence: str) -> e.StoryFailed:
        assert self._now.schedule is not None
        blocked = self._now.schedule.blocked_by(story)
        return e.StoryFailed(story=story, kind=kind, sentence=sentence, evidence=evidence, blocked=blocked)

    # --- shipping -----------------------------------------------------------------------------------------------

    def _ship(self) -> Iterator[e.Event]:
        if self._now.landed or self._now.preserved:
            yield e.PushWanted(preserved=tuple(self._now.preserved))
        else:
            yield self._nothing_to_ship()

    def _nothing_to_ship(self) -> e.RunConcluded:
        now = self._now
        if now.stop:
            return self._stopped()
        if now.failures:
            first = now.failures[0]
            return e.RunConcluded(Outcome.FAILED, endings.story_failed(first), endings.retry_hint(), first.evidence)
        return e.RunConcluded(Outcome.UNCHANGED, endings.unchanged(), endings.unchanged_hint())

    def _published(self, event: e.Event) -> Iterator[e.Event]:
        spec = self._now.spec
        assert spec is not None
        match event:
            case e.PushEnded(run=NotPushed(moved=True)) if spec.pull is not None and not self._now.stop:
                yield from self._aside(event)
            case e.PushEnded(run=NotPushed() as refused):
                yield e.RunConcluded(Outcome.FAILED, endings.not_pushed(refused), "", refused.evidence)
            case e.PushEnded() if self._now.stop == "cancelled":
                yield self._stopped()
            case e.PushEnded(run=Pushed() as pushed) if spec.pull is not None:
                yield self._follow_up_ended(pushed)
            case e.PushEnded(run=Pushed()):
                yield e.PullWanted(draft=not self._complete)
            case e.PushEnded():
                yield self._nothing_to_ship()
            case e.PullShown():
                yield self._done()

    def _aside(self, event: e.PushEnded) -> Iterator[e.Event]:
        """Somebody pushed to the pull request's branch meanwhile: keep the work beside it, never over it."""
        assert isinstance(event.run, NotPushed)
        assert self._now.spec is not None
        if event.run.branch == self._now.spec.branch:
            yield e.RunConcluded(Outcome.FAILED, endings.not_pushed(event.run), "", event.run.evidence)
        else:
            yield e.PushWanted(aside=True)

    def _follow_up_ended(self, pushed: Pushed) -> e.RunConcluded:
        spec = self._now.spec
        assert spec is not None
        assert spec.pull is not None
        if pushed.branch != spec.pull.head_ref:
            return e.RunConcluded(Outcome.GAPS, endings.head_moved(spec.pull, pushed), endings.head_moved_hint(pushed))
        return self._done()

    def _done(self) -> e.RunConcluded:
        if self._complete:
            return e.RunConcluded(Outcome.DONE, endings.done())
        first = self._now.failures[0] if self._now.failures else None
        sentence = endings.wall() if self._now.stop == "wall" else endings.gaps(first, self._now.held_back)
        return e.RunConcluded(Outcome.GAPS, sentence, endings.gaps_hint(), first.evidence if first else "")

    @property
    def _complete(self) -> bool:
        return not (self._now.failures or self._now.held_back or self._now.stop)

    # --- what goes wrong ----------------------------------------------------------------------------------------

    def _hand_failed(self, entry: e.Entry, event: e.HandFailed) -> Iterator[e.Event]:
        match self._now.answered:
            case e.IntakeWanted():
                yield self._focused(fallback(endings.no_intake(event.sentence)))
            case e.PlanWanted():
                yield self._focused(fallback(endings.no_plan((event.sentence,))))
            case e.StoryWanted(story=story) | e.AttemptWanted(story=story):
                failure = Failure("infrastructure", event.sentence, event.evidence)
                yield from self._retry_or_fail(entry.at, story, failure)
            case e.HarvestWanted(story=story) | e.LandWanted(story=story):
                yield self._story_failed(story, "infrastructure", event.sentence, event.evidence)
            case e.PullWanted():
                assert isinstance(self._now.pushed, Pushed)
                sentence = endings.no_pull(event.sentence, self._now.pushed)
                yield e.RunConcluded(Outcome.FAILED, sentence, event.hint, event.evidence)
            case e.WorkspaceWanted() | e.PushWanted() | e.TimerSet():
                yield e.RunConcluded(Outcome.FAILED, event.sentence, event.hint, event.evidence)

    def _stopping(self, entry: e.Entry) -> Iterator[e.Event]:
        """Stop what agents do, let git finish what is done, then ship or say what there is."""
        event, now = entry.event, self._now
        match event:
            case e.CancelAsked() | e.TimerFired(name="wall"):
                for seq in now.pending(*STOPPABLE):
                    yield e.Withdrawn(request=seq)
            case e.AttemptEnded() if event.ended.well:
                yield e.HarvestWanted(story=event.story, attempt=event.attempt, at=float(int(entry.at)))
                return
            case e.StoryHarvested() if event.harvest.commit is not None:
                yield e.LandWanted(story=event.story, commit=event.harvest.commit, at=float(int(entry.at)))
                return
        if now.quiet and not isinstance(event, e.Request):
            yield from self._ship()

    def _stopped(self) -> e.RunConcluded:
        if self._now.stop == "wall":
            return e.RunConcluded(Outcome.FAILED, endings.wall(), endings.retry_hint())
        kept = self._now.pushed if isinstance(self._now.pushed, Pushed) else None
        return e.RunConcluded(Outcome.CANCELLED, endings.cancelled(self._now.stopped_by, kept))

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
