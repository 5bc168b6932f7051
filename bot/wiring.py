"""The one composition root: settings in, a web application or a runner process out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from arq.connections import ArqRedis
from starlette.applications import Starlette

from handlers.admission import House
from handlers.context import Sources
from handlers.us import Us
from runner import crashpoints
from runner.adapters import redis_store
from runner.adapters.agents.fleet import Fleet
from runner.adapters.agents.registry import AUTO, NAMES, backends
from runner.adapters.checks import SandboxedChecks
from runner.adapters.clock import SystemClock
from runner.adapters.github import GitHub, connect
from runner.adapters.network import Network
from runner.adapters.network.installed import Registries
from runner.adapters.redis_readers import Readers
from runner.adapters.redis_store import Store
from runner.adapters.sandbox import Sandbox, choose
from runner.adapters.sandbox.limits import suitable
from runner.adapters.sandbox.selftest import examine
from runner.adapters.workspace import GitWorkspace
from runner.domain.config import Limits
from runner.domain.isolation import SandboxLevel
from runner.domain.policy import Gate
from runner.domain.route import Choice
from runner.domain.run import RunSpec
from runner.errors import AgentUnavailable, BaroError, Forbidden, GitHubError
from runner.host.host import Durable, Host
from runner.host.reconcile import Reconciler
from runner.host.sweep import Sweeper
from runner.participants import World, seat
from runner.ports import Comments, Place
from runner.voice import comment

from . import log as logs
from . import queue
from .admitting import Admission
from .desk import Desk
from .embedded import check_operator_redis
from .extensions import Carry, Extensions
from .extensions.asking import Asking
from .extensions.hearing import Hearing
from .hostname import host_name
from .settings import AppSettings, HostSettings, Settings
from .web import WebDeps, web_app

log = structlog.get_logger(__name__)

DAY = 86_400
GITHUB_WITHIN = 10.0
"""seconds at the start for GitHub to say who we are"""
WRITE_INTERVAL = 1.0
"""seconds between two writes of one installation, as GitHub asks"""
COMMENT_INTERVAL = 3.0
"""seconds, the least between two edits of a living comment"""
LOCAL_COMMENT_INTERVAL = 0.3


# --- web -------------------------------------------------------------------------------------------------------


class RedisInbox:
    """The web process's side of the store: keep and ring in one step."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, delivery: str, key: str, ask: bytes) -> bool:
        return await self._store.keep(delivery, key, ask, queue.bell()) is not None

    async def ready(self) -> None:
        await self._store.writable()


def web_app_from(settings: Settings) -> Starlette:
    """Talks to Redis only: GitHub and the runners may be down."""
    logs.configure(settings.log_format, settings.secrets)
    _arm(settings)
    store = _store(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await store.aclose()

    secrets = [secret.get_secret_value() for secret in settings.webhook_secrets]
    return web_app(WebDeps(secrets=secrets, us=Us(app=settings.app_id), inbox=RedisInbox(store), lifespan=lifespan))


# --- runner ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RunnerProcess:
    host: Host
    desk: Desk
    reconciler: Reconciler
    sweeper: Sweeper
    extensions: Extensions
    arq: ArqRedis


@dataclass(frozen=True)
class Connections:
    """What a runner is connected to, and the gate that all it says there passes."""

    github: GitHub
    store: Store
    readers: Readers
    arq: ArqRedis
    gate: Gate


@dataclass(frozen=True)
class Machine:
    """What a runner has on the machine it runs on."""

    name: str
    sandbox: Sandbox
    isolation: SandboxLevel
    network: Network
    agents: Fleet


@asynccontextmanager
async def runner_process(settings: Settings) -> AsyncIterator[RunnerProcess]:
    """Everything a runner needs, checked before it is given out: a wrong key, a missing sandbox or agent end here."""
    known: list[logs.Secrets] = [settings.secrets]

    def secrets() -> Iterable[str]:
        return [value for ask in known for value in ask()]

    gate = Gate(secrets)
    async with _github(settings, gate) as github, _redis(settings) as (store, readers, arq):
        known.append(github.secrets)  # installation tokens come and go
        logs.configure(settings.log_format, secrets)
        _arm(settings)
        await _checked(github, store)
        sandbox, isolation = await sandbox_of(settings)
        around = network(settings, sandbox)
        with host_name(settings.home) as name:
            machine = Machine(name, sandbox, isolation, around, fleet(settings, sandbox, around))
            yield _process(settings, Connections(github, store, readers, arq, gate), machine)


def _process(settings: Settings, to: Connections, machine: Machine) -> RunnerProcess:
    clock, store = SystemClock(), to.store
    world = _world(settings, to, machine, clock)
    host = Host(
        machine.name,
        Durable(store, store, store),
        clock,
        lambda: seat(world),
        LastWords(to.github.comments),
        capacity=settings.max_runs,
        lease_seconds=settings.lease,
        isolation=machine.isolation,
    )
    desk = Desk(_admission(settings, to, machine, clock).admit)
    kinds: dict[str, Carry] = {
        "baro.participants": Hearing(to.readers, store, clock, clock.now()),
        "baro.sources": Asking(store, clock),
    }
    return RunnerProcess(
        host,
        desk,
        Reconciler(host, store, store.pending, desk.take, clock, interval=settings.lease),
        Sweeper(world.workspace, store, clock, retention=settings.retention_days * DAY),
        Extensions(kinds, store, clock, machine.name, settings.lease),
        to.arq,
    )


def _admission(settings: Settings, to: Connections, machine: Machine, clock: SystemClock) -> Admission:
    return Admission(
        to.store,
        clock,
        lambda: _sources(settings, to.github, to.store),
        to.github.comments,
        to.github.repositories,
        lambda run: queue.ring_for_run(to.arq, run),
        House(
            agent=settings.agent,
            routing=settings.agents.routing,
            auto=machine.agents.auto(),
            limits=Limits(agents=settings.max_agents, silence=settings.silence),
        ),
        host=machine.name,
        lease_seconds=settings.lease,
    )


def _world(settings: Settings, to: Connections, machine: Machine, clock: SystemClock) -> World:
    sharing = machine.sandbox.sharing(settings.home)
    log.info("dependencies.ready", sharing=sharing)
    return World(
        clock=clock,
        inbox=to.store,
        workspace=GitWorkspace(settings.home, to.github.remote, to.github.identity, to.gate, sharing=sharing),
        agents=machine.agents,
        checks=SandboxedChecks(machine.sandbox, machine.network),
        comments=to.github.comments,
        pulls=to.github.pulls,
        comment_interval=LOCAL_COMMENT_INTERVAL if _on_this_machine(settings.api_url) else COMMENT_INTERVAL,
    )


async def sandbox_of(settings: HostSettings) -> tuple[Sandbox, SandboxLevel]:
    """The sandbox agents get, once it has been tried. Raises SandboxUnavailable where they must not be run."""
    sandbox = choose(settings.sandbox, settings.path, suitable(settings.agent_memory, settings.agent_disk))
    url = settings.redis_url or "" if isinstance(settings, AppSettings) else ""
    isolation = await examine(sandbox, settings.home, os.environ, url, settings.network)
    log.info("sandbox.ready", sandbox=sandbox.name, isolation=isolation.level, reasons=isolation.reasons)
    return sandbox, isolation


def network(settings: HostSettings, sandbox: Sandbox) -> Network:
    """What surrounds the sandboxes of this machine."""
    registries, listed = Registries(settings.registry_environment()), frozenset(settings.network_hosts or ())
    around = Network(settings.network, registries, own=sandbox.own_network, listed=listed)
    log.info("network.ready", reach=around.restriction)
    return around


def fleet(settings: HostSettings, sandbox: Sandbox, around: Network) -> Fleet:
    """The agents of this machine. Raises AgentUnavailable where none could be run."""
    agents = Fleet(
        settings.home,
        sandbox,
        around,
        backends(settings.home, settings.agent_environment(), str(settings.agent_script or "")),
        AUTO,
        agent=settings.agent,
        model=settings.model or "",
    )
    log.info("agents.ready", agents=agents.auto())
    for route in sorted({route for routes in settings.agents.routing.values() for route in routes}):
        try:
            agents.named(route)
        except AgentUnavailable as missing:  # another runner may have it, and another route may do
            log.warning("agents.missing", route=route, why=str(missing), hint=missing.hint)
    return agents


async def _sources(settings: Settings, github: GitHub, store: Store) -> Sources:
    us = await github.identity()
    return Sources(
        repositories=github.repositories,
        pulls=github.pulls,
        runs=store,
        us=us,
        accounts=frozenset(settings.allowed_accounts or (us.owner,)),
        choice=Choice(NAMES, settings.agents.allowed),
    )


async def _checked(github: GitHub, store: Store) -> None:
    """A wrong key ends the start; a GitHub that is away, or a forgetful Redis, is said and lived with."""
    for warning in check_operator_redis(await store.info()):
        log.warning("redis.unfit", why=warning)
    try:
        async with asyncio.timeout(GITHUB_WITHIN):
            us = await github.identity()
    except Forbidden:
        raise
    except (TimeoutError, GitHubError) as error:
        log.warning("github.away", error=str(error))
    else:
        log.info("github.ready", app=us.slug, owner=us.owner)


class LastWords:
    """For a run whose participants cannot speak any more: its comment must still not stay at "working"."""

    def __init__(self, comments: Comments) -> None:
        self._comments = comments

    async def __call__(self, spec: RunSpec) -> None:
        place = Place(spec.installation, spec.thread.repository)
        try:
            await self._comments.upsert(place, spec.thread.number, comment.marker(spec.id), comment.given_up(spec))
        except BaroError as error:
            log.error("run.unspoken", run=spec.id, error=str(error))


@asynccontextmanager
async def _github(settings: Settings, gate: Gate) -> AsyncIterator[GitHub]:
    async with connect(
        app=settings.app_id,
        private_key=settings.private_key.get_secret_value(),
        api_url=settings.api_url,
        web_url=settings.github_url,
        gate=gate.text,
        retry_max=settings.retry_max,
        write_interval=0.0 if _on_this_machine(settings.api_url) else WRITE_INTERVAL,
    ) as github:
        yield github


def _on_this_machine(url: str) -> bool:
    """The demo's GitHub has no secondary limits, and a person is watching."""
    return urlsplit(url).hostname in ("127.0.0.1", "::1", "localhost")


@asynccontextmanager
async def _redis(settings: Settings) -> AsyncIterator[tuple[Store, Readers, ArqRedis]]:
    store = _store(settings)
    readers = Readers(redis_store.connect(settings.redis_url))
    pool = redis_store.pool(settings.redis_url)
    arq = ArqRedis(pool, job_serializer=queue.encode, job_deserializer=queue.decode)
    try:
        yield store, readers, arq
    finally:
        await arq.aclose()
        await pool.disconnect()
        await readers.aclose()
        await store.aclose()


def _store(settings: Settings) -> Store:
    client = redis_store.connect(settings.redis_url)
    return Store(client, lease=settings.lease, retention=settings.retention_days * DAY)


def _arm(settings: HostSettings) -> None:
    if settings.crashpoint:
        crashpoints.arm(settings.crashpoint)
