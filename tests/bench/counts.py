"""What a run costs, counted: model calls, GitHub requests and writes, git processes, bytes of journal.

`python -m tests.bench.counts [--events 10000]` carries out a focused run and a parallel one, and then replays a long
journal beside reading and decoding it. All but the last are counts, and tests watch them.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import re
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import chain, cycle, islice
from pathlib import Path
from statistics import median
from typing import Any

from msgspec.structs import replace
from redis.asyncio import Redis

from bot.demo.github import Request
from bot.embedded import embedded_redis
from runner.adapters.redis_store import Store, connect, entry_of, journal_key
from runner.bus import Bus
from runner.domain import events as e
from runner.domain.agent import Did
from runner.domain.plan import Story
from runner.participants import World, seat
from tests.bench.runs import PASS, Bench, Ran, bench, planned

STORIES = 4
ROUNDS = 5
FOCUSED = {"role": "intake", "answer": {"mode": "focused", "confidence": 0.95, "reason": "one constant in one file"}}
EDIT = {"role": "story", "steps": [{"edit": {"path": "src/a.py", "old": "1", "new": "2"}}]}
CALLS: dict[type[e.Event], str] = {
    e.IntakeGiven: "intake",
    e.PlanGiven: "plan",
    e.AttemptEnded: "story",
    e.Critiqued: "critic",
    e.HealingProposed: "surgeon",
}
COMMENT_EDIT = "PATCH /repos/R/issues/comments/N"
"""paced by the clock, so that a slow machine makes fewer"""


async def focused(made: Bench) -> Ran:
    made.baro.script(FOCUSED, PASS, EDIT)
    return await made.run()


async def parallel(made: Bench) -> Ran:
    """As many stories as there is room for, each of which writes one file."""
    paths = {f"S{n}": f"parts/{n}.py" for n in range(1, STORIES + 1)}
    stories = [Story(id, f"Part {id}", "Do it.", writes=(path,)) for id, path in paths.items()]
    steps = {id: [{"write": {"path": path, "text": "DONE = 1\n"}}] for id, path in paths.items()}
    made.baro.script(*planned(stories, steps))
    return await made.run()


# --- counting --------------------------------------------------------------------------------------------------


def model_calls(ran: Ran) -> dict[str, int]:
    return dict(Counter(name for entry in ran.entries if (name := CALLS.get(type(entry.event)))))


def api(ran: Ran) -> dict[str, int]:
    """REST requests by kind; edits of the living comment are left to `comment_edits`."""
    found = Counter(_kind(request) for request in ran.requests if "/api/" in request.path)
    return {kind: count for kind, count in sorted(found.items()) if kind != COMMENT_EDIT}


def comment_edits(ran: Ran) -> int:
    return sum(_kind(request) == COMMENT_EDIT for request in ran.requests)


def content(ran: Ran) -> int:
    """Requests that count against GitHub's limits for creating content: what people see appear or change."""
    made = re.compile(r"(POST|PATCH) /repos/R/(issues/N/comments|issues/comments/N|pulls|pulls/N|check-runs.*)")
    return sum(bool(made.fullmatch(_kind(request))) for request in ran.requests)


def git_http(ran: Ran) -> int:
    return sum(".git/" in request.path for request in ran.requests)


def _kind(request: Request) -> str:
    path = request.path.removeprefix("/api/v3").replace("/repos/acme/toolkit", "/repos/R")
    return f"{request.method} {re.sub(r'(?<=/)[0-9]+(?=/|$)', 'N', path)}"


# --- replay ----------------------------------------------------------------------------------------------------


def stretched(entries: Sequence[e.Entry], count: int) -> list[e.Entry]:
    """The same run with agents that did so much more that the journal has `count` events."""
    begun = [entry for entry in entries if isinstance(entry.event, e.AttemptWanted)]
    busy = _shares(begun, count - len(entries))
    long: list[e.Entry] = []
    number: dict[int, int] = {}
    for entry in entries:
        number[entry.seq] = len(long) + 1
        long.append(replace(entry, seq=len(long) + 1, event=_renumbered(entry.event, number)))
        for event in busy.get(entry.seq, ()):
            long.append(e.Entry(len(long) + 1, entry.at, "story_agent", event))
    return long


def _shares(begun: Sequence[e.Entry], extra: int) -> dict[int, list[e.Event]]:
    shares: dict[int, list[e.Event]] = {entry.seq: [] for entry in begun}
    for n, entry in enumerate(islice(cycle(begun), extra)):
        assert isinstance(entry.event, e.AttemptWanted)
        did = tuple(Did("read" if k % 3 else "write", f"src/module_{(n * 7 + k) % 400}.py") for k in range(4))
        shares[entry.seq].append(e.AgentDid(entry.event.story, entry.event.attempt, did))
    return shares


def _renumbered(event: e.Event, number: dict[int, int]) -> e.Event:
    named = {"answers", "request", "seen"} & set(event.__struct_fields__)
    return replace(event, **{name: number[getattr(event, name)] for name in named})


async def replay(entries: Sequence[e.Entry], url: str) -> tuple[float, float]:
    """Milliseconds of this process's CPU, medians: for XRANGE and decoding, and for the store's read and a replay."""
    client = connect(url)
    store = Store(client, lease=5, retention=60)
    await _write(client, entries)

    async def plain() -> object:
        return [entry_of(id, fields) for id, fields in await client.xrange(journal_key("long"))]

    async def ours() -> object:
        Bus(seat(nowhere()), _nobody(), time.time).replay(there := await store.read("long"))
        return there

    took = [(await _timed(plain), await _timed(ours)) for _ in range(ROUNDS)]
    await store.aclose()
    return median(one for one, _ in took), median(other for _, other in took)


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    gc.collect()
    began = time.process_time()
    kept = await work()
    took = (time.process_time() - began) * 1000
    del kept
    return took


async def _write(client: Redis, entries: Iterable[e.Entry]) -> None:
    async with client.pipeline(transaction=False) as pipe:
        for entry in entries:
            fields: dict[Any, Any] = {"at": repr(entry.at), "by": entry.by, "event": e.encode(entry.event)}
            pipe.xadd(journal_key("long"), fields, id=f"{entry.seq}-0")
        await pipe.execute()


def nowhere() -> World:
    """Participants are seated and never act: replay only folds."""
    nothing: Any = None
    return World(*[nothing] * 7)


def _nobody() -> Any:
    return None


# --- the bench -------------------------------------------------------------------------------------------------


async def measure(events: int) -> None:
    with tempfile.TemporaryDirectory() as root:
        async with embedded_redis(Path(root) / "redis") as url:
            async with bench(Path(root), url) as made:
                await made.baro.start("web", "runner")
                await focused(made)  # what a runner asks once: who it is, its first tokens
                one, four = await focused(made), await parallel(made)
            report("focused run", one)
            report(f"parallel run of {STORIES}", four)
            more = (four.journal_bytes - one.journal_bytes) / (STORIES - 1)
            print(f"  journal: {one.journal_bytes:,} bytes focused; {more:,.0f} for each further story")
            plain, ours = await replay(stretched(four.entries, events), url)
            print(f"replay of {events:,} events, CPU: read and fold {ours:.0f} ms, XRANGE and decode {plain:.0f} ms")
            print(f"  ratio {ours / plain:.2f} (aim 2)")


def report(title: str, ran: Ran) -> None:
    kinds, calls = api(ran), model_calls(ran)
    edits = comment_edits(ran)
    print(f"{title}: {sum(calls.values())} model calls ({', '.join(f'{n} {name}' for name, n in calls.items())})")
    print(f"  GitHub: {sum(kinds.values()) + edits} REST requests, of which {content(ran)} create content")
    print(f"          {edits} edits of the comment, {git_http(ran)} requests of git's; {len(ran.gits)} git processes")
    for kind, count in chain(kinds.items(), [(COMMENT_EDIT, edits)]):
        print(f"    {count:>3} {kind}")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.counts", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--events", type=int, default=10_000, help="in the journal that is replayed")
    asyncio.run(measure(parser.parse_args().events))


if __name__ == "__main__":
    main()
