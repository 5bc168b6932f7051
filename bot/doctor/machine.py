"""This machine: room, git, the sandbox, agents and Redis."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from bot.embedded import NoRedisError, check_operator_redis, redis_executable
from runner.adapters import git, redis_store
from runner.adapters.agents.diagnosis import diagnose
from runner.adapters.agents.fleet import Fleet
from runner.adapters.agents.registry import AUTO, backends
from runner.adapters.guard import free
from runner.adapters.network import Network
from runner.adapters.network.installed import Registries
from runner.adapters.redis_store import Store
from runner.adapters.sandbox import Unconfined, choose
from runner.adapters.sandbox.limits import suitable
from runner.adapters.sandbox.selftest import examine
from runner.domain.allowance import STANDARD
from runner.errors import AgentUnavailable, BaroError, SandboxUnavailable, StoreDown

from . import say
from .draft import Draft
from .finding import Finding, skipped

REDIS_WITHIN = 10.0
"""seconds"""


async def room(settings: Draft) -> list[Finding]:
    return await asyncio.to_thread(_room, settings)


def _room(settings: Draft) -> list[Finding]:
    path = settings.home
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        return [say.home(path, error.strerror or str(error)), skipped("disk", "Not to be known without a home.")]
    return [say.home(path, ""), say.disk(path, free(path), STANDARD.spare)]


async def tools(_: Draft) -> list[Finding]:
    try:
        return [say.git(await git.require(Path("/")))]
    except BaroError as error:
        return [say.unexpected("git", error)]


async def sandbox(settings: Draft) -> list[Finding]:
    allowance = suitable(settings.agent_memory, settings.agent_disk)
    try:
        chosen = await asyncio.to_thread(choose, settings.sandbox, settings.path, allowance)
        level = await examine(chosen, settings.home, os.environ, settings.redis_url or "", settings.network)
        sharing = await asyncio.to_thread(chosen.sharing, settings.home)
    except (SandboxUnavailable, OSError) as error:
        lost = error if isinstance(error, BaroError) else SandboxUnavailable("The sandbox could not be tried.")
        rest = (skipped(name, "Not to be known without a sandbox.") for name in ("network", "dependencies", "limits"))
        return [say.unexpected("sandbox", lost), *rest]
    return [
        say.sandbox(level),
        say.network(level, settings.network),
        say.dependencies(sharing),
        say.limits(allowance),
    ]


async def agents(settings: Draft) -> list[Finding]:
    known = backends(settings.home, settings.agent_environment(), str(settings.agent_script or ""))
    shown = [name for name in known if name in (*AUTO, settings.agent)]
    found = await asyncio.gather(*(asyncio.to_thread(diagnose, known[name], settings.path) for name in shown))
    lines = [say.agent(one, wanted=one.name == settings.agent) for one in found]
    sandbox, network = Unconfined(settings.path), Network(settings.network, Registries({}), own=False)
    fleet = Fleet(settings.home, sandbox, network, known, AUTO, agent=settings.agent, model=settings.model or "")
    try:
        title = await asyncio.to_thread(fleet.named, settings.agent)
    except AgentUnavailable as missing:
        return [say.none_usable() if settings.agent == "auto" else say.unexpected("agent", missing), *lines]
    return [say.chosen(title, settings.agent), *lines]


async def redis(settings: Draft) -> list[Finding]:
    if settings.redis_url is None:
        try:
            return [say.embedded(redis_executable())]
        except NoRedisError as error:
            return [say.unexpected("redis", error)]
    store = Store(redis_store.connect(settings.redis_url), lease=settings.lease, retention=1)
    try:
        async with asyncio.timeout(REDIS_WITHIN):
            await store.writable()
            info = await store.info()
    except StoreDown as error:
        return [say.redis_away(error)]
    except TimeoutError:
        return [say.redis_away(StoreDown(f"Redis did not answer within {REDIS_WITHIN:g} s."))]
    finally:
        await store.aclose()
    return [say.redis(check_operator_redis(info), str(info.get("redis_version", "")))]
