"""An App can be made on the local GitHub from a manifest, as `baro setup` does it on the real one."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest_asyncio

from tests.bot.local_github_world import World, serving

MANIFEST = {
    "name": "Baro Shop",
    "url": "http://127.0.0.1:1/",
    "redirect_url": "http://127.0.0.1:1/created",
    "hook_attributes": {"url": "http://127.0.0.1:1/webhooks/github"},
    "default_permissions": {"issues": "write"},
    "default_events": ["issues"],
}


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as world:
        yield world


async def offer(world: World) -> dict[str, list[str]]:
    """Post the manifest; the query GitHub sends the browser back with."""
    url = f"{world.github.url}/organizations/acme/settings/apps/new?state=s3"
    answer = await world.http.post(url, data={"manifest": json.dumps(MANIFEST)})
    assert answer.headers["location"].startswith("http://127.0.0.1:1/created?")
    return parse_qs(urlsplit(answer.headers["location"]).query)


async def convert(world: World, code: str) -> httpx.Response:
    return await world.ask("POST", f"/app-manifests/{code}/conversions")


async def test_the_code_is_exchanged_for_an_app_that_works(world: World) -> None:
    query = await offer(world)
    assert query["state"] == ["s3"]
    made = (await convert(world, query["code"][0])).json()
    assert (made["slug"], made["owner"]["login"]) == ("baro-shop", "acme")
    now = int(time.time())
    token = jwt.encode({"iat": now - 60, "exp": now + 540, "iss": made["client_id"]}, made["pem"], "RS256")
    assert (await world.ask("GET", "/app", token)).json()["id"] == made["id"]
    assert world.github.hook_url == "http://127.0.0.1:1/webhooks/github"


async def test_a_code_can_be_exchanged_once(world: World) -> None:
    code = (await offer(world))["code"][0]
    assert [(await convert(world, code)).status_code for _ in range(2)] == [201, 404]
