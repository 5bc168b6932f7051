"""The durable core in Redis: inbox of asks, journals, leases, the inbox of each run.

Keys (all under `baro:`): `asks` is the inbox stream; `delivery:*` and `key:*` remember what was kept;
`run:<id>:journal|inbox|lease|fence` belong to a run; `runs` lists them as they come, `runs:open` are those not ended;
`thread:<repo#number>:run|decisions` say what happened on a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import msgspec
import redis.asyncio as redis
from msgspec import Struct
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError

from runner.domain.events import Entry, Event, Knocked, RunSubmitted, decode, encode
from runner.domain.goal import Thread
from runner.errors import LeaseLost, StoreDown
from runner.ports import Lease

from . import redis_scripts as scripts
from .redis_pipe import Pipe

DAY = 86_400
REMEMBER = 7 * DAY
"""seconds a delivery and an ask are remembered; GitHub redelivers for three days"""
DECISIONS = 20
"""decisions kept per thread"""
RUNS = "baro:runs"
"""the list of runs, oldest first, as a stream: for those who read along"""
RUNS_LISTED = 10_000
"""runs that stay on that list"""
AWAY = 1.0
"""seconds before a run's inbox is read again after Redis failed"""
BLOCK = 5_000
"""milliseconds one blocking read waits before it asks again"""

TROUBLE = (RedisError, OSError)
"""what a Redis client raises when Redis is away"""

P = ParamSpec("P")
R = TypeVar("R")


def translated(method: Callable[P, Awaitable[R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """What Redis raises becomes ours, so that nobody above has to know it."""

    @wraps(method)
    async def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await method(*args, **kwargs)
        except TROUBLE as error:
            raise StoreDown("Redis does not answer as it should.", evidence=str(error)) from error

    return call


class Bell(Struct, frozen=True):
    """How to ring for an ask inside the script that keeps it. `job` holds `@id@` where the ask's id belongs."""

    queue: str
    prefix: str
    job: bytes
    score: int


class Pending(Struct, frozen=True):
    """An ask without an answer. `at` is when it was kept, in seconds since the epoch."""

    id: str
    at: float


def pool(url: str) -> redis.ConnectionPool:
    """Connections that wait out short interruptions."""
    return redis.ConnectionPool.from_url(
        url,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.02), 3),
        retry_on_error=[redis.ConnectionError, redis.TimeoutError],
        health_check_interval=0,
    )


def connect(url: str) -> redis.Redis:
    """A client whose values are bytes."""
    return redis.Redis.from_pool(pool(url))


class Store:
    """Satisfies the ports Journal, Leases, Runs and RunInbox, and keeps the asks."""

    def __init__(self, client: redis.Redis, *, lease: float, retention: float) -> None:
        """`lease` and `retention` in seconds."""
        self._redis = client
        self._lease_ms = int(lease * 1000)
        self._retention = int(retention)
        self._pipe = Pipe(client.connection_pool)
        self._answer = client.register_script(scripts.ANSWER)
        self._claim = client.register_script(scripts.CLAIM)
        self._renew = client.register_script(scripts.RENEW)
        self._release = client.register_script(scripts.RELEASE)
        self._append = client.register_script(scripts.APPEND)
        self._submit = client.register_script(scripts.SUBMIT)
        self._close = client.register_script(scripts.CLOSE)

    async def aclose(self) -> None:
        await self._pipe.aclose()
        await self._redis.aclose()

    @translated
    async def writable(self) -> None:
        """Raises StoreDown unless a write is accepted now."""
        await self._redis.set("baro:ready", b"1", ex=60)

    @translated
    async def info(self) -> dict[str, Any]:
        """What Redis says of itself."""
        return cast(dict[str, Any], await self._redis.info())

    # --- asks ---------------------------------------------------------------------------------------------------

    @translated
    async def keep(self, delivery: str, key: str, ask: bytes, bell: Bell) -> str | None:
        """Keep and ring. The ask's id, or None when this delivery or this very ask is known already."""
        kept = await self._pipe.script(
            scripts.KEEP,
            keys=[f"baro:delivery:{delivery}", f"baro:key:{key}", "baro:asks", bell.queue],
            args=[ask, REMEMBER, bell.prefix, bell.job, bell.score],
        )
        return kept.decode() if kept else None

    @translated
    async def ask(self, ask_id: str) -> bytes | None:
        """None once it has been answered."""
        found = await self._redis.xrange("baro:asks", ask_id, ask_id)
        return found[0][1][b"ask"] if found else None

    @translated
    async def pending(self, limit: int = 100) -> list[Pending]:
        """Asks without an answer, oldest first."""
        found = await self._redis.xrange("baro:asks", count=limit)
        return [Pending(id.decode(), int(id.split(b"-")[0]) / 1000) for id, _ in found]

    @translated
    async def answer(self, ask_id: str, thread: str, decision: bytes) -> None:
        """The ask is done with; `decision` is kept for the thread's `/baro why`."""
        await self._answer(
            keys=["baro:asks", f"baro:thread:{thread}:decisions"],
            args=[ask_id, decision, DECISIONS, self._retention],
        )

    @translated
    async def failures(self, ask_id: str) -> int:
        """Count one more failed try at an ask; how many that makes."""
        key = f"baro:ask:{ask_id}:failures"
        count = await self._redis.incr(key)
        await self._redis.expire(key, REMEMBER)
        return int(count)

    @translated
    async def may_say(self, what: str, ask: str) -> bool:
        """For a day, to the first ask that wants to: to that one as often as it tries, and to no other."""
        key = f"baro:said:{what}"
        return bool(await self._redis.set(key, ask, ex=DAY, nx=True)) or await self._redis.get(key) == ask.encode()

    # --- Leases -------------------------------------------------------------------------------------------------

    @translated
    async def claim(self, run: str, host: str) -> Lease | None:
        fence = await self._claim(keys=[_lease(run), f"baro:run:{run}:fence"], args=[host, self._lease_ms])
        return Lease(run, host, int(fence)) if fence else None

    @translated
    async def renew(self, lease: Lease) -> bool:
        return bool(await self._renew(keys=[_lease(lease.run)], args=[_token(lease), self._lease_ms]))

    @translated
    async def release(self, lease: Lease) -> None:
        await self._release(keys=[_lease(lease.run)], args=[_token(lease)])

    @translated
    async def held(self, run: str) -> bool:
        return bool(await self._redis.exists(_lease(run)))

    # --- Journal ------------------------------------------------------------------------------------------------

    @translated
    async def read(self, run: str, after: int = 0) -> list[Entry]:
        found = await self._redis.xrange(journal_key(run), min=f"{after + 1}-0")
        return [entry_of(id, fields) for id, fields in found]

    @translated
    async def append(self, lease: Lease, expected: int, entries: Sequence[Entry]) -> None:
        args: list[Any] = [_token(lease), expected]
        for entry in entries:
            args += [repr(entry.at), entry.by, encode(entry.event)]
        verdict = await self._append(keys=[_lease(lease.run), journal_key(lease.run)], args=args)
        if verdict != b"ok":
            raise LeaseLost(f"Another host has taken over run {lease.run}.", evidence=verdict.decode())

    # --- Runs ---------------------------------------------------------------------------------------------------

    @translated
    async def submit(self, entry: Entry) -> str:
        event = entry.event
        assert isinstance(event, RunSubmitted)
        spec = event.spec
        holder = await self._submit(
            keys=[journal_key(spec.id), "baro:runs:open", _thread(spec.thread), RUNS],
            args=[spec.id, repr(entry.at), entry.by, encode(event), RUNS_LISTED],
        )
        return cast(bytes, holder).decode()

    @translated
    async def open(self) -> list[str]:
        members = await cast("Awaitable[set[bytes]]", self._redis.smembers("baro:runs:open"))
        return sorted(run.decode() for run in members)

    @translated
    async def active_on(self, thread: Thread) -> str | None:
        run = await self.latest_on(thread)
        if run is None:
            return None
        is_open = await cast("Awaitable[int]", self._redis.sismember("baro:runs:open", run))
        return run if is_open else None

    @translated
    async def latest_on(self, thread: Thread) -> str | None:
        run = await self._redis.get(_thread(thread))
        return run.decode() if run else None

    @translated
    async def close(self, lease: Lease, thread: Thread) -> None:
        run = lease.run
        await self._close(
            keys=[
                _lease(run),
                journal_key(run),
                _inbox(run),
                f"baro:run:{run}:fence",
                "baro:runs:open",
                _thread(thread),
            ],
            args=[_token(lease), run, self._retention],
        )

    # --- RunInbox -----------------------------------------------------------------------------------------------

    @translated
    async def put(self, run: str, knock: Event) -> None:
        await self._redis.xadd(_inbox(run), {"event": encode(knock)})

    async def listen(self, run: str, after: str) -> AsyncIterator[Knocked]:
        cursor = after or "0-0"
        while True:
            for id, fields in await self._knocks(run, cursor):
                cursor = id.decode()
                knock = cast(Knocked, decode(fields[b"event"]))
                yield msgspec.structs.replace(knock, door=cursor)

    async def _knocks(self, run: str, cursor: str) -> list[tuple[bytes, dict[bytes, bytes]]]:
        """Waits for some, a while; a store that is away has none for now."""
        try:
            found = await self._redis.xread({_inbox(run): cursor}, block=BLOCK)
        except TROUBLE:
            await asyncio.sleep(AWAY)
            return []
        return [message for _, messages in found or [] for message in messages]


def journal_key(run: str) -> str:
    return f"baro:run:{run}:journal"


def _inbox(run: str) -> str:
    return f"baro:run:{run}:inbox"


def _lease(run: str) -> str:
    return f"baro:run:{run}:lease"


def _thread(thread: Thread) -> str:
    return f"baro:thread:{thread.key}:run"


def _token(lease: Lease) -> str:
    return f"{lease.host}|{lease.fence}"


def entry_of(id: bytes, fields: dict[bytes, bytes]) -> Entry:
    return Entry(
        seq=int(id.split(b"-")[0]), at=float(fields[b"at"]), by=fields[b"by"].decode(), event=decode(fields[b"event"])
    )
