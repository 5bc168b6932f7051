"""The web process as one Starlette application: the door for deliveries, and what operators ask it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Lifespan, Receive, Scope, Send

from handlers.us import Us

from .metrics import CONTENT_TYPE, Metrics
from .webhook import Inbox, Webhook

HOOK = "/webhooks/github"
READY_WITHIN = 2.0
"""seconds for Redis to take a write"""

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class WebDeps:
    """Everything the web process needs, made by the wiring."""

    secrets: Sequence[str]
    us: Us
    inbox: Inbox
    metrics: Metrics = field(default_factory=Metrics)
    routes: Sequence[BaseRoute] = ()
    """pages, beside the routes made here"""
    lifespan: Lifespan[Starlette] | None = None


def web_app(deps: WebDeps) -> Starlette:
    """Raises SettingsError without a webhook secret."""
    hook = Webhook(secrets=deps.secrets, us=deps.us, inbox=deps.inbox, metrics=deps.metrics)

    async def alive(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> Response:
        try:
            async with asyncio.timeout(READY_WITHIN):
                await deps.inbox.ready()
        except Exception as problem:  # noqa: BLE001  (any reason is the answer to this question)
            log.warning("not ready", problem=repr(problem))
            return JSONResponse({"status": "not ready", "error": "Redis takes no writes"}, status_code=503)
        return JSONResponse({"status": "ready"})

    async def metrics(_: Request) -> Response:
        return Response(deps.metrics.page(), headers={"content-type": CONTENT_TYPE})

    app = _App(
        hook,
        routes=[
            Route(HOOK, hook),
            Route("/healthz", alive),
            Route("/readyz", ready),
            Route("/metrics", metrics),
            *deps.routes,
        ],
        exception_handlers={HTTPException: _problem},
        lifespan=deps.lifespan,
    )
    # A redirect would make a mistyped webhook URL look as if it worked.
    app.router.redirect_slashes = False
    return app


class _App(Starlette):
    """Deliveries go straight to the door, past middleware that has nothing to add there (a quarter of their price)."""

    def __init__(self, hook: Webhook, **options: Any) -> None:
        super().__init__(**options)
        self._hook = hook

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        direct = scope["type"] == "http" and scope["path"] == HOOK
        await (self._hook(scope, receive, send) if direct else super().__call__(scope, receive, send))


async def _problem(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    return JSONResponse({"error": problem.detail}, status_code=problem.status_code, headers=problem.headers)
