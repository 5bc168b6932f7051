"""What surrounds a sandbox's network: for each attempt a line out of it, judged by the rules, gone with the attempt.

    async with network.line(provider) as line:
        …  Room(…, outlet=line.outlet)  …  Inside(model=line.model)  …
    line.blocked, line.refusal

A line per attempt, rather than one proxy for all: the model's key, what was blocked and every open connection then
belong to exactly one attempt, and end with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cached_property
from typing import Literal

import httpx
from msgspec import Struct

from runner.adapters.agents.backend import Provider
from runner.adapters.sandbox.room import Outlet, proxied
from runner.domain.network import Authority, Blocked, Level, Rules
from runner.domain.refusal import Refusal

from .ecosystems import NAMES
from .gateway import Gateway
from .handle import Handle
from .installed import Registries
from .proxy import Proxy
from .server import CONNECTIONS, Server

PORT = 62767
"""of the sandbox's loopback, where nothing else is expected"""
MODEL = "/model"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Line(Struct, frozen=True):
    """`model` is the address of the attempt's provider as seen from inside, "" where it has none."""

    outlet: Outlet
    model: str = ""
    proxy: Proxy | None = None
    gateway: Gateway | None = None

    @property
    def blocked(self) -> tuple[Blocked, ...]:
        return self.proxy.blocked if self.proxy else ()

    @property
    def refusal(self) -> Refusal | None:
        """What the provider said last, if it refused."""
        return self.gateway.refusal if self.gateway else None

    @property
    def asking(self) -> bool:
        """The agent waits for its model."""
        return self.gateway is not None and self.gateway.asking


class Network:
    """`listed` is the operator's BARO_NETWORK_HOSTS. `own`: sandboxes have a network of their own, of which this is
    the only way out; otherwise they have the host's, nothing is restricted, and only the model's key stays here."""

    def __init__(
        self, level: Level, registries: Registries, *, own: bool, listed: frozenset[Authority] = frozenset()
    ) -> None:
        self._level = level
        self._sources = registries
        self._own = own
        self._listed = listed

    @property
    def restriction(self) -> Level | Literal["none"]:
        """What holds for sandboxes, for the log and `baro doctor`."""
        return self._level if self._own else "none"

    async def registries(self) -> tuple[Authority, ...]:
        """The registries this machine uses, asked of its tools; for `baro doctor`."""
        return tuple(sorted(await self._sources.known()))

    @asynccontextmanager
    async def line(self, provider: Provider | None = None, hosts: tuple[str, ...] = ()) -> AsyncIterator[Line]:
        """`hosts` are what a backend must reach to sign in, at any level."""
        async with AsyncExitStack() as stack:
            yield await (self._inner(stack, provider, hosts) if self._own else self._outer(stack, provider))

    async def _inner(self, stack: AsyncExitStack, provider: Provider | None, hosts: tuple[str, ...]) -> Line:
        """Answers within the sandbox, as soon as its door has opened."""
        proxy = await stack.enter_async_context(
            contextlib.aclosing(Proxy(lambda wanted: self._rules(wanted, frozenset(hosts)), CONNECTIONS))
        )
        gateway = await self._gateway(stack, provider, MODEL) if provider else None
        server = await stack.enter_async_context(contextlib.aclosing(Server(proxy, gateway)))
        handle = stack.enter_context(contextlib.closing(Handle()))
        mirrors = self._mirrors()
        opening = asyncio.create_task(_open(server, handle, mirrors), name="baro:door")
        stack.push_async_callback(_stopped, opening)
        files = self._sources.configured.files if self._level != "model" else {}
        ports = (PORT, *(mirror.port for mirror in mirrors))
        model = f"http://127.0.0.1:{PORT}{MODEL}" if provider else ""
        outlet = Outlet(handle.number, ports, proxied(PORT) | self._sources.trusted, files)
        return Line(outlet, model, proxy, gateway)

    async def _outer(self, stack: AsyncExitStack, provider: Provider | None) -> Line:
        """On the host's own loopback, below a path that nobody else on this machine can guess."""
        if provider is None:
            return Line(Outlet())
        prefix = f"/{secrets.token_urlsafe(24)}{MODEL}"
        gateway = await self._gateway(stack, provider, prefix)
        server = await stack.enter_async_context(contextlib.aclosing(Server(None, gateway)))
        return Line(Outlet(), f"http://127.0.0.1:{await server.listen_on_loopback()}{prefix}", gateway=gateway)

    async def _gateway(self, stack: AsyncExitStack, provider: Provider, prefix: str) -> Gateway:
        opened = Gateway(provider, prefix, self._trust, CONNECTIONS)
        return await stack.enter_async_context(contextlib.aclosing(opened))

    async def _rules(self, wanted: Authority, hosts: frozenset[str]) -> Rules:
        """This machine's registries are asked for only where it depends on them."""
        if self._level == "model":
            return Rules(self._level, hosts, self._listed)
        public = hosts | NAMES if self._level == "registry" else hosts
        rules = Rules(self._level, public, self._listed | self._sources.configured.mirrors)
        if wanted.host in public or rules.judge(wanted) == "anywhere":
            return rules
        return Rules(self._level, public, self._listed | await self._sources.known())

    def _mirrors(self) -> tuple[Authority, ...]:
        """Indexes on this very machine: inside, the same address leads to them."""
        known = self._sources.configured.mirrors if self._level != "model" else ()
        return tuple(sorted(one for one in known if one.host in LOOPBACK and one.port > 1023 and one.port != PORT))

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return httpx.create_ssl_context()


async def _open(server: Server, handle: Handle, mirrors: tuple[Authority, ...]) -> None:
    """None are there at all if the sandbox has died before its door was open."""
    for listener, mirror in zip(await handle.listeners(1 + len(mirrors)), (None, *mirrors), strict=False):
        await server.listen(listener, mirror)


async def _stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
