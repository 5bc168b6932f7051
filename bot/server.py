"""`baro web`: the application under uvicorn."""

from __future__ import annotations

import asyncio
import signal
import sys

import uvicorn
import uvloop

from . import wiring
from .settings import Settings


def serve(settings: Settings) -> int:
    """Serve until SIGTERM (0) or SIGINT (130); 1 if it cannot start."""
    # uvicorn stops at a signal and then raises it again: this is what it meets. An order obeyed is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(settings))


async def _serve(settings: Settings) -> int:
    server = uvicorn.Server(
        uvicorn.Config(
            wiring.web_app_from(settings),
            host=settings.host,
            port=settings.port,
            http="httptools",
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=max(1, round(settings.stop_grace)),
        )
    )
    await server.serve()
    return 0 if server.started else 1
