"""The local GitHub as an HTTP server on a free port of this machine, inside the running event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Generator

import uvicorn
from starlette.applications import Starlette

from . import pages, rest
from .door import Door
from .git_http import GitHttp
from .hooks import delivering
from .hub import Hub
from .manifest import Manifests

GRACE = 1.0
"""seconds that requests under way get when the server stops"""


def application(hub: Hub) -> Door:
    routes = [*Manifests(hub).routes(), *rest.routes(hub), *GitHttp(hub).routes(), *pages.routes(hub)]
    return Door(Starlette(routes=routes), hub)


class Server(uvicorn.Server):
    """uvicorn as a guest: it leaves the signals of its host alone, and starts and stops without polling."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self.stop = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def main_loop(self) -> None:
        self.ready.set()
        while not self.stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), 1.0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - uvicorn's signature
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=GRACE)
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        for late in list(self.server_state.tasks):
            late.cancel()


@contextlib.asynccontextmanager
async def running(config: uvicorn.Config, listener: socket.socket) -> AsyncIterator[None]:
    """Serve on that socket for as long as the block lasts."""
    server = Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="server")
    try:
        await _listening(server, task)
        yield
    finally:
        server.stop.set()
        await task


@contextlib.asynccontextmanager
async def serving(hub: Hub, port: int = 0) -> AsyncIterator[None]:
    """Serve, and deliver webhooks, for as long as the block lasts. `hub.state.url` says where."""
    listener = socket.create_server(("127.0.0.1", port))
    hub.state.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        application(hub), log_config=None, access_log=False, lifespan="off", ws="none", proxy_headers=False,
        server_header=False, date_header=False, timeout_keep_alive=60,
    )  # fmt: skip
    try:
        async with running(config, listener), delivering(hub.hooks):
            try:
                yield
            finally:
                hub.faults.clear()  # what hangs would hold up the end
    finally:
        hub.git.close()


async def _listening(server: Server, task: asyncio.Task[None]) -> None:
    """Wait for the server to listen, or for its failure."""
    ready = asyncio.create_task(server.ready.wait())
    await asyncio.wait({ready, task}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        ready.cancel()
        task.result()
