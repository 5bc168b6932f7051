"""The bus: minds decide, hands act, and nobody acts on an event that is not in the journal.

A *turn* is one incoming event and everything the minds say to it, to the fixpoint. It is appended to the journal in
one step; only then are its requests handed to their hands. Replay folds the journal into the minds and speaks to
nobody; every request it leaves without an answer is given to its hand as `resume`, which looks before it acts.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol

import structlog

from .domain.events import (
    Answer,
    EngineStalled,
    Entry,
    Event,
    HandFailed,
    HandStopped,
    ListenerFailed,
    Request,
    RunEnded,
    TimerSet,
    Withdrawn,
)
from .errors import BaroError, Stalled

TURN_LIMIT = 1000
"""events in one turn; more means that two minds answer each other for ever"""
TAIL = 12
"""journal entries quoted when a run stalls"""

log = structlog.get_logger(__name__)


class Mind(Protocol):
    """Pure and synchronous. `fold` updates state and never speaks; `decide` speaks and never updates state."""

    name: str

    def fold(self, entry: Entry) -> None: ...

    def decide(self, entry: Entry) -> Iterable[Event]: ...


Say = Callable[[Event], None]
"""How a hand reports what happens along the way; its terminal answer is what it returns."""


class Hand(Protocol):
    """Touches the world. `serial` hands do one request at a time, in the order they were asked."""

    name: str
    serial: bool

    async def perform(self, seq: int, request: Request, say: Say) -> Answer: ...

    async def resume(self, seq: int, request: Request, say: Say) -> Answer:
        """The same after a crash: the request may have been carried out, wholly or in part. Look first."""
        ...


class Hearer(Protocol):
    """Hears every committed entry in order, replayed ones too: how hands keep the views they need."""

    def hear(self, entry: Entry) -> None: ...


class Listener(Protocol):
    """A source inside the run (the Doorman): turns what comes from outside into events until it is cancelled."""

    name: str

    async def listen(self, say: Say) -> None: ...


class Recorder(Protocol):
    """The journal of one run under one lease."""

    async def append(self, expected: int, entries: Sequence[Entry]) -> None: ...


class Roster:
    """Who sits in a run. The order of minds is the order in which they speak within a turn."""

    def __init__(
        self,
        minds: Sequence[Mind],
        hands: Sequence[Hand],
        listeners: Sequence[Listener] = (),
        hearers: Sequence[Hearer] = (),
    ) -> None:
        self.minds = tuple(minds)
        self.hands = {hand.name: hand for hand in hands}
        self.listeners = tuple(listeners)
        self.hearers = tuple(hearers)


class Ledger:
    """Folds entries: the last sequence number, and the requests that wait for their one answer."""

    def __init__(self) -> None:
        self.last = 0
        self.ended = False
        self.waiting: dict[int, Request] = {}
        self.withdrawn: set[int] = set()
        self.tail: deque[Entry] = deque(maxlen=TAIL)

    def fold(self, entry: Entry) -> None:
        self.last = entry.seq
        self.tail.append(entry)
        match entry.event:
            case Request() as request:
                self.waiting[entry.seq] = request
            case Answer() as answer:
                del self.waiting[answer.answers]
                self.withdrawn.discard(answer.answers)
            case Withdrawn(request=request):
                if request in self.waiting:
                    self.withdrawn.add(request)
            case RunEnded():
                self.ended = True

    def accepts(self, event: Event) -> bool:
        """An answer is welcome once, and nothing is after the end."""
        return not self.ended and (not isinstance(event, Answer) or event.answers in self.waiting)

    @property
    def busy(self) -> bool:
        """Something is in flight that will speak by itself before a guard timer does."""
        return any(not (isinstance(r, TimerSet) and r.background) for r in self.waiting.values())


class Bus:
    """Carries one run from where its journal stands to its end."""

    def __init__(self, roster: Roster, recorder: Recorder, now: Callable[[], float]) -> None:
        self._roster = roster
        self._recorder = recorder
        self._now = now
        self._ledger = Ledger()
        self._incoming: asyncio.Queue[tuple[str, Event]] = asyncio.Queue()
        self._tasks: dict[int, asyncio.Task[Answer]] = {}
        self._listening: list[asyncio.Task[None]] = []
        self._serial: dict[str, asyncio.Lock] = {}

    # --- replay -------------------------------------------------------------------------------------------------

    def replay(self, entries: Iterable[Entry]) -> None:
        """Fold history; nobody speaks and nothing happens in the world."""
        for entry in entries:
            self._fold(entry)
            self._hear(entry)

    # --- the loop -----------------------------------------------------------------------------------------------

    async def run(self, first: Event) -> None:
        """Say `first`, resume what was left unanswered, and go on until RunEnded.

        Raises LeaseLost when another host has taken over and Stalled when not even the Conductor's answer to a stall
        got the run to move. Leaving by any way, cancellation included, leaves no task behind.
        """
        try:
            await self._start(first)
            while not self._ledger.ended:
                by, event = await self._next()
                await self._turn(by, event)
        finally:
            await self._silence()

    async def _start(self, first: Event) -> None:
        unanswered = dict(self._ledger.waiting)
        await self._turn("host", first)
        for listener in self._roster.listeners:
            self._listening.append(asyncio.create_task(self._listen(listener), name=f"baro:{listener.name}"))
        for seq, request in unanswered.items():
            if seq in self._ledger.withdrawn:
                self._say(request.to, HandStopped(answers=seq))
            else:
                self._dispatch(seq, request, again=True)

    async def _next(self) -> tuple[str, Event]:
        if self._incoming.empty() and not self._ledger.busy:
            return self._stalled()
        return await self._incoming.get()

    def _stalled(self) -> tuple[str, Event]:
        tail = "\n".join(f"{e.seq} {e.by}: {type(e.event).__name__}" for e in self._ledger.tail)
        if any(isinstance(e.event, EngineStalled) for e in self._ledger.tail):
            raise Stalled("The run stopped moving and could not be ended.", evidence=tail)
        log.error("run.stalled", tail=tail)
        return "bus", EngineStalled(tail=tail)

    async def _turn(self, by: str, incoming: Event) -> None:
        if not self._ledger.accepts(incoming):
            log.warning("bus.unwelcome", by=by, type=type(incoming).__name__)
            return
        expected = self._ledger.last
        entries = self._deliberate(by, incoming)
        await self._recorder.append(expected, entries)
        for entry in entries:
            self._hear(entry)
        for entry in entries:
            self._act(entry)

    def _deliberate(self, by: str, incoming: Event) -> list[Entry]:
        """Everything the minds say to `incoming`, until nobody has more to say or the run has ended.

        What is said is folded at once and answered in its turn, so that nobody says a thing twice for not having heard
        it yet.
        """
        at = self._now()
        entries = [self._said(at, by, incoming)]
        for entry in entries:  # grows while it is read
            for mind in self._roster.minds:
                entries.extend(self._answers(at, mind, entry))
            if len(entries) > TURN_LIMIT:
                raise Stalled(f"One turn grew past {TURN_LIMIT} events.", evidence=repr(entries[-3:]))
        return entries

    def _answers(self, at: float, mind: Mind, entry: Entry) -> Iterator[Entry]:
        # All of it before any of it is folded: a mind that speaks must not see itself change.
        for event in list(mind.decide(entry)):
            if self._ledger.ended:
                return
            yield self._said(at, mind.name, event)

    def _said(self, at: float, by: str, event: Event) -> Entry:
        entry = Entry(seq=self._ledger.last + 1, at=at, by=by, event=event)
        self._fold(entry)
        return entry

    def _fold(self, entry: Entry) -> None:
        self._ledger.fold(entry)
        for mind in self._roster.minds:
            mind.fold(entry)

    def _hear(self, entry: Entry) -> None:
        for hearer in self._roster.hearers:
            hearer.hear(entry)

    # --- hands --------------------------------------------------------------------------------------------------

    def _act(self, entry: Entry) -> None:
        match entry.event:
            case Request() as request:
                self._dispatch(entry.seq, request, again=False)
            case Withdrawn(request=seq) if seq in self._tasks:
                self._tasks[seq].cancel()

    def _dispatch(self, seq: int, request: Request, *, again: bool) -> None:
        task = asyncio.create_task(self._work(seq, request, again=again), name=f"baro:{request.to}:{seq}")
        self._tasks[seq] = task
        task.add_done_callback(lambda done: self._done(seq, request, done))

    def _done(self, seq: int, request: Request, task: asyncio.Task[Answer]) -> None:
        """Turn however the work ended into the request's one answer."""
        self._tasks.pop(seq, None)
        if not task.cancelled():
            self._say(request.to, task.result())
        elif seq in self._ledger.withdrawn:
            self._say(request.to, HandStopped(answers=seq))
        # else the whole run is being put down: the request stays unanswered, for the next host to resume

    async def _work(self, seq: int, request: Request, *, again: bool) -> Answer:
        try:
            hand = self._roster.hands[request.to]
            async with self._turnstile(hand):
                answer = await (hand.resume if again else hand.perform)(
                    seq, request, lambda event: self._say(hand.name, event)
                )
            if answer.answers != seq:
                raise AssertionError(f"{hand.name} answered {answer.answers} when asked {seq}")
            return answer
        except BaroError as error:
            log.warning("hand.failed", hand=request.to, seq=seq, error=str(error))
            return HandFailed(
                answers=seq, hand=request.to, sentence=str(error), hint=error.hint, evidence=error.evidence
            )
        except Exception as error:
            log.exception("hand.bug", hand=request.to, seq=seq)
            return _bug(seq, request.to, error)

    def _turnstile(self, hand: Hand) -> AbstractAsyncContextManager[object]:
        return self._serial.setdefault(hand.name, asyncio.Lock()) if hand.serial else nullcontext()

    async def _listen(self, listener: Listener) -> None:
        try:
            await listener.listen(lambda event: self._say(listener.name, event))
        except Exception as error:
            log.exception("listener.failed", listener=listener.name)
            self._say(listener.name, ListenerFailed(hand=listener.name, sentence=str(error) or type(error).__name__))

    def _say(self, by: str, event: Event) -> None:
        self._incoming.put_nowait((by, event))

    async def _silence(self) -> None:
        tasks = [*self._tasks.values(), *self._listening]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _bug(seq: int, hand: str, error: Exception) -> HandFailed:
    return HandFailed(
        answers=seq,
        hand=hand,
        sentence="baro ran into an error of its own.",
        hint="Whoever runs this baro finds the details in its log under the run's id.",
        evidence=f"{type(error).__name__} in {hand}",
        bug=True,
    )
