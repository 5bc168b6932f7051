"""How extensions are carried: cursors that are kept, one runner at a time, rooms that keep their noise in."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from bot.extensions import Extensions
from bot.extensions.hearing import Hearing
from bot.extensions.room import Misbehaved, Room, room
from runner.adapters.clock import SystemClock
from runner.adapters.redis_readers import BATCH, Places, Readers
from runner.adapters.redis_store import Store, connect
from runner.domain import events as e
from runner.domain.goal import Thread
from runner.domain.run import Outcome, RunSpec
from tests.bot.extensions_world import eventually, package
from tests.world.entries import REPOSITORY, SPEC, journal, spec

LEASE = 0.1
"""seconds"""

# --- how far a participant has heard ----------------------------------------------------------------------------


class Ears:
    """Notes what it hears; `does` may raise or wait first."""

    def __init__(self, does: Callable[[e.Entry], Awaitable[None] | None] = lambda _: None) -> None:
        self.heard_of: list[tuple[str, int]] = []
        self._does = does

    async def heard(self, run: RunSpec, entry: e.Entry) -> None:
        waiting = self._does(entry)
        if waiting is not None:
            await waiting
        self.heard_of.append((run.id, entry.seq))


@asynccontextmanager
async def telling(store: Store, readers: Readers, ears: Ears, *, since: float = 0.0) -> AsyncIterator[None]:
    """For as long as the block lasts, as a runner that is gone at its end."""
    async with room("ears") as its:
        hearing = Hearing(readers, store, SystemClock(), since, patience=0.2, pause=0.01)
        task = asyncio.create_task(hearing("ears", ears, its))
        try:
            yield
        finally:
            await ended(task)


async def happen(store: Store, run: RunSpec, entries: int) -> list[tuple[str, int]]:
    """A run with so many entries, the last of which is its end."""
    facts: list[e.Event] = [e.StoryUnchanged(story="S1")] * (entries - 2)
    said = journal(*(("conductor", event) for event in [*facts, e.RunEnded(outcome=Outcome.DONE)]), run=run)
    await store.submit(said[0])
    lease = await store.claim(run.id, "host")
    assert lease
    await store.append(lease, 1, said[1:])
    return [(run.id, entry.seq) for entry in said]


@pytest_asyncio.fixture
async def readers(clean_redis: str) -> AsyncIterator[Readers]:
    readers = Readers(connect(clean_redis))
    yield readers
    await readers.aclose()


async def test_a_participant_hears_a_long_run_in_order_and_another_one_beside_it(
    store: Store, readers: Readers
) -> None:
    ears = Ears()
    async with telling(store, readers, ears):
        long = await happen(store, spec(id="long"), 3 * BATCH)
        short = await happen(store, spec(id="short", thread=Thread(REPOSITORY, 4, "issue")), 3)
        await eventually(lambda: len(ears.heard_of) == len(long + short))
    assert [one for one in ears.heard_of if one[0] == "long"] == long
    assert [one for one in ears.heard_of if one[0] == "short"] == short


async def test_after_a_crash_a_participant_goes_on_where_it_was(store: Store, readers: Readers) -> None:
    """At least once: what it was at when the runner died comes again, and nothing is left out."""
    stuck = Ears(lambda entry: asyncio.Event().wait() if entry.seq == 4 else None)  # type: ignore[arg-type]
    all_of_it = await happen(store, SPEC, 6)
    async with telling(store, readers, stuck):
        await eventually(lambda: len(stuck.heard_of) == 3)
    again = Ears()
    async with telling(store, readers, again):
        await eventually(lambda: again.heard_of and again.heard_of[-1] == all_of_it[-1])
    assert stuck.heard_of + again.heard_of == all_of_it


async def test_a_call_that_fails_is_tried_again_and_an_entry_that_always_fails_is_passed_over(
    store: Store, readers: Readers
) -> None:
    tries: Counter[int] = Counter()

    def trouble(entry: e.Entry) -> Awaitable[None] | None:
        tries[entry.seq] += 1
        if entry.seq == 2 and tries[2] == 1:
            raise ConnectionError("the webhook is away")
        if entry.seq == 3:
            raise SystemExit(1)
        return asyncio.sleep(3600) if entry.seq == 4 else None

    ears = Ears(trouble)
    async with telling(store, readers, ears):
        await happen(store, SPEC, 5)
        await eventually(lambda: (SPEC.id, 5) in ears.heard_of)
    assert ears.heard_of == [(SPEC.id, seq) for seq in (1, 2, 5)]
    assert tries == {1: 1, 2: 2, 3: 3, 4: 3, 5: 1}


async def test_a_participant_that_is_new_hears_nothing_of_the_past(store: Store, readers: Readers) -> None:
    await happen(store, spec(id="old"), 3)
    ears = Ears()
    since = time.time() + 0.002  # Redis counts in milliseconds
    await eventually(lambda: time.time() > since + 0.002)
    async with telling(store, readers, ears, since=since):
        new = await happen(store, spec(id="new", thread=Thread(REPOSITORY, 4, "issue")), 3)
        await eventually(lambda: len(ears.heard_of) == 3)
    assert ears.heard_of == new


async def test_a_run_that_was_forgotten_meanwhile_is_not_waited_for(store: Store, readers: Readers) -> None:
    await readers.begun("ears", "gone", "5-0")
    await happen(store, SPEC, 2)
    await readers.begun("ears", SPEC.id, "6-0")
    assert await readers.places("ears", 0.0) == Places("6-0", {SPEC.id: 0})
    assert await readers.places("ears", 0.0) == Places("6-0", {SPEC.id: 0})


# --- who carries it ---------------------------------------------------------------------------------------------


async def test_of_several_runners_one_carries_an_extension_and_another_takes_over(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "class Guest:\n    async def heard(self, run, entry): ..."
    monkeypatch.syspath_prepend(str(package(tmp_path / "site", source, guest="guests:Guest")))
    carried: list[str] = []
    refused: list[str] = []

    class Noting(SystemClock):
        """A runner that may not carry an extension waits for a whole lease before it asks again."""

        def __init__(self, host: str) -> None:
            self._host = host

        async def sleep(self, seconds: float) -> None:
            if seconds == LEASE:
                refused.append(self._host)
            await super().sleep(seconds)

    def runner(host: str) -> asyncio.Task[None]:
        async def carry(name: str, guest: object, its: Room) -> None:
            carried.append(f"{name} by {host}")
            await asyncio.Event().wait()

        extensions = Extensions({"baro.participants": carry}, store, Noting(host), host, LEASE)
        return asyncio.create_task(extensions.forever())

    one = runner("a")
    await eventually(lambda: carried == ["guest by a"])
    other = runner("b")
    await eventually(lambda: refused == ["b"])
    await ended(one)
    await eventually(lambda: carried == ["guest by a", "guest by b"])
    await ended(other)


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


# --- the room ---------------------------------------------------------------------------------------------------


async def test_a_room_keeps_in_whatever_is_raised_and_stays_usable() -> None:
    async def give_up() -> None:
        raise asyncio.CancelledError

    async def leave() -> None:
        sys.exit(3)

    async def leave_in_a_task() -> None:
        asyncio.get_running_loop().call_soon(sys.exit, 3)

    async def answer() -> int:
        return 42

    async with room("test") as its:
        for work, why in ((give_up, "cancelled itself"), (leave, "raised RuntimeError")):
            with pytest.raises(Misbehaved, match=why):
                await its.call(work, 5.0)
        await its.call(leave_in_a_task, 5.0)
        assert await its.call(answer, 5.0) == 42
    assert not its.occupied


async def test_a_call_that_was_cancelled_has_ended_before_the_next_one_begins() -> None:
    order: list[str] = []

    async def slow_to_leave() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)
            order.append("left")

    async def next_one() -> None:
        order.append("next")

    async with room("test") as its:
        with pytest.raises(Misbehaved, match=r"not done within 0\.01 seconds"):
            await its.call(slow_to_leave, 0.01)
        await its.call(next_one, 5.0)
    assert order == ["left", "next"]


async def test_leaving_a_room_lets_what_is_inside_clean_up() -> None:
    begun, cleaned = threading.Event(), threading.Event()

    async def work() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            cleaned.set()

    async with room("test") as its:
        call = asyncio.create_task(its.call(work))
        await eventually(begun.is_set)
        call.cancel()
    assert cleaned.is_set()
    assert not its.occupied
