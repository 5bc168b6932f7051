"""The proxy: what agents and installers ask of the world, as far as the rules allow it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import h11
import httpcore

from runner.domain.network import Authority, Blocked, Rules, Verdict, authority, total
from runner.voice import network as say

from .addresses import NotPublic, connect, resolve
from .forward import forward
from .tunnel import join
from .wire import Refused, Wire, end_to_end

REMEMBERED = 20
"""hosts named of those that were refused"""

Rulebook = Callable[[Authority], Awaitable[Rules]]
"""The rules as far as they matter for a host: what is installed here is asked for its registries only on demand."""


class Proxy:
    """For one attempt. It remembers what it refused."""

    def __init__(self, rules: Rulebook, connections: int) -> None:
        self._rules = rules
        self._refused: dict[str, int] = {}
        self._pool = httpcore.AsyncConnectionPool(max_connections=connections, network_backend=Checked(self._addresses))

    @property
    def blocked(self) -> tuple[Blocked, ...]:
        return total(Blocked(host, times) for host, times in self._refused.items())

    async def tunnel(self, wire: Wire, request: h11.Request) -> None:
        """`CONNECT host:port`."""
        wanted = authority(request.target.decode("ascii"))
        if wanted is None:
            raise Refused(400, "bad_request", "CONNECT wants host:port")
        try:
            far = await connect(wanted, await self._addresses(wanted))
        except OSError as error:
            raise Refused(502, "unreachable", f"{wanted} cannot be reached: {error or type(error).__name__}") from None
        near_in, near_out, first = await wire.switch()
        await join((near_in, near_out), far, first)

    async def fetch(self, wire: Wire, request: h11.Request) -> None:
        """`GET http://host/path`, which is forwarded as it is; the Host header gives way to the address."""
        parts = urlsplit(request.target.decode("ascii"))
        wanted = authority(parts.netloc, 80)
        if wanted is None or parts.scheme != "http":
            raise Refused(400, "bad_request", "only plain http:// addresses are fetched; use CONNECT for the rest")
        path = request.target.decode("ascii").removeprefix(f"{parts.scheme}://{parts.netloc}").partition("#")[0]
        url = httpcore.URL(scheme="http", host=wanted.host, port=wanted.port, target=path or "/")
        headers = [(b"host", parts.netloc.encode()), *end_to_end(request.headers, b"host")]
        await forward(wire, request, self._pool, url, headers)

    async def _addresses(self, wanted: Authority) -> tuple[str, ...]:
        """Where it may be reached; raises Refused, and remembers it."""
        rules = await self._rules(wanted)
        verdict: Verdict = rules.judge(wanted)
        try:
            if verdict != "refused":
                return await resolve(wanted, verdict)
        except NotPublic:
            self._remember(str(wanted))
            raise Refused(403, "blocked", say.not_public(str(wanted))) from None
        self._remember(str(wanted))
        raise Refused(403, "blocked", say.not_listed(str(wanted), rules.level))

    def _remember(self, host: str) -> None:
        if host in self._refused or len(self._refused) < REMEMBERED:
            self._refused[host] = self._refused.get(host, 0) + 1

    async def aclose(self) -> None:
        await self._pool.aclose()


class Checked(httpcore.AsyncNetworkBackend):
    """Connects to the address that was checked, not to what the name may mean a moment later."""

    def __init__(self, addresses: Callable[[Authority], Awaitable[tuple[str, ...]]]) -> None:
        self._addresses = addresses
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = httpcore.ConnectError()
        for address in await self._addresses(Authority(host, port)):
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure
