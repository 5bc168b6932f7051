"""The agents of this machine: which one does a job, in the sandbox, watched, and never twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import structlog
from msgspec.structs import replace

from runner.adapters import process
from runner.adapters.network import Line, Network
from runner.adapters.process import Exit, Program
from runner.adapters.sandbox import Sandbox
from runner.adapters.sandbox.room import Confined, Room
from runner.adapters.workspace.removal import remove
from runner.domain.agent import Did, Ended, Failure
from runner.domain.allowance import Allowance
from runner.errors import AgentUnavailable
from runner.ports import AgentJob, AgentReply

from . import failures, unsaid
from .backend import Backend, Launch, Stream
from .record import Record
from .reply import last_object

log = structlog.get_logger(__name__)

Value = TypeVar("Value", Did, AgentReply)
SAID = 8000
"""characters of an agent's closing words that are kept"""


class Fleet:
    """Satisfies `runner.ports.Agents`. `agent` is the operator's `BARO_AGENT` (it may name a model: `claude:opus`),
    `model` his `BARO_MODEL`. `order` is how `auto` looks for a backend."""

    def __init__(
        self,
        home: Path,
        sandbox: Sandbox,
        network: Network,
        backends: Mapping[str, Backend],
        order: tuple[str, ...],
        *,
        agent: str = "auto",
        model: str = "",
    ) -> None:
        self._home = home
        self._sandbox = sandbox
        self._network = network
        self._backends = backends
        self._order = order
        self._agent = agent
        self._model = model

    def named(self, agent: str) -> str:
        backend, model = self._route(agent)
        backend.find()
        backend.provider(model)
        return _title(backend, model)

    def auto(self) -> tuple[str, ...]:
        """The routes of a run that says nothing, best first: the operator's agent, or all that can be used here. His
        model is that of the first of them, and of nobody else. Raises AgentUnavailable where there is none."""
        first = self.named(self._agent)
        others = self._usable() if self._agent.partition(":")[0] == "auto" else ()
        return (first, *(name for name in others if name != first.partition(":")[0]))

    async def recall(self, job: AgentJob) -> AgentReply | None:
        return Record(self._home, job).read()

    async def run(self, job: AgentJob, heard: Callable[[Did], None]) -> AgentReply:
        if (known := await self.recall(job)) is not None:
            return known
        record = Record(self._home, job)
        backend, model = await asyncio.to_thread(self._route, job.agent)
        line = self._network.line(backend.provider(model), backend.hosts(model))
        async with _emptied(record.scratch), line as out:
            reply = _hide(await self._attempt(job, backend, model, record, out, heard), backend.secrets)
            # No await between the end of the process and this: a runner that is told to stop now still remembers.
            record.write(reply)
        return reply

    async def _attempt(
        self,
        job: AgentJob,
        backend: Backend,
        model: str,
        record: Record,
        line: Line,
        heard: Callable[[Did], None],
    ) -> AgentReply:
        inside = replace(self._sandbox.inside(job.seat, record.scratch), model=line.model)
        launch = await asyncio.to_thread(backend.launch, job, model, inside, record.scratch / "home")
        confined = self._sandbox.confine(
            Room(job.seat, record.scratch, launch.argv, launch.env, launch.reads, launch.masks, line.outlet)
        )
        stream = backend.stream(job, inside)
        exit = await process.run(
            _program(confined, record, launch.stdin),
            _telling(stream, backend.secrets, heard),
            silence=job.silence,
            busy=lambda: not line.asking and _busy(stream, launch, record.mark),
            in_vain=lambda: unsaid.hopeless(backend, line.refusal, job.silence),
        )
        if stream.unknown:
            log.warning(
                "agent.unknown_events", agent=backend.name, run=job.run, kinds=dict(stream.unknown), log=record.out.name
            )
        complaint, refused = process.last_words(record.err), unsaid.failure(backend, line.refusal)
        ended, json = _conclude(job, stream, exit, backend.name, complaint, confined.allowance, refused)
        return AgentReply(replace(ended, blocked=line.blocked), _title(backend, stream.model or model), json)

    def _route(self, agent: str) -> tuple[Backend, str]:
        """The backend and the model ("" is the backend's own choice) for `backend[:model]`."""
        name, _, model = agent.partition(":")
        preferred, _, preset = self._agent.partition(":")
        if name in ("auto", preferred):
            model = model or preset or self._model
        if name == "auto":
            name = preferred
        return (self._first() if name == "auto" else self._backend(name)), model

    def _first(self) -> Backend:
        if usable := self._usable():
            return self._backends[usable[0]]
        reasons = " ".join(self._missing(name) for name in self._order)
        raise AgentUnavailable("No coding agent can be used on this machine.", hint=reasons)

    def _usable(self) -> tuple[str, ...]:
        return tuple(name for name in self._order if not self._missing(name))

    def _missing(self, name: str) -> str:
        """Why a backend cannot be used here, and what to do; empty where it can."""
        try:
            self._backends[name].find()
        except AgentUnavailable as missing:
            return f"{missing} {missing.hint}".strip()
        return ""

    def _backend(self, name: str) -> Backend:
        if name not in self._backends:
            known = ", ".join(sorted(self._backends))
            raise AgentUnavailable(f"There is no agent `{name}`.", hint=f"There are: auto, {known}.")
        return self._backends[name]


def _program(confined: Confined, record: Record, stdin: bytes) -> Program:
    return Program(
        *(confined.argv, confined.env, confined.cwd, record.out, record.err, record.mark, stdin),
        allowance=confined.allowance,
        writes=confined.writes,
        handles=confined.handles,
    )


def _telling(stream: Stream, secrets: tuple[str, ...], heard: Callable[[Did], None]) -> Callable[[bytes], None]:
    """What is done with each line the agent prints."""
    tell = _once(lambda did: heard(_hide(did, secrets)))

    def line(raw: bytes) -> None:
        for did in stream.feed(raw):
            tell(did)

    return line


def _title(backend: Backend, model: str) -> str:
    return f"{backend.name}:{model}" if model else backend.name


def _busy(stream: Stream, launch: Launch, mark: str) -> bool:
    return stream.busy and (not launch.child or bool(process.marked(mark, launch.child)))


def _conclude(
    job: AgentJob,
    stream: Stream,
    exit: Exit,
    name: str,
    complaint: str,
    allowance: Allowance,
    refused: Failure | None,
) -> tuple[Ended, Any]:
    """What we saw from outside outweighs what the stream says, and the provider's own word when it can be
    asked again what the stream made of it; a one-shot without its JSON did not end well."""
    ended = stream.ended(exit, complaint)
    json = None
    if exit.stopped == "silent":
        evidence = ended.failure.evidence if ended.failure else complaint  # it may have said what it waited for
        ended = replace(ended, failure=refused or failures.silent(name, job.silence, evidence))
    elif exit.stopped == "flooded":
        ended = replace(ended, failure=failures.flooded(name, complaint))
    elif exit.stopped:
        ended = replace(ended, failure=failures.too_much(name, exit.stopped, allowance, complaint))
    elif job.role != "story" and ended.well:
        json = stream.json if isinstance(stream.json, dict) else last_object(ended.said)
        if json is None:
            ended = replace(ended, failure=failures.no_answer(name, ended.said))
    elif ended.failure and refused and refused.retry_after and ended.failure.kind == refused.kind:
        ended = replace(ended, failure=replace(ended.failure, retry_after=refused.retry_after))
    return replace(ended, said=ended.said[-SAID:]), json


@asynccontextmanager
async def _emptied(path: Path) -> AsyncIterator[None]:
    """An empty private directory, for as long as the attempt runs. One that is there belongs to a runner that died."""
    await asyncio.to_thread(remove, path)
    await asyncio.to_thread(path.mkdir, parents=True, mode=0o700)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # it lies within the run's directory, and what resists goes with that
            await asyncio.to_thread(remove, path)


def _once(tell: Callable[[Did], None]) -> Callable[[Did], None]:
    """Agents repeat themselves: the same thing done again at once is said once."""
    last: list[Did] = []

    def said(did: Did) -> None:
        if last != [did]:
            last[:] = [did]
            tell(did)

    return said


def _hide(value: Value, secrets: tuple[str, ...]) -> Value:
    """The value without any of the secrets: agents print their environment."""
    text = msgspec.json.encode(value)
    for secret in secrets:
        text = text.replace(msgspec.json.encode(secret)[1:-1], b"[secret]")
    return msgspec.json.decode(text, type=type(value))
