"""The Conductor and the Cartographer against a world that does anything: every run ends once, and says the truth."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.bus import Bus, Roster, Say
from runner.domain import events as e
from runner.domain.agent import Ended, Failure, FailureKind, Usage
from runner.domain.change import Change, Harvest, HeldBack, Landed, NotPushed, Preserved, Pushed, Survey
from runner.domain.goal import PullTarget
from runner.domain.heal import Proposal, Rewired, heal
from runner.domain.mode import Intake, Mode
from runner.domain.plan import Plan, Story
from runner.domain.reporting import of
from runner.domain.route import Routing
from runner.domain.run import Outcome, RunSpec
from runner.domain.verdict import Check, CheckResult, Verdict
from runner.errors import BaroError, LeaseLost
from runner.participants.auditor import Auditor
from runner.participants.cartographer import Cartographer
from runner.participants.conductor import Conductor
from runner.participants.librarian import Librarian
from runner.participants.routes import ROUTED
from runner.participants.sentry import Sentry
from runner.participants.view import View
from tests.world.entries import MemoryJournal, first, spec

FAILURES: tuple[FailureKind, ...] = ("execution", "provider_capacity", "transport", "infrastructure")
AGENTS: Routing = {"standard": ("claude", "codex"), "critic": ("codex", "claude"), "intake": ("claude",)}
PULL = PullTarget(5, "A pull request", "topic", "a" * 40, "main")


class Anything:
    """Every hand at once; `chance` decides what comes back, `trouble` (0..1) how much of it is bad."""

    serial = False

    def __init__(
        self, name: str, run: RunSpec, chance: random.Random, trouble: float, live: Counter[str], view: View
    ) -> None:
        self.name = name
        self._run = run
        self._chance = chance
        self._trouble = trouble
        self._live = live
        self._view = view

    def _bad(self) -> bool:
        return self._chance.random() < self._trouble

    async def resume(self, seq: int, request: e.Request, say: Say) -> e.Answer:
        return await self.perform(seq, request, say)

    async def perform(self, seq: int, request: e.Request, say: Say) -> e.Answer:
        if isinstance(request, e.TimerSet) and request.background:
            for _ in range(self._chance.randrange(5, 400)):
                await asyncio.sleep(0)
        self._live[self.name] += 1
        self._live["most"] = max(self._live["most"], self._live["story_agent"])
        try:
            for _ in range(self._chance.randrange(5)):
                await asyncio.sleep(0)
        finally:
            self._live[self.name] -= 1
        if self._bad() and not isinstance(request, e.TimerSet):
            raise BaroError("the world said no")
        if isinstance(request, ROUTED) and self._bad():
            return e.RouteFailed(answers=seq, role="story", route=request.route, failure=self._of_the_route())
        if self._chance.random() < self._trouble / 20:
            say(e.CancelAsked(door="1-0", by="maria"))
        return self._answer(seq, request)

    def _answer(self, seq: int, request: e.Request) -> e.Answer:
        match request:
            case e.WorkspaceWanted():
                survey = Survey("c" * 40, 3, ("a.py",), ((".py", 3),))
                checks = (Check("pytest", "pytest -q"),)
                return e.WorkspaceReady(answers=seq, survey=survey, checks=checks, landed=self._checkpointed())
            case e.CheckpointWanted():
                return e.Checkpointed(answers=seq)
            case e.IntakeWanted():
                mode = self._chance.choice(list(Mode))
                return e.IntakeGiven(answers=seq, intake=Intake(mode, 0.9, "because", "model"))
            case e.PlanWanted():
                plan = None if self._bad() else self._plan()
                return e.PlanGiven(answers=seq, plan=plan, problems=() if plan else ("no stories",))
            case e.StoryWanted():
                return e.StorySeated(
                    answers=seq, story=request.story, attempt=request.attempt, base="b" * 40, agent="scripted"
                )
            case e.AttemptWanted():
                return e.AttemptEnded(
                    answers=seq, story=request.story, attempt=request.attempt, ended=Ended(self._failure(), Usage(1))
                )
            case e.HarvestWanted():
                return e.StoryHarvested(answers=seq, story=request.story, harvest=self._harvest())
            case e.LandWanted():
                kept = Preserved(f"baro-wt/{self._run.id}/{request.story}", request.commit, "conflict")
                landing = kept if self._bad() else Landed("d" * 40, "plain")
                return e.StoryLanded(answers=seq, story=request.story, landing=landing)
            case e.CritiqueWanted():
                vote = Verdict("fail", "no test", ("done",)) if self._bad() else Verdict("pass")
                return e.Critiqued(answers=seq, story=request.story, verdict=vote)
            case e.VerifyWanted():
                state = "fail" if self._bad() else "pass"
                results = (CheckResult("pytest", "pytest -q", state),)
                return e.Verified(answers=seq, story=request.story, results=results)
            case e.CompareWanted(checks=checks):
                state = "fail" if self._bad() else "pass"
                return e.Compared(answers=seq, results=tuple(CheckResult(c.name, c.command, state) for c in checks))
            case e.HealingWanted():
                return self._healing(seq, request)
            case e.PushWanted():
                return e.PushEnded(answers=seq, run=self._push(aside=request.aside))
            case e.PullWanted():
                return e.PullShown(answers=seq, number=9, url="http://127.0.0.1/9")
            case e.CommentWanted():
                return e.CommentShown(answers=seq, seen=seq, comment=1)
            case e.ReactionWanted():
                return e.ReactionShown(answers=seq)
            case e.TidyWanted():
                return e.Tidied(answers=seq)
            case e.TimerSet():
                return e.TimerFired(answers=seq, name=request.name)
        raise AssertionError(request)

    def _checkpointed(self) -> tuple[str, ...]:
        """What a new host finds: as much of what has landed as was checkpointed, by chance."""
        landed = [line.id for line in self._view.report.lines if line.state == "landed"]
        return tuple(landed[: self._chance.randint(0, len(landed))])

    def _plan(self) -> Plan:
        ids = [f"S{n}" for n in range(1, self._chance.randint(2, 7))]
        return Plan(
            tuple(
                Story(
                    id,
                    f"Story {id}",
                    "do it",
                    ("done",),
                    tuple(other for other in ids[:n] if self._chance.random() < 0.3),
                    (f"src/{id}.py",),
                )
                for n, id in enumerate(ids)
            )
        )

    def _healing(self, seq: int, request: e.HealingWanted) -> e.HealingProposed:
        actions = ("split", "prerequisite", "rewire", "drop", "stop")
        action = self._chance.choice(actions)
        view = self._view
        proposal = Proposal(
            action,
            "because",
            tuple(
                Story(f"N{seq}{n}", "New", "do it", ("done",), (), (f"new/{seq}{n}.py",))
                for n in range(2 if action in ("split", "prerequisite") else 0)
            ),
            rewired=tuple(
                Rewired(story.id, tuple(need for need in story.depends_on if need != request.story))
                for story in view.stories.values()
                if action in ("rewire", "drop") and story.id not in view.fixed - {request.story}
            ),
        )
        stories = tuple(view.stories.values())
        healed = None
        if action != "stop":
            healed, _ = heal(stories, view.fixed - {request.story}, request.story, proposal, 20)
        return e.HealingProposed(answers=seq, story=request.story, action=action, reason="because", stories=healed)

    def _failure(self) -> Failure | None:
        kind, lasting = self._chance.choice(FAILURES), self._chance.random() < 0.2
        return Failure(kind, "it broke", retry_after=1.0, lasting=lasting) if self._bad() else None

    def _of_the_route(self) -> Failure:
        lasting = self._chance.random() < 0.5
        after = self._chance.choice([None, 1.0, 1e6])
        return Failure("provider_capacity", "full", retry_after=after, lasting=lasting)

    def _harvest(self) -> Harvest:
        held = (HeldBack(".github/x.yml", "protected"),) if self._bad() else ()
        if self._bad():
            return Harvest(None, held_back=held)
        return Harvest("e" * 40, (Change("a.py", "modified", 1, 1),), held_back=held)

    def _push(self, *, aside: bool) -> Pushed | NotPushed:
        branch = self._run.pull.head_ref if self._run.pull and not aside else self._run.branch
        if self._bad():
            return NotPushed(branch, "refused", moved=self._chance.random() < 0.5)
        return Pushed(branch, "f" * 40)


HANDS = (
    "operator",
    "checkpointer",
    "intake",
    "planner",
    "story_factory",
    "story_agent",
    "critic",
    "surgeon",
    "verifier",
    "publisher",
    "clock",
)


async def play(seed: int, trouble: float, run: RunSpec, moves: int = 0) -> tuple[MemoryJournal, Counter[str]]:
    """`moves`: how often the host dies on the way and another one, by chance the same, goes on."""
    chance, live = random.Random(seed), Counter[str]()
    left = moves

    def fate() -> str:
        nonlocal left
        if left and chance.random() < 0.05:
            left -= 1
            return chance.choice(["before", "after"])
        return "ok"

    journal = MemoryJournal([first(run)], fate)
    async with asyncio.timeout(90):
        while not isinstance(journal.entries[-1].event, e.RunEnded):
            with contextlib.suppress(LeaseLost):
                await _host(journal, run, chance, trouble, live)
    return journal, live


async def _host(
    journal: MemoryJournal, run: RunSpec, chance: random.Random, trouble: float, live: Counter[str]
) -> None:
    view = View()
    live["story_agent"] = 0
    hands = [Anything(name, run, chance, trouble, live, view) for name in HANDS]
    minds = [Conductor(), Librarian(), Sentry(), Auditor(), Cartographer()]
    bus = Bus(Roster(minds, hands, hearers=[view]), journal, lambda: 1000.0 + len(journal.entries))
    bus.replay(journal.entries)
    await bus.run(e.RunTaken(host=chance.choice("ab"), fence=1))


@settings(max_examples=250, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    trouble=st.sampled_from([0.0, 0.02, 0.05, 0.2, 0.6]),
    follow_up=st.booleans(),
    moves=st.integers(0, 4),
)
def test_every_run_ends_once_and_never_calls_a_partial_result_done(
    seed: int, trouble: float, follow_up: bool, moves: int
) -> None:
    run = spec(pull=PULL if follow_up else None, agents=AGENTS)
    journal, live = asyncio.run(play(seed, trouble, run, moves))
    events = [entry.event for entry in journal.entries]
    kinds = Counter(type(event) for event in events)
    assert kinds[e.RunConcluded] == kinds[e.RunEnded] == 1
    assert kinds[e.EngineStalled] == 0
    assert isinstance(events[-1], e.RunEnded)
    assert live["most"] <= run.limits.agents

    report = of(journal.entries)
    if report.outcome is Outcome.DONE:
        assert report.complete
        assert isinstance(report.pushed, Pushed)
        assert (report.pull_number is not None) != follow_up
    assert kinds[e.PullShown] <= 1 + moves
    if follow_up:
        assert kinds[e.PullWanted] == 0
    if trouble == 0.0:
        assert report.outcome is Outcome.DONE or "time limit" in report.sentence
    assert report.sentence


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32), trouble=st.sampled_from([0.0, 0.05, 0.3]), moves=st.integers(0, 3))
def test_no_story_starts_before_its_dependencies_and_none_lands_twice(seed: int, trouble: float, moves: int) -> None:
    journal, _ = asyncio.run(play(seed, trouble, spec(agents=AGENTS), moves))
    ready: set[str] = set()
    needs: dict[str, tuple[str, ...]] = {}
    landed = Counter[str]()
    busy: dict[int, str] = {}
    """unanswered requests, and the story each is about"""
    for entry in journal.entries:
        if isinstance(entry.event, e.Answer):
            busy.pop(entry.event.answers, None)
        if isinstance(entry.event, e.StoryWanted | e.AttemptWanted | e.HarvestWanted | e.LandWanted):
            assert entry.event.story not in busy.values(), "two at work on one story"
            busy[entry.seq] = entry.event.story
        match entry.event:
            case e.PlanShaped(stories=stories) | e.PlanHealed(stories=stories):
                needs = {story.id: story.depends_on for story in stories}
            case e.StoryWanted(story=story):
                assert set(needs[story]) <= ready
            case e.StoryLanded(story=story, landing=Landed()):
                ready.add(story)
                landed[story] += 1
            case e.StoryUnchanged(story=story):
                ready.add(story)
            case e.StoryLost(story=story):
                ready.discard(story)
                landed[story] -= 1
    assert all(count <= 1 for count in landed.values())


def decide(conductor: Conductor, *events: e.Event, run: RunSpec | None = None) -> list[e.Event]:
    """Fold all of them and return what is said to the last one, without its consequences."""
    said: list[e.Event] = []
    entry = first(run or spec())
    conductor.fold(entry)
    for seq, event in enumerate(events, 2):
        entry = e.Entry(seq, 1000.0 + seq, "test", event)
        conductor.fold(entry)
        said = list(conductor.decide(entry))
    return said


SHAPED = e.PlanShaped(Mode.FOCUSED, (Story("S1", "One", "do", ("done",)),), Intake(Mode.FOCUSED, 1, "r", "user"))
WANTED = e.StoryWanted(story="S1", attempt=1)
SEATED = e.StorySeated(answers=3, story="S1", attempt=1, base="b", agent="scripted")
ATTEMPT = e.AttemptWanted(story="S1", attempt=1)


def ended(kind: FailureKind, **more: float) -> e.AttemptEnded:
    return e.AttemptEnded(answers=5, story="S1", attempt=1, ended=Ended(Failure(kind, "it broke", "log", **more)))


def test_a_retry_carries_the_evidence_of_what_it_retries() -> None:
    assert decide(Conductor(), SHAPED, WANTED, SEATED, ATTEMPT, ended("execution")) == [
        e.StoryWanted(story="S1", attempt=2, evidence="it broke\nlog", route="auto")
    ]


@pytest.mark.parametrize("kind", ["provider_capacity", "transport", "infrastructure"])
def test_what_is_not_the_storys_fault_waits_before_it_is_tried_again(kind: FailureKind) -> None:
    (timer,) = decide(Conductor(), SHAPED, WANTED, SEATED, ATTEMPT, ended(kind, retry_after=30.0))
    assert timer == e.TimerSet(name="retry:S1", due=1006.0 + 30.0)


def test_a_cancel_withdraws_what_agents_do_and_nothing_of_git() -> None:
    said = decide(Conductor(), SHAPED, WANTED, SEATED, ATTEMPT, e.CancelAsked(door="1-0", by="maria"))
    assert said == [e.Withdrawn(request=5)]


def test_a_story_that_finished_just_before_the_cancel_is_still_harvested() -> None:
    well = e.AttemptEnded(answers=5, story="S1", attempt=1, ended=Ended(None))
    said = decide(Conductor(), SHAPED, WANTED, SEATED, ATTEMPT, e.CancelAsked(door="1-0", by="maria"), well)
    assert said == [e.HarvestWanted(story="S1", attempt=1, at=1007.0)]
