"""Webhooks of the local GitHub are signed, complete and recorded, and sent again only when asked."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest_asyncio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.demo.github.server import running
from tests.bot.local_github_world import REPO, World, serving


@dataclass
class Receiver:
    """An HTTP server that keeps what it is sent and answers with `status`."""

    url: str = ""
    status: int = 202
    seen: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        self.seen.append((dict(request.headers), await request.body()))
        return PlainTextResponse("thanks", self.status)


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    listener = socket.create_server(("127.0.0.1", 0))
    receiver.url = f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
    app = Starlette(routes=[Route("/hook", receiver.take, methods=["POST"])])
    async with running(uvicorn.Config(app, log_config=None, lifespan="off"), listener):
        yield receiver


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as world:
        yield world


async def test_a_delivery_is_signed_over_its_bytes(world: World, receiver: Receiver) -> None:
    world.github.hook_url = receiver.url
    await world.github.open_issue(REPO, "ada", "Broken ☂")
    await world.github.idle()
    headers, body = receiver.seen[-1]
    assert headers["x-hub-signature-256"] == "sha256=" + hmac.new(b"hush", body, hashlib.sha256).hexdigest()
    assert (headers["x-github-event"], headers["content-type"]) == ("issues", "application/json")
    assert headers["x-github-delivery"] == world.github.deliveries[-1].guid
    assert headers["user-agent"].startswith("GitHub-Hookshot/")
    assert headers["x-github-hook-installation-target-id"] == "7"
    payload = json.loads(body)
    assert (payload["issue"]["title"], payload["sender"]["login"]) == ("Broken ☂", "ada")


async def test_an_issue_comment_is_as_large_as_the_real_one(world: World) -> None:
    world.github.person("acme", "Organization")
    await world.github.open_issue(REPO, "ada", "Broken", "It is broken.", ["baro"])
    await world.github.comment(REPO, 1, "ada", "/baro fix this")
    delivery = world.github.deliveries[-1]
    assert (delivery.event, delivery.action) == ("issue_comment", "created")
    assert 10_000 < len(delivery.body) < 16_000
    assert {"issue", "comment", "repository", "sender", "installation"} <= set(delivery.payload)


async def test_every_act_announces_itself(world: World) -> None:
    github = world.github
    await github.open_issue(REPO, "ada", "Broken", labels=["bug"])
    said = await github.comment(REPO, 1, "ada", "hello")
    await github.edit_comment(REPO, said.id, "ada", "hello there")
    await github.delete_comment(REPO, said.id, "ada")
    await github.unlabel(REPO, 1, "bug", "ada")
    await github.close(REPO, 1, "ada")
    sha = github.commit(REPO, "fix", {"a.txt": "two\n"})
    await github.open_pull(REPO, "ada", "fix")
    await github.review(REPO, 2, "ada", "Please rename it")
    await github.check(REPO, sha, "tests", "failure")
    await github.close(REPO, 2, "ada")
    told = [f"{one.event}.{one.action}" if one.action else one.event for one in github.deliveries]
    assert told == [
        "installation.created",
        "issues.opened",
        "issues.labeled",
        "issue_comment.created",
        "issue_comment.edited",
        "issue_comment.deleted",
        "issues.unlabeled",
        "issues.closed",
        "push",
        "pull_request.opened",
        "pull_request_review.submitted",
        "check_run.completed",
        "pull_request.closed",
    ]


async def test_what_the_app_does_is_announced_with_the_bot_as_sender(world: World) -> None:
    await world.github.open_issue(REPO, "ada", "Broken")
    await world.ask("POST", f"/repos/{REPO}/issues/1/comments", await world.token(), json={"body": "On it"})
    payload = world.github.deliveries[-1].payload
    assert (payload["sender"]["login"], payload["sender"]["type"]) == ("baro[bot]", "Bot")
    assert payload["comment"]["performed_via_github_app"]["id"] == 7


async def test_where_the_app_is_not_installed_nothing_is_announced(world: World) -> None:
    world.github.repository("eve/other", install=False)
    before = len(world.github.deliveries)
    await world.github.open_issue("eve/other", "eve", "Hello")
    assert len(world.github.deliveries) == before


async def test_another_repository_of_the_same_owner_joins_the_installation(world: World) -> None:
    world.github.repository("acme/second")
    last = world.github.deliveries[-1]
    assert (last.event, last.action) == ("installation_repositories", "added")
    assert [one["full_name"] for one in last.payload["repositories_added"]] == ["acme/second"]
    assert world.github.installation("acme/second") is world.github.installation(REPO)


async def test_a_refused_delivery_is_recorded_and_not_repeated(world: World, receiver: Receiver) -> None:
    world.github.hook_url, receiver.status = receiver.url, 503
    await world.github.open_issue(REPO, "ada", "Broken")
    await world.github.idle()
    last = world.github.deliveries[-1]
    assert (last.status, last.status_code, last.response) == ("Invalid HTTP Response: 503", 503, "thanks")
    assert sum(headers["x-github-delivery"] == last.guid for headers, _ in receiver.seen) == 1


async def test_redelivery_over_rest_keeps_the_delivery_id(world: World, receiver: Receiver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        world.github.hook_url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    await world.github.open_issue(REPO, "ada", "Broken")
    await world.github.idle()
    listed = (await world.ask("GET", "/app/hook/deliveries", world.jwt())).json()
    assert (listed[0]["status_code"], listed[0]["event"]) == (502, "issues")
    world.github.hook_url = receiver.url
    path = f"/app/hook/deliveries/{listed[0]['id']}/attempts"
    assert (await world.ask("POST", path, world.jwt())).status_code == 202
    await world.github.idle()
    assert receiver.seen[-1][0]["x-github-delivery"] == listed[0]["guid"]
    newest = (await world.ask("GET", "/app/hook/deliveries", world.jwt())).json()[0]
    assert (newest["guid"], newest["redelivery"], newest["status"]) == (listed[0]["guid"], True, "OK")


async def test_deliveries_are_paged_by_cursor(world: World, receiver: Receiver) -> None:
    world.github.hook_url = receiver.url
    for number in range(5):
        await world.github.open_issue(REPO, "ada", str(number))
    await world.github.idle()
    url, seen = f"{world.github.api_url}/app/hook/deliveries?per_page=2", []
    while url:
        answer = await world.http.get(url, headers={"Authorization": f"Bearer {world.jwt()}"})
        seen += [one["guid"] for one in answer.json()]
        url = answer.links.get("next", {}).get("url", "")
    tried = [one.guid for one in world.github.deliveries if one.status_code]
    assert seen == tried[::-1]


async def test_an_organisation_acts_through_a_person(world: World) -> None:
    world.github.person("corp", "Organization")
    world.github.repository("corp/site")
    payload = world.github.deliveries[-1].payload
    assert (payload["installation"]["account"]["type"], payload["sender"]["type"]) == ("Organization", "User")
    await world.github.open_issue("corp/site", "ada", "Broken")
    assert world.github.deliveries[-1].payload["organization"]["login"] == "corp"


async def test_any_other_event_can_be_sent_and_the_secret_rotated(world: World, receiver: Receiver) -> None:
    world.github.hook_url = receiver.url
    world.github.rotate_webhook_secret("new")
    world.github.send("ping", {"zen": "Keep it logically awesome."})
    await world.github.idle()
    headers, body = receiver.seen[-1]
    assert headers["x-github-event"] == "ping"
    assert headers["x-hub-signature-256"] == "sha256=" + hmac.new(b"new", body, hashlib.sha256).hexdigest()
