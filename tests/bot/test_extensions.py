"""Participants and sources from outside, installed as packages: they are served well, and can do no harm."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import pytest_asyncio
from inline_snapshot import snapshot

from bot.extensions import Extensions
from bot.extensions.hearing import Hearing
from bot.extensions.room import Misbehaved, Room, room
from runner.adapters.clock import SystemClock
from runner.adapters.redis_readers import BATCH, Places, Readers
from runner.adapters.redis_store import Store, connect
from runner.domain import events as e
from runner.domain.goal import Thread
from runner.domain.run import Outcome, RunSpec
from tests.e2e.test_focused import STORY
from tests.e2e.test_ways_in import FOCUSED, issue, said
from tests.world.entries import REPOSITORY, SPEC, journal, spec
from tests.world.house import PATIENCE, REPO, House, house, read

EXAMPLES = Path(__file__).parents[2] / "examples/baro-example-extensions"
LEASE = 0.1
USUAL = 10.0
"""seconds in which a focused run ends, on a busy machine too: fewer than one call of a hanging participant takes"""


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example package, built into a wheel and installed into a directory of its own: for pure Python, unpacked."""
    made = tmp_path_factory.mktemp("examples")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check", "--outdir", made]
    subprocess.run([*build, EXAMPLES], check=True, capture_output=True)
    (wheel,) = made.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(made / "site")
    return made / "site"


def package(directory: Path, source: str, **points: str) -> Path:
    """Installs one module of participants; `points` name its classes."""
    (directory / "guests-1.0.dist-info").mkdir(parents=True)
    (directory / "guests-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: guests\nVersion: 1.0\n")
    lines = [f"{name} = {value}" for name, value in points.items()]
    (directory / "guests-1.0.dist-info/entry_points.txt").write_text("\n".join(["[baro.participants]", *lines]))
    (directory / "guests.py").write_text(dedent(source))
    return directory


def logged(baro: House, event: str) -> list[dict[str, Any]]:
    """The lines of that event in the runner's log, which must be one JSON object each."""
    lines = [line for line in (baro.root / "runner.log").read_text().splitlines() if line.startswith("{")]
    return [entry for entry in map(json.loads, lines) if entry["event"] == event]


async def eventually(look: Callable[[], Any]) -> Any:
    """For what shows in files: nothing wakes us when they change."""
    async with asyncio.timeout(PATIENCE):
        while not (seen := look()):
            await asyncio.sleep(0.02)
    return seen


# --- the examples -----------------------------------------------------------------------------------------------


async def test_a_source_starts_a_run_and_a_participant_announces_its_end(
    tmp_path: Path, clean_redis: str, examples: Path
) -> None:
    asks, announced = tmp_path / "asks", tmp_path / "announced.txt"
    asks.mkdir()
    env = {"PYTHONPATH": str(examples), "FOLDER_OF_ASKS": str(asks), "ANNOUNCER_FILE": str(announced)}
    async with house(tmp_path, clean_redis, **env) as baro:
        baro.script(FOCUSED, STORY)
        number = await issue(baro, "See the ticket.")
        put(asks, "ticket.json", ticket(baro, number))
        comment = await baro.ended(number)
        assert comment.splitlines()[0] == snapshot("✅ **baro opened #2 (1 of 1 story)**")
        (pull,) = baro.github.pulls(REPO)
        assert pull.title == "A ticket's own title"
        assert baro.github.reactions(REPO, number=number) == [("baro[bot]", "rocket")]
        await eventually(announced.exists)
        assert read_line(announced) == snapshot("acme/toolkit#1 done: A ticket's own title")

        put(asks, "again.json", ticket(baro, number))
        put(asks, "typo.json", {"key": "LIN-124", "who": "maria"})
        await eventually(lambda: (asks / "typo.json.refused").exists() and (asks / "again.json.asked").exists())
        assert len(logged(baro, "source.asked")) == 1
        assert len(announced.read_text().splitlines()) == 1


async def test_a_source_adds_no_authority(tmp_path: Path, clean_redis: str, examples: Path) -> None:
    """What it asks on behalf of somebody without write access is refused on the thread, like that person's comment."""
    asks = tmp_path / "asks"
    asks.mkdir()
    env = {"PYTHONPATH": str(examples), "FOLDER_OF_ASKS": str(asks), "ANNOUNCER_FILE": str(tmp_path / "announced")}
    async with house(tmp_path, clean_redis, **env) as baro:
        number = await issue(baro)
        baro.github.person("eve")
        put(asks, "ticket.json", ticket(baro, number, on_behalf_of="eve"))
        await baro.until(lambda: said(baro, number))
        assert said(baro, number) == snapshot(
            [
                "Only people with write access to this repository can ask for work, and `eve` has `read`; someone with write access can ask for you."
            ]
        )
        assert baro.living(number) is None


def ticket(baro: House, number: int, **changes: Any) -> dict[str, Any]:
    repository = baro.github.hub.state.repository(REPO)
    installation = baro.github.hub.state.installation_on(repository)
    assert installation
    return {
        "key": "LIN-123",
        "installation": installation.id,
        "repository_id": repository.id,
        "repository": REPO,
        "number": number,
        "on_behalf_of": "maria",
        "title": "A ticket's own title",
        "body": "Please set `A` to 2 in src/a.py.",
        **changes,
    }


def put(directory: Path, name: str, content: dict[str, Any]) -> None:
    draft = directory / f"{name}.draft"
    draft.write_text(json.dumps(content))
    draft.rename(directory / name)


def read_line(file: Path) -> str:
    """Without the run's id."""
    return read(file.read_text()).rpartition(" (")[0]


# --- guests who behave badly ------------------------------------------------------------------------------------

GUESTS = """
    import asyncio, os, sys, time

    class Good:
        async def heard(self, run, entry):
            with open(os.environ["HEARD"], "a") as heard:
                print(run.id, entry.seq, type(entry.event).__name__, file=heard)

    class Slow:
        async def heard(self, run, entry):
            await asyncio.sleep(1)

    class Raising:
        async def heard(self, run, entry):
            raise ValueError("not today")

    class Leaving:
        async def heard(self, run, entry):
            sys.exit("I am off")

    class Hanging:
        async def heard(self, run, entry):
            await asyncio.Event().wait()

    class Stubborn:
        async def heard(self, run, entry):
            while True:
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    pass

    class Blocking:
        async def heard(self, run, entry):
            time.sleep(3600)

    class Threads:
        async def heard(self, run, entry):
            await asyncio.to_thread(time.sleep, 3600)

    class Unborn:
        def __init__(self):
            raise KeyError("GUEST_SETTING")
"""
BAD = ("Slow", "Raising", "Leaving", "Hanging", "Stubborn", "Blocking", "Threads", "Unborn")


async def test_guests_who_are_slow_raise_hang_or_block_hurt_nothing_and_the_log_names_them(
    tmp_path: Path, clean_redis: str
) -> None:
    points = {name.lower(): f"guests:{name}" for name in ("Good", *BAD)} | {"lost": "no_such_module:Guest"}
    site = package(tmp_path / "site", GUESTS, **points)
    heard = tmp_path / "heard"
    async with house(tmp_path, clean_redis, PYTHONPATH=str(site), HEARD=str(heard)) as baro:
        baro.script(FOCUSED, STORY)
        number = await issue(baro)
        await eventually(lambda: len(logged(baro, "extension.loaded")) == 8)
        assert {e["extension"] for e in logged(baro, "extension.not_loaded")} == {"unborn", "lost"}

        began = time.monotonic()
        await baro.github.label(REPO, number, "baro", by="maria")
        assert (await baro.ended(number)).startswith("✅ **baro opened #2 (1 of 1 story)**")
        assert time.monotonic() - began < USUAL

        await eventually(lambda: "RunEnded" in heard.read_text())
        assert_heard_out(heard)
        culprits = {"raising", "leaving", "hanging", "stubborn", "blocking", "threads"}
        await eventually(lambda: {e["extension"] for e in logged(baro, "extension.failed")} == culprits)
        assert (
            "ValueError: not today"
            in {e["extension"]: e for e in logged(baro, "extension.failed")}["raising"]["exception"]
        )

        began = time.monotonic()
        assert await baro.terminate("runner") == 0
        assert time.monotonic() - began < 8 + 2  # BARO_STOP_GRACE, and a busy machine


def assert_heard_out(heard: Path) -> None:
    """One run, from its first entry to its last, in order."""
    lines = [line.split() for line in heard.read_text().splitlines()]
    assert [int(seq) for _, seq, _ in lines] == list(range(1, len(lines) + 1))
    assert (lines[0][2], lines[-1][2]) == ("RunSubmitted", "RunEnded")


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
