"""Answers what comes out of one sandbox: proxy requests, requests to the model, and nothing else."""

from __future__ import annotations

import asyncio
import socket

import h11
import structlog

from runner.domain.network import Authority

from .addresses import CHUNK, connect, resolve
from .gateway import Gateway
from .proxy import Proxy
from .tunnel import join
from .wire import Gone, Refused, Wire

log = structlog.get_logger(__name__)

CONNECTIONS = 100
"""at a time, of one attempt: installers use some dozens, and each takes two of the files that the runner may open"""


class Server:
    """Serves sockets that somebody listens with, until it is closed; then every connection is closed too."""

    def __init__(self, proxy: Proxy | None, gateway: Gateway | None) -> None:
        self._proxy = proxy
        self._gateway = gateway
        self._servers: list[asyncio.Server] = []
        self._answering: set[asyncio.Task[None]] = set()

    async def listen(self, listener: socket.socket, mirror: Authority | None = None) -> None:
        """What calls here asks us, or speaks to `mirror` as if it had called there."""

        def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._accepted(reader, writer, mirror), name="baro:line")
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
            task.add_done_callback(lambda _: writer.close())

        self._servers.append(await asyncio.start_server(called, sock=listener, limit=CHUNK))

    async def listen_on_loopback(self) -> int:
        """Its port."""
        listener = socket.create_server(("127.0.0.1", 0))
        await self.listen(listener)
        return int(listener.getsockname()[1])

    async def aclose(self) -> None:
        for server in self._servers:
            server.close()
        for task in self._answering:
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)

    async def _accepted(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mirror: Authority | None
    ) -> None:
        try:
            if len(self._answering) > CONNECTIONS:
                await Wire(reader, writer).refuse(Refused(503, "busy", f"more than {CONNECTIONS} connections"))
            elif mirror is None:
                await self._serve(Wire(reader, writer))
            else:
                await join((reader, writer), await connect(mirror, await resolve(mirror, "anywhere")))
        except (OSError, Gone):
            pass  # the client has hung up, or the other side has in the middle of its answer
        except Exception:
            log.exception("network.bug")

    async def _serve(self, wire: Wire) -> None:
        try:
            while (request := await wire.request()) is not None:
                await self._answer(wire, request)
        except Refused as refused:
            await wire.refuse(refused)
            await wire.linger()

    async def _answer(self, wire: Wire, request: h11.Request) -> None:
        if request.target.startswith(b"/"):
            if self._gateway is None:
                raise Refused(404, "not_found", "there is nothing here")
            await self._gateway.pass_on(wire, request)
        elif self._proxy is None:
            raise Refused(403, "no_proxy", "this is no proxy")
        elif request.method == b"CONNECT":
            await self._proxy.tunnel(wire, request)
        else:
            await self._proxy.fetch(wire, request)
