"""Creating an App from a manifest: the browser brings it, GitHub sends back a code, the code is exchanged once."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.demo.github.hub import Hub
from bot.demo.github.model import AppRegistration
from bot.demo.github.refusals import not_found
from bot.demo.github.shapes import accounts

CODE_LIFE = 3600
"""seconds within which a code must be exchanged"""


class Offer(Struct, frozen=True):
    """A manifest that somebody posted, for the account that will own the App."""

    owner: str
    manifest: dict[str, Any]
    expires_at: float


class Manifests:
    """The new App takes the place of the one the local GitHub was started with: there is one App at a time."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._offers: dict[str, Offer] = {}

    def routes(self) -> list[Route]:
        return [
            Route("/settings/apps/new", self.offer, methods=["POST"]),
            Route("/organizations/{owner}/settings/apps/new", self.offer, methods=["POST"]),
            Route("/api/v3/app-manifests/{code}/conversions", self.convert, methods=["POST"]),
        ]

    async def offer(self, request: Request) -> Response:
        """What GitHub's "Create GitHub App" button does; the person is always willing."""
        form = parse_qs((await request.body()).decode())
        manifest = json.loads(form.get("manifest", ["{}"])[0])
        if not {"url", "redirect_url"} <= manifest.keys():
            return PlainTextResponse("Invalid GitHub App manifest\n", 422)
        state, code = self.hub.state, secrets.token_hex(20)
        owner = request.path_params.get("owner", state.app.owner)
        self._offers[code] = Offer(owner, manifest, state.now() + CODE_LIFE)
        query = {"code": code, "state": request.query_params.get("state", "")}
        return RedirectResponse(f"{manifest['redirect_url']}?{urlencode(query)}", 302)

    async def convert(self, request: Request) -> Response:
        offer = self._offers.pop(request.path_params["code"], None)
        if offer is None or offer.expires_at <= self.hub.state.now():
            return not_found().response()
        key = await asyncio.to_thread(rsa.generate_private_key, public_exponent=65537, key_size=2048)
        app = register(self.hub, offer, key.public_key())
        secret = {
            "client_secret": secrets.token_hex(20),
            "webhook_secret": app.webhook_secret,
            "pem": key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
            ).decode(),
        }
        return JSONResponse(accounts.app(self.hub.state, app) | secret, 201)


def register(hub: Hub, offer: Offer, key: rsa.RSAPublicKey) -> AppRegistration:
    """Make the offered App the App of this GitHub, with its webhook where the manifest says."""
    state, manifest = hub.state, offer.manifest
    name = str(manifest.get("name") or "baro")
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    number = state.new_id()
    state.app = AppRegistration(
        number, name.lower().replace(" ", "-"), offer.owner, pem.decode(), secrets.token_hex(20), name=name,
        permissions=manifest.get("default_permissions", {}), events=tuple(manifest.get("default_events", ())),
    )  # fmt: skip
    state.account(offer.owner)
    state.account(state.app.bot, "Bot")
    hub.hooks.register(state.app.webhook_secret, number, manifest.get("hook_attributes", {}).get("url"))
    return state.app
