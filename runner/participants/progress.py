"""What the Conductor remembers: the journal folded into the facts its decisions need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import msgspec

from runner.domain import events as e
from runner.domain.agent import OWN_FAULT, Failure, FailureKind
from runner.domain.change import HeldBack, Landed, NotPushed, Pushed
from runner.domain.mode import Mode
from runner.domain.plan import Story
from runner.domain.run import RunSpec
from runner.domain.schedule import Schedule, slots_for
from runner.domain.verdict import Check, CheckResult, blamed

from .routes import Routes

Stop = Literal["cancelled", "wall", "budget", "surgeon"]

SURFACES = (e.CommentWanted, e.ReactionWanted, e.TidyWanted, e.CheckpointWanted)
"""requests that tell people and clean up; the run's own work does not wait for them"""


@dataclass
class Strikes:
    """Attempts at one story: how many started, and how many ended for whose reasons."""

    started: int = 0
    own: int = 0
    waits: int = 0
    conflicts: int = 0
    """times its work could not be merged"""
    sent_back: int = 0
    """times a critic found it not done"""
    evidence: str = ""
    well: bool = False
    """the last attempt has ended well: what its tree holds is done, and not merely begun"""
    failure: Failure | None = None
    """how it ended otherwise"""


@dataclass
class Progress:
    """Folds every entry; never speaks."""

    spec: RunSpec | None = None
    waiting: dict[int, e.Request] = field(default_factory=dict)
    answered: e.Request | None = None
    """the request that the entry just folded has answered"""
    begun: bool = False
    host: str = ""
    moving: bool = False
    """another host has taken the run, and its workspace there is not ready yet"""
    settled: e.PlanShaped | None = None
    schedule: Schedule | None = None
    strikes: dict[str, Strikes] = field(default_factory=dict)
    landed: dict[str, str] = field(default_factory=dict)
    """story to its commit on the run branch, in the order of landing"""
    harvested: dict[str, str] = field(default_factory=dict)
    """story to the commit that holds its work"""
    checkpointed: int = 0
    """how many had landed when the last checkpoint was asked for"""
    healings: int = 0
    routes: Routes = field(default_factory=Routes)
    base: str = ""
    """where the run began: the head of its first workspace, when nothing had landed yet"""
    checks: tuple[Check, ...] = ()
    """the frozen ones, found there"""
    compared: tuple[CheckResult, ...] = ()
    """what checks that fail on the result said where the run began"""
    verified: list[e.Verified] = field(default_factory=list)
    failures: list[e.StoryFailed] = field(default_factory=list)
    held_back: dict[str, tuple[HeldBack, ...]] = field(default_factory=dict)
    """by story, of its last harvest"""
    stop: Stop | None = None
    stop_sentence: str = ""
    pushed: Pushed | NotPushed | None = None
    collides: tuple[str, ...] = ()
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
        self.routes.fold(entry)
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
            case e.RunTaken(host=host):
                self._taken(host)
            case e.WorkspaceWanted():
                self.begun = True
            case e.WorkspaceReady(survey=survey, checks=checks) if not self.base:
                self.base, self.checks = survey.commit, checks
            case e.CheckpointWanted():
                self.checkpointed = len(self.landed)
            case e.StoryLost(story=story):
                del self.landed[story]
                self.harvested.pop(story, None)
                self._schedule.lost(story)
            case e.RunMoved():
                self.moving = False
            case e.PlanShaped():
                self._plan(event)
            case e.StoryWanted():
                self._wanted(event)
            case e.StoryUnchanged():
                self.harvested.pop(event.story, None)
                self._schedule.landed(event.story)
            case e.StoryFailed():
                self.failures.append(event)
                self._schedule.failed(event.story)
            case e.PlanHealed():
                self._healed(event)
            case e.CancelAsked():
                self._stop("cancelled", event.by)
            case e.BudgetReached():
                self._stop("budget", event.sentence)
            case e.HealingWanted():
                self.healings += 1
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
                self.held_back[event.story] = event.harvest.held_back
                if event.harvest.commit is not None:
                    self.harvested[event.story] = event.harvest.commit
            case e.Critiqued() if event.verdict.verdict == "fail":
                self.strikes[event.story].sent_back += 1
                self.strikes[event.story].evidence = event.verdict.evidence
            case e.StoryLanded(landing=Landed() as landed):
                self.landed[event.story] = landed.commit
                self._schedule.landed(event.story)
            case e.StoryLanded():
                self.strikes[event.story].conflicts += 1
            case e.Verified():
                self.verified.append(event)
            case e.Compared():
                self.compared += event.results
            case e.HealingProposed(action="stop"):
                self._stop("surgeon", event.reason)
            case e.PushEnded():
                self.pushed = event.run or self.pushed
                self.collides = event.collides
            case e.TimerFired(name="wall"):
                self._stop("wall", "")
            case e.HandFailed() if isinstance(request, e.HarvestWanted | e.LandWanted | e.PushWanted):
                self.stranded = True
            case e.HandFailed() if isinstance(request, e.StoryWanted | e.AttemptWanted):
                self.strikes[request.story].waits += 1
                self.strikes[request.story].failure = Failure("infrastructure", event.sentence, event.evidence)
            case e.RouteFailed() if isinstance(request, e.StoryWanted) and not event.failure.lasting:
                self.strikes[request.story].waits += 1
        if self.concluded:
            self._told(event, request)

    def _taken(self, host: str) -> None:
        elsewhere = self.begun and self.host not in ("", host)
        self.moving = self.concluded is None and (self.moving or elsewhere)
        self.host = host
        if self.moving:
            self.publishing = False

    def _stop(self, why: Stop, sentence: str) -> None:
        """The first reason counts; what is being published already is not stopped any more."""
        if self.stop is None and not self.publishing:
            self.stop, self.stop_sentence = why, sentence

    def _told(self, event: e.Answer, request: e.Request) -> None:
        early = isinstance(event, e.CommentShown) and event.seen < self._end
        if isinstance(request, SURFACES) and not early:
            self.told.add(type(request))

    def _plan(self, event: e.PlanShaped) -> None:
        assert self.spec is not None
        self.settled = event
        self.schedule = Schedule(event.stories, slots_for(event.mode, self.spec.limits))
        self.strikes = {story.id: Strikes() for story in event.stories}

    def _healed(self, event: e.PlanHealed) -> None:
        assert self.settled is not None
        self.settled = msgspec.structs.replace(self.settled, stories=event.stories)
        self.schedule = self._schedule.replanned(event.stories, event.story)
        self.strikes = {story.id: self.strikes.get(story.id, Strikes()) for story in event.stories}
        self.harvested = {id: commit for id, commit in self.harvested.items() if id in self.strikes}
        if event.story in self.strikes:
            self.strikes[event.story].own = 0

    def _wanted(self, event: e.StoryWanted) -> None:
        strikes = self.strikes[event.story]
        strikes.started, strikes.evidence = event.attempt, event.evidence
        strikes.well, strikes.failure = False, None
        if self._schedule.states[event.story] == "waiting":
            self._schedule.start(event.story)

    def _ended(self, event: e.AttemptEnded) -> None:
        strikes, failure = self.strikes[event.story], event.ended.failure
        strikes.well, strikes.failure = failure is None, failure
        if failure is None:
            return
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

    @property
    def may_heal(self) -> bool:
        """A focused run has one story, and no plan that could be mended."""
        assert self.spec is not None
        shaped = self.settled is not None and self.settled.mode != Mode.FOCUSED
        return shaped and self.stop is None and self.healings < self.spec.limits.healings

    @property
    def preserved(self) -> tuple[str, ...]:
        """Stories with work that is not on the run branch."""
        return tuple(story for story in self.harvested if story not in self.landed)

    @property
    def failed_checks(self) -> tuple[str, ...]:
        """Names of the checks that fail on the whole result, as it was last verified, and did not before."""
        return tuple(result.name for result in blamed(self._results, self.compared))

    @property
    def uncompared(self) -> tuple[Check, ...]:
        """Frozen checks that fail on the result, and nobody knows yet whether they did before. A story's own commands
        are about what it was to write, so they say nothing there."""
        failed = {result.name for result in self._results if result.state == "fail"}
        known = {result.name for result in self.compared}
        return tuple(check for check in self.checks if check.name in failed - known)

    @property
    def _results(self) -> tuple[CheckResult, ...]:
        """Of the whole."""
        whole = [verified for verified in self.verified if not verified.story]
        return whole[-1].results if whole else ()

    def alarmed(self, name: str, due: float) -> bool:
        """A timer of that name will fire by then."""
        timers = [request for request in self.waiting.values() if isinstance(request, e.TimerSet)]
        return any(timer.name == name and timer.due <= due for timer in timers)

    def pending(self, *kinds: type[e.Request]) -> list[int]:
        """Sequence numbers of the unanswered requests of these kinds."""
        return [seq for seq, request in self.waiting.items() if isinstance(request, kinds)]

    @property
    def quiet(self) -> bool:
        """No request that does the run's own work is in flight."""
        return all(
            isinstance(r, SURFACES) or (isinstance(r, e.TimerSet) and r.background) for r in self.waiting.values()
        )
