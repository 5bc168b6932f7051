"""The one way requests reach GitHub: paced, patient, and never led to another host."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runner.adapters.github import GitHub
from runner.adapters.github.call import Call
from runner.adapters.github.pace import CONCURRENT, Pace, Patience
from runner.adapters.github.refusals import Unanswered
from runner.adapters.github.transport import Transport
from runner.domain.goal import Repository
from runner.errors import GitHubError, Unreachable
from runner.ports import Place
from tests.adapters.github_world import REPO, World, serving

SHOP = "/repos/acme/shop$"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as world:
        yield world


@pytest.fixture
async def github(world: World) -> AsyncIterator[GitHub]:
    async with world.connect() as github:
        yield github


# --- patience ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 520, 599])
async def test_what_may_pass_is_asked_again(world: World, github: GitHub, status: int) -> None:
    world.local.faults.add("GET", SHOP, status=status, times=2, headers={"Retry-After": "0"})
    assert await github.repositories.default_branch(world.place) == "main"
    assert world.asked("GET", "/repos/acme/shop") == 3


async def test_an_answer_that_does_not_come_is_asked_for_again(world: World) -> None:
    world.local.faults.hang("GET", SHOP)
    async with world.connect(timeout=1) as github:
        assert await github.repositories.default_branch(world.place) == "main"


async def test_no_single_wait_is_longer_than_the_setting(world: World, github: GitHub) -> None:
    """Whatever GitHub asks for: its clock may be wrong, and people wait."""
    world.local.faults.secondary_limit("GET", SHOP, retry_after=3600)
    world.local.faults.rate_limit("GET", SHOP, reset_at=time.time() + 3600)
    async with asyncio.timeout(90):
        assert await github.repositories.default_branch(world.place) == "main"


async def test_an_installation_is_quiet_while_github_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others too: who was refused here does not ask again, and the next one waits all the same."""
    monkeypatch.setattr("runner.adapters.github.pace.LIMIT_PATIENCE", 0.0)
    world.local.faults.secondary_limit("GET", SHOP, retry_after=1)
    async with world.connect(retry_max=0.5, patience=0.0) as github:
        await github.repositories.file(world.place, "README.md")
        with pytest.raises(Unreachable):
            await github.repositories.default_branch(world.place)
        await github.repositories.file(world.place, "README.md")
    refused = next(one for one in world.local.requests if one.status == 403)
    later = [one.at - refused.at for one in world.local.requests if one.at > refused.at and one.token != "app"]
    assert min(later) >= 0.45


async def test_a_github_that_is_not_there_is_unreachable_and_says_so(world: World) -> None:
    async with world.connect(api_url="http://127.0.0.1:9/api/v3", patience=0.2) as github:
        with pytest.raises(Unreachable) as caught:
            await github.repositories.default_branch(world.place)
    assert str(caught.value) == "GitHub could not be reached. We asked again and gave up."
    assert caught.value.evidence.startswith("POST /app/installations/")


async def test_a_refusal_is_not_repeated(world: World, github: GitHub) -> None:
    world.local.faults.add("GET", SHOP, status=451, times=None)
    with pytest.raises(GitHubError):
        await github.repositories.default_branch(world.place)
    assert world.asked("GET", "/repos/acme/shop") == 1


def test_waits_double_up_to_the_longest_and_are_not_in_step() -> None:
    patience = Patience(longest=60, total=900)
    waits = [patience.wait(tries, None) for tries in range(1, 2000)]
    assert 0.3 < waits[0] <= 0.5
    assert max(waits) == 60
    assert len(set(waits[:6])) == 6
    assert patience.wait(1, 7.0) == 7.0
    assert patience.wait(1, 3600.0) == 60


@pytest.mark.parametrize(
    "answer",
    [
        b"Content-Type: text/html\r\n\r\n<h1>Log in to the network</h1>",
        b'Content-Type: application/json\r\n\r\n{"default_branch": ',
        b"Content-Type: application/json; charset=klingon\r\n\r\n{}",
        b"Content-Encoding: gzip\r\n\r\nnot gzip",
    ],
)
async def test_what_a_proxy_says_in_githubs_place_is_not_taken_for_an_answer(answer: bytes) -> None:
    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + answer)
        writer.close()

    async with await asyncio.start_server(proxy, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        transport = Transport(f"http://127.0.0.1:{port}", timeout=60, now=time.time)
        try:
            with pytest.raises(Unanswered):
                await transport.exchange(Call("GET", "/repos/acme/shop"))
        finally:
            await transport.close()


# --- pace ----------------------------------------------------------------------------------------------------------


async def test_writes_of_one_installation_keep_their_distance_and_reads_do_not_wait() -> None:
    pace, began = Pace(0.05), time.monotonic()
    at: dict[str, float] = {}

    async def turn(name: str, *, write: bool) -> None:
        async with pace.turn(write=write):
            at[name] = time.monotonic() - began

    await asyncio.gather(*(turn(f"w{n}", write=True) for n in range(3)), turn("read", write=False))
    assert at["read"] < at["w1"]
    assert min(at["w1"] - at["w0"], at["w2"] - at["w1"]) >= 0.045


async def test_only_so_many_requests_are_under_way_at_once() -> None:
    pace, inside, most = Pace(0), 0, 0

    async def turn() -> None:
        nonlocal inside, most
        async with pace.turn(write=False):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(turn() for _ in range(5 * CONCURRENT)))
    assert most == CONCURRENT


# --- where requests go ---------------------------------------------------------------------------------------------


async def test_a_github_on_this_machine_is_not_asked_through_a_proxy(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with world.connect(patience=0.1) as github:
        assert await github.repositories.default_branch(world.place) == "main"


async def test_a_renamed_repository_is_followed(world: World, github: GitHub) -> None:
    new = f"{world.local.api_url}/repos/acme/shop"
    for method in ("GET", "POST"):
        world.local.faults.add(method, "/repos/acme/old", status=301, headers={"Location": new + "/labels"})
    old = Place(world.place.installation, Repository(world.place.repository.id, "acme", "old"))
    await github.repositories.ensure_label(old, "baro", "5319e7", "")
    assert "baro" in world.local.labels(REPO)


async def test_a_redirect_to_another_host_is_not_followed(world: World, github: GitHub) -> None:
    world.local.faults.add("GET", SHOP, status=307, headers={"Location": "http://localhost:1/steal"})
    with pytest.raises(GitHubError) as caught:
        await github.repositories.default_branch(world.place)
    assert str(caught.value) == "GitHub pointed to another host, where the App's token must not go."


@pytest.mark.parametrize("url", ["https://evil.example/x", "http://127.0.0.1:1/x"])
async def test_a_next_page_on_another_host_is_not_fetched(world: World, url: str) -> None:
    transport = Transport(world.local.api_url, timeout=1, now=time.time)
    try:
        with pytest.raises(GitHubError, match="another host"):
            await transport.exchange(Call("GET", url), token="ghs_secret")
    finally:
        await transport.close()


async def test_redirects_that_lead_in_a_circle_end(world: World, github: GitHub) -> None:
    here = f"{world.local.api_url}/repos/acme/shop"
    world.local.faults.add("GET", SHOP, status=301, times=None, headers={"Location": here})
    with pytest.raises(GitHubError):
        await github.repositories.default_branch(world.place)
    assert world.asked("GET", "/repos/acme/shop") == 4


async def test_an_answer_of_another_form_is_an_error_and_not_a_crash(world: World, github: GitHub) -> None:
    world.local.faults.add("GET", SHOP, status=200)
    with pytest.raises(GitHubError, match="unexpected form"):
        await github.repositories.default_branch(world.place)
