"""The outermost layer of the server: every request is logged here, and faults strike here."""

from __future__ import annotations

from email.utils import formatdate

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .auth import kind_of
from .faults import Fault
from .hub import Hub, Request
from .refusals import DOCUMENTATION

HOURLY_LIMIT = 5000
"""requests an installation has in an hour; counted down, never enforced (`faults.rate_limit` does that)"""


class Door:
    """ASGI middleware around the whole local GitHub."""

    def __init__(self, app: ASGIApp, hub: Hub) -> None:
        self.app = app
        self.hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        seen = self._log(scope)
        fault = self.hub.faults.strike(seen.method, seen.path)
        try:
            if fault:
                await self._fail(fault, seen, scope, receive, send)
            else:
                await self.app(scope, receive, self._recording(seen, send))
        finally:
            self.hub.pulse.beat()

    def _log(self, scope: Scope) -> Request:
        headers = Headers(scope=scope)
        seen = Request(
            self.hub.state.now(), scope["method"], scope["path"], scope["query_string"].decode(),
            kind_of(headers.get("authorization", "")),
        )  # fmt: skip
        self.hub.requests.append(seen)
        self.hub.pulse.beat()
        return seen

    def _recording(self, seen: Request, send: Send) -> Send:
        async def recorded(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                self._stamp(MutableHeaders(scope=message))
            await send(message)

        return recorded

    def _stamp(self, headers: MutableHeaders) -> None:
        used = len(self.hub.requests)
        headers["Date"] = formatdate(self.hub.state.now(), usegmt=True)  # its own clock, which may be wrong on purpose
        headers["X-GitHub-Request-Id"] = f"{used:04X}:LOCAL"
        headers.setdefault("X-RateLimit-Limit", str(HOURLY_LIMIT))
        headers.setdefault("X-RateLimit-Remaining", str(max(1, HOURLY_LIMIT - used)))
        headers.setdefault("X-RateLimit-Reset", str(int(self.hub.state.now()) + 3600))

    async def _fail(self, fault: Fault, seen: Request, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.when == "after":
            await self.app(scope, receive, _swallow)
        if fault.kind == "hang":
            await fault.released.wait()
        if fault.kind == "answer":
            await self._answer(fault, scope)(scope, receive, self._recording(seen, send))
        else:
            seen.status = 0
            await hang_up(receive, send)

    def _answer(self, fault: Fault, scope: Scope) -> Response:
        if scope["path"].startswith("/api/"):
            body = {"message": fault.message, "documentation_url": DOCUMENTATION}
            return JSONResponse(body, fault.status, fault.headers)
        return PlainTextResponse(f"{fault.message}\n", fault.status, fault.headers)


async def _swallow(message: Message) -> None:
    """The answer that will not be given."""


async def hang_up(receive: Receive, send: Send) -> None:
    """Close the connection without a word. ASGI has no message for that, so this reaches through uvicorn's bound
    method to the transport; everything short of it would send a status line."""
    cycle = getattr(send, "__self__", None)
    transport = getattr(cycle, "transport", None)
    assert transport is not None, "faults that drop connections need uvicorn"
    transport.abort()
    while (await receive())["type"] != "http.disconnect":  # uvicorn would answer 500 if it had not noticed yet
        pass
