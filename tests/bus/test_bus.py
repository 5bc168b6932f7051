"""The bus under random interleavings, failures and crashes: its promises hold on every path to the end."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.bus import Bus, Roster, Say
from runner.domain import events as e
from runner.domain.agent import Ended
from runner.domain.change import Harvest
from runner.domain.run import Outcome
from runner.errors import BaroError, LeaseLost, Stalled
from tests.world.entries import MemoryJournal, first

STORIES = ("S1", "S2", "S3")


class Chief:
    """Wants three stories seated, worked on and harvested, and ends when all were, or failed."""

    name = "chief"

    def __init__(self) -> None:
        self.begun = False
        self.over: list[str] = []
        self.waiting: dict[int, e.Request] = {}
        self.spoke = 0

    def fold(self, entry: e.Entry) -> None:
        match entry.event:
            case e.Request() as request:
                self.begun = True
                self.waiting[entry.seq] = request
            case e.Answer(answers=seq) as answer:
                request = self.waiting.pop(seq)
                if isinstance(answer, e.StoryHarvested | e.HandFailed):
                    self.over.append(request.story)  # type: ignore[attr-defined]

    def decide(self, entry: e.Entry) -> Iterable[e.Event]:
        self.spoke += 1
        match entry.event:
            case e.RunTaken() if not self.begun:
                return [e.StoryWanted(story=story, attempt=1) for story in STORIES]
            case e.StorySeated(story=story):
                return [e.AttemptWanted(story=story, attempt=1)]
            case e.AttemptEnded(story=story):
                return [e.HarvestWanted(story=story, attempt=1, at=0.0)]
        return [e.RunEnded(Outcome.DONE)] if len(self.over) == 3 else []


class Worker:
    """A hand that takes its time, may raise, and checks that what it acts on is in the journal."""

    def __init__(self, name: str, journal: MemoryJournal, chance: random.Random, *, serial: bool = False) -> None:
        self.name = name
        self.serial = serial
        self.at_once = 0
        self._journal = journal
        self._chance = chance

    async def perform(self, seq: int, request: e.Request, say: Say) -> e.Answer:
        assert self._journal.entries[seq - 1].event == request, "acted on an event that is not in the journal"
        self.at_once += 1
        assert not (self.serial and self.at_once > 1)
        for _ in range(self._chance.randrange(4)):
            await asyncio.sleep(0)
        self.at_once -= 1
        if self._chance.random() < 0.1:
            raise BaroError("no luck") if self._chance.random() < 0.5 else ValueError("a bug")
        return self._answer(seq, request)

    async def resume(self, seq: int, request: e.Request, say: Say) -> e.Answer:
        return await self.perform(seq, request, say)

    def _answer(self, seq: int, request: e.Request) -> e.Answer:
        match request:
            case e.StoryWanted(story=story):
                return e.StorySeated(answers=seq, story=story, attempt=1, base="b", agent="a")
            case e.AttemptWanted(story=story):
                return e.AttemptEnded(answers=seq, story=story, attempt=1, ended=Ended(None))
            case e.HarvestWanted(story=story):
                return e.StoryHarvested(answers=seq, story=story, harvest=Harvest(None))
        raise AssertionError(request)


def bus_of(journal: MemoryJournal, chance: random.Random) -> tuple[Bus, Chief]:
    chief = Chief()
    hands = [
        Worker("story_factory", journal, chance),
        Worker("story_agent", journal, chance),
        Worker("operator", journal, chance, serial=True),
    ]
    bus = Bus(Roster([chief], hands), journal, lambda: 1000.0)
    bus.replay(journal.entries)
    return bus, chief


async def play(seed: int, crashes: int) -> tuple[MemoryJournal, Chief]:
    chance = random.Random(seed)
    left = crashes

    def fate() -> str:
        nonlocal left
        if left and chance.random() < 0.3:
            left -= 1
            return chance.choice(["before", "after"])
        return "ok"

    journal = MemoryJournal([first()], fate)
    while True:
        bus, chief = bus_of(journal, chance)
        try:
            await bus.run(e.RunTaken(host="h", fence=1))
        except LeaseLost:
            if isinstance(journal.entries[-1].event, e.RunEnded):
                return journal, bus_of(journal, chance)[1]
            continue
        return journal, chief


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), crashes=st.integers(0, 6))
def test_every_request_is_answered_once_and_the_run_ends_once_whatever_crashes(seed: int, crashes: int) -> None:
    journal, _ = asyncio.run(play(seed, crashes))
    requests = [entry.seq for entry in journal.entries if isinstance(entry.event, e.Request)]
    answers = [entry.event.answers for entry in journal.entries if isinstance(entry.event, e.Answer)]
    assert sorted(answers) == requests
    kinds = Counter(type(entry.event) for entry in journal.entries)
    assert kinds[e.RunEnded] == 1
    assert isinstance(journal.entries[-1].event, e.RunEnded)
    assert kinds[e.StoryWanted] == 3
    assert [entry.seq for entry in journal.entries] == list(range(1, len(journal.entries) + 1))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32), crashes=st.integers(0, 4))
def test_replay_only_folds_and_gives_the_state_the_living_mind_had(seed: int, crashes: int) -> None:
    journal, living = asyncio.run(play(seed, crashes))
    _, replayed = bus_of(journal, random.Random(0))
    assert (replayed.over, replayed.waiting, replayed.begun) == (living.over, living.waiting, living.begun)
    assert replayed.spoke == 0


class Once:
    """A mind that says given events when the run is taken."""

    name = "once"

    def __init__(self, *said: e.Event, then: Iterable[e.Event] = ()) -> None:
        self._said = said
        self._then = tuple(then)

    def fold(self, entry: e.Entry) -> None: ...

    def decide(self, entry: e.Entry) -> Iterable[e.Event]:
        if isinstance(entry.event, e.RunTaken):
            return self._said
        return self._then if isinstance(entry.event, e.Answer | e.EngineStalled) else ()


class Endless:
    """A hand that never answers by itself."""

    name = "clock"
    serial = False

    def __init__(self) -> None:
        self.stopped = 0

    async def perform(self, seq: int, request: e.Request, say: Say) -> e.Answer:
        try:
            await asyncio.Event().wait()
        finally:
            self.stopped += 1
        raise AssertionError

    resume = perform


TIMER = e.TimerSet(name="t", due=9e9)


async def run(mind: Once, *hands: Endless, journal: MemoryJournal | None = None) -> MemoryJournal:
    journal = journal or MemoryJournal([first()])
    bus = Bus(Roster([mind], hands), journal, lambda: 1000.0)
    bus.replay(journal.entries)
    await bus.run(e.RunTaken(host="h", fence=1))
    return journal


async def test_a_withdrawn_request_is_stopped_and_answered() -> None:
    """Even in the very turn in which it was asked, before its work had begun."""
    clock = Endless()
    journal = await run(Once(TIMER, e.Withdrawn(request=3), then=[e.RunEnded(Outcome.DONE)]), clock)
    assert [entry.event for entry in journal.entries[-2:]] == [e.HandStopped(answers=3), e.RunEnded(Outcome.DONE)]


async def test_a_request_withdrawn_before_a_crash_is_not_resumed() -> None:
    journal = MemoryJournal([first()])
    journal.entries += [
        e.Entry(2, 1000.0, "once", TIMER),
        e.Entry(3, 1000.0, "once", e.Withdrawn(request=2)),
    ]
    clock = Endless()
    await run(Once(then=[e.RunEnded(Outcome.DONE)]), clock, journal=journal)
    assert journal.entries[-2].event == e.HandStopped(answers=2)
    assert clock.stopped == 0


async def test_nothing_in_flight_and_nothing_to_say_is_an_error_with_the_tail_and_never_a_hang() -> None:
    with pytest.raises(Stalled) as stalled:
        await run(Once())
    assert "host: RunTaken" in stalled.value.evidence


async def test_the_minds_are_asked_to_end_a_stalled_run() -> None:
    journal = await run(Once(then=[e.RunEnded(Outcome.FAILED)]))
    assert [type(entry.event) for entry in journal.entries[-2:]] == [e.EngineStalled, e.RunEnded]


async def test_a_guard_timer_does_not_hide_a_stall() -> None:
    clock = Endless()
    guard = e.TimerSet(name="wall", due=9e9, background=True)
    journal = await run(Once(guard, then=[e.RunEnded(Outcome.FAILED)]), clock)
    assert isinstance(journal.entries[-2].event, e.EngineStalled)
    assert asyncio.all_tasks() == {asyncio.current_task()}, "leaving the bus leaves no task behind"


async def test_a_request_to_nobody_is_answered_with_a_failure() -> None:
    journal = await run(Once(TIMER, then=[e.RunEnded(Outcome.FAILED)]))
    failed = journal.entries[-2].event
    assert isinstance(failed, e.HandFailed)
    assert failed.bug


async def test_two_minds_that_answer_each_other_for_ever_end_the_turn() -> None:
    class Echo(Once):
        def decide(self, entry: e.Entry) -> Iterable[e.Event]:
            return [e.AgentDid(story="S1", attempt=1, did=())]

    with pytest.raises(Stalled, match="grew past"):
        await run(Echo())
