"""Admitting asks: gather the facts, decide, and carry the decision out, each step fit to be repeated.

Whatever happens to the process, an ask stays in the inbox until its answer is written; everything said on the way is
found again by its marker.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog
from structlog.contextvars import bound_contextvars

from handlers import asks
from handlers.admission import (
    Admitted,
    CancelRun,
    Decision,
    House,
    MakeReady,
    Nothing,
    Refused,
    Reply,
    ShowStatus,
    decide,
    encode,
)
from handlers.context import Sources, gather
from runner.adapters.redis_store import Store
from runner.crashpoints import crashpoint
from runner.domain import events as e
from runner.domain.reporting import of
from runner.errors import BaroError, Forbidden, NotFound, StoreDown
from runner.host.lease import held
from runner.ports import Clock, Comments, Place, Repositories
from runner.voice import comment, replies

log = structlog.get_logger(__name__)

TRIES = 5
"""failed tries at one ask before people are told that it will not be answered"""
LABEL_COLOR = "5319e7"


class Admission:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        sources: Callable[[], Awaitable[Sources]],
        comments: Comments,
        repositories: Repositories,
        ring_run: Callable[[str], Awaitable[None]],
        house: House,
        *,
        host: str,
        lease_seconds: float,
    ) -> None:
        self._store = store
        self._clock = clock
        self._sources = sources
        self._comments = comments
        self._repositories = repositories
        self._ring_run = ring_run
        self._house = house
        self._host = host
        self._lease_seconds = lease_seconds

    async def admit(self, ask_id: str) -> None:
        """Answer one ask, unless somebody else is at it or it has been answered. Failures leave it in the inbox."""
        lease = await self._store.claim(f"ask:{ask_id}", self._host)
        if lease is None:
            return
        async with held(self._store, lease, self._clock, self._lease_seconds):
            data = await self._store.ask(ask_id)
            if data is None:
                return
            ask = asks.decode(data)
            with bound_contextvars(ask=ask_id, key=ask.key):
                log.info("ask.picked_up")
                await self._answer(ask_id, ask)

    async def _answer(self, ask_id: str, ask: asks.Ask) -> None:
        try:
            decision = decide(ask, await gather(ask, await self._sources()), self._house)
            await self._carry_out(ask, decision)
        except StoreDown:
            raise
        except Exception as error:
            log.exception("ask.failed")
            if await self._store.failures(ask_id) < TRIES and not isinstance(error, Forbidden | NotFound):
                raise
            await self._give_up(ask, error)
            decision = Nothing("gave_up")
        crashpoint("ask.decided")
        await self._store.answer(ask_id, _thread(ask), encode(decision))
        log.info("ask.answered", decision=type(decision).__name__)

    async def _carry_out(self, ask: asks.Ask, decision: Decision) -> None:
        match ask, decision:
            case asks.Installed(), MakeReady():
                await self._make_ready(decision)
            case asks.StartRun(), Admitted():
                await self._start(ask, decision)
            case ((asks.StartRun() | asks.Command() | asks.Misread()), Refused(sentence=sentence)):
                await self._say(ask, sentence, once=True)
            case ((asks.Command() | asks.Misread()), Reply()):
                await self._say(ask, decision.text, once=decision.once)
            case asks.Command(), ShowStatus():
                await self._say(ask, await self._status(decision.run), once=decision.once)
            case asks.Command(), CancelRun():
                await self._store.put(decision.run, e.CancelAsked(door="", by=decision.by))
                await self._comments.react(_place(ask), ask.trigger, "+1")

    # --- starting a run -----------------------------------------------------------------------------------------

    async def _start(self, ask: asks.StartRun, admitted: Admitted) -> None:
        """Acknowledge within seconds, then submit; both are found again when this is done twice."""
        spec = admitted.spec
        entry = e.Entry(seq=1, at=self._clock.now(), by="admission", event=e.RunSubmitted(spec=spec))
        holder = await self._store.submit(entry)
        if holder != spec.id:
            await self._say(ask, replies.busy(holder), once=True)
            return
        crashpoint("run.submitted")
        await self._acknowledge(ask, spec.id)
        await self._ring_run(spec.id)

    async def _acknowledge(self, ask: asks.StartRun, run: str) -> None:
        """Seen, and where to look. Not `queued` again over what a run that is under way has said since."""
        report = of(await self._store.read(run))
        if report.outcome is None:
            await self._comments.react(_place(ask), ask.trigger, "eyes")
            body = comment.living(report, self._clock.now())
            await self._comments.upsert(_place(ask), ask.thread.number, comment.marker(run), body)

    # --- saying -------------------------------------------------------------------------------------------------

    async def _say(self, ask: asks.StartRun | asks.Command | asks.Misread, text: str, *, once: bool) -> None:
        """Reply on the thread. `once`: to this person, on this thread, today."""
        said = f"{ask.thread.key}:{ask.sender.login.lower()}:{datetime.fromtimestamp(self._clock.now(), UTC):%Y-%m-%d}"
        if once and not await self._store.may_say(said, ask.key):
            return
        reply = replies.marked(text, ask.trigger)
        await self._comments.upsert(_place(ask), ask.thread.number, replies.reply_marker(ask.trigger), reply)
        crashpoint("reply.said")
        await self._comments.react(_place(ask), ask.trigger, "confused" if once else "+1")

    async def _status(self, run: str) -> str:
        return replies.status(*comment.status(of(await self._store.read(run))))

    async def _give_up(self, ask: asks.Ask, error: Exception) -> None:
        """Silence is the worst answer; but where GitHub will not let us speak, the log has to do."""
        if isinstance(ask, asks.Installed):
            return
        sentence = str(error) if isinstance(error, BaroError) else ""
        try:
            await self._say(ask, replies.gave_up(sentence), once=False)
        except BaroError:
            log.exception("ask.unanswerable")

    # --- installing ---------------------------------------------------------------------------------------------

    async def _make_ready(self, decision: MakeReady) -> None:
        """The label where we may make it; nothing else, and nothing said."""
        for repository in decision.repositories or await self._repositories.reachable(decision.installation):
            try:
                await self._repositories.ensure_label(
                    Place(decision.installation, repository), self._house.label, LABEL_COLOR, replies.label_says()
                )
            except (Forbidden, NotFound) as error:
                log.info("label.not_made", repository=repository.full_name, why=str(error))


def _place(ask: asks.StartRun | asks.Command | asks.Misread) -> Place:
    return Place(ask.installation, ask.thread.repository)


def _thread(ask: asks.Ask) -> str:
    return f"installation:{ask.installation}" if isinstance(ask, asks.Installed) else ask.thread.key
