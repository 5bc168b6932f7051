"""The yardstick: a Starlette endpoint that verifies a delivery and parses it, and does nothing else."""

from __future__ import annotations

import hmac

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

SECRET = b"a secret for the bench"


async def hook(request: Request) -> Response:
    body = await request.body()
    expected = "sha256=" + hmac.digest(SECRET, body, "sha256").hex()
    if not hmac.compare_digest(expected, request.headers.get("x-hub-signature-256", "")):
        return JSONResponse({"error": "signature"}, status_code=401)
    payload = msgspec.json.decode(body)
    return JSONResponse({"action": payload["action"]})


app = Starlette(routes=[Route("/webhooks/github", hook, methods=["POST"])])
