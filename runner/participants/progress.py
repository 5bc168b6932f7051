"""What the Conductor remembers: the journal folded into the facts its decisions need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from runner.domain import events as e
from runner.domain.agent import OWN_FAULT, FailureKind
from runner.domain.change import HeldBack, Landed, NotPushed, Pushed
from runner.domain.plan import Story
from runner.domain.run import RunSpec
from runner.domain.schedule import Schedule, slots_for

Stop = Literal["cancelled", "wall"]

SURFACES = (e.CommentWanted, e.ReactionWanted, e.TidyWanted)
"""requests that tell people and clean up; the run's own work does not wait for them"""


@dataclass
class Strikes:
    """Attempts at one story: how many started, and how many ended for whose reasons."""

    started: int = 0
    own: int = 0
    waits: int = 0
    evidence: str = ""


@dataclass
class Progress:
    """Folds every entry; never speaks."""

    spec: RunSpec | None = None
    waiting: dict[int, e.Request] = field(default_factory=dict)
    answered: e.Request | None = None
    """the request that the entry just folded has answered"""
    begun: bool = False
    settled: e.PlanShaped | None = None
    schedule: Schedule | None = None
    strikes: dict[str, Strikes] = field(default_factory=dict)
    landed: list[str] = field(default_factory=list)
    preserved: list[str] = field(default_factory=list)
    failures: list[e.StoryFailed] = field(default_factory=list)
    held_back: list[HeldBack] = field(default_factory=list)
    stop: Stop | None = None
    stopped_by: str = ""
    pushed: Pushed | NotPushed | None = None
    publishing: bool = False
    intake: e.IntakeGiven | None = None
    concluded: e.RunConcluded | None = None
    told: set[type[e.Request]] = field(default_factory=set)
    """which closing requests have been answered; the comment only once it shows the end"""
    _end: int = 0
    stranded: bool = False
    """work exists that only this host's worktree holds: it must not be tidied away"""

    def fold(self, entry: e.Entry) -> None:
        event = entry.event
        self.answered = None
        if isinstance(event, e.Request):
            self.waiting[entry.seq] = event
        elif isinstance(event, e.Answer):
            self.answered = self.waiting.pop(event.answers)
            self._answer(event, self.answered)
        self._fact(entry, event)

    def _fact(self, entry: e.Entry, event: e.Event) -> None:
        match event:
            case e.RunSubmitted():
                self.spec = event.spec
            case e.WorkspaceWanted():
                self.begun = True
            case e.PlanShaped():
                self._plan(event)
            case e.StoryWanted():
                self._wanted(event)
            case e.StoryUnchanged():
                self._schedule.landed(event.story)
            case e.StoryFailed():
                self.failures.append(event)
                self._schedule.failed(event.story)
            case e.CancelAsked() if self.stop is None and not self.publishing:
                self.stop, self.stopped_by = "cancelled", event.by
            case e.PushWanted():
                self.publishing = True
            case e.RunConcluded() if self.concluded is None:
                self.concluded, self._end = event, entry.seq

    def _answer(self, event: e.Answer, request: e.Request) -> None:
        match event:
            case e.IntakeGiven():
                self.intake = event
            case e.AttemptEnded():
                self._ended(event)
            case e.StoryHarvested():
                self.held_back += event.harvest.held_back
            case e.StoryLanded(landing=Landed()):
                self.landed.append(event.story)
                self._schedule.landed(event.story)
            case e.StoryLanded():
                self.preserved.append(event.story)
            case e.PushEnded():
                self.pushed = event.run or self.pushed
            case e.TimerFired(name="wall") if self.stop is None and not self.publishing:
                self.stop = "wall"
            case e.HandFailed() if isinstance(request, e.HarvestWanted | e.LandWanted | e.PushWanted):
                self.stranded = True
            case e.HandFailed() if isinstance(request, e.StoryWanted | e.AttemptWanted):
                self.strikes[request.story].waits += 1
        if self.concluded:
            self._told(event, request)

    def _told(self, event: e.Answer, request: e.Request) -> None:
        early = isinstance(event, e.CommentShown) and event.seen < self._end
        if isinstance(request, SURFACES) and not early:
            self.told.add(type(request))

    def _plan(self, event: e.PlanShaped) -> None:
        assert self.spec is not None
        self.settled = event
        self.schedule = Schedule(event.stories, slots_for(event.mode, self.spec.limits))
        self.strikes = {story.id: Strikes() for story in event.stories}

    def _wanted(self, event: e.StoryWanted) -> None:
        self.strikes[event.story].started = event.attempt
        if event.attempt == 1:
            self._schedule.start(event.story)

    def _ended(self, event: e.AttemptEnded) -> None:
        failure = event.ended.failure
        if failure is None:
            return
        strikes = self.strikes[event.story]
        strikes.evidence = f"{failure.message}\n{failure.evidence}".strip()
        if failure.kind in OWN_FAULT:
            strikes.own += 1
        else:
            strikes.waits += 1

    @property
    def _schedule(self) -> Schedule:
        assert self.schedule is not None, "a story event before the plan"
        return self.schedule

    def story(self, story: str) -> Story:
        assert self.settled is not None
        return next(s for s in self.settled.stories if s.id == story)

    def may_retry(self, story: str, kind: FailureKind) -> bool:
        assert self.spec is not None
        strikes, limits = self.strikes[story], self.spec.limits
        return strikes.own < limits.attempts if kind in OWN_FAULT else strikes.waits <= limits.waits

    def pending(self, *kinds: type[e.Request]) -> list[int]:
        """Sequence numbers of the unanswered requests of these kinds."""
        return [seq for seq, request in self.waiting.items() if isinstance(request, kinds)]

    @property
    def quiet(self) -> bool:
        """No request that does the run's own work is in flight."""
        return all(
            isinstance(r, SURFACES) or (isinstance(r, e.TimerSet) and r.background) for r in self.waiting.values()
        )
