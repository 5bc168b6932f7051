"""The local GitHub fails on purpose, exactly where and as often as it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.bot.local_github_world import REPO, World, serving

COMMENTS = f"/repos/{REPO}/issues/1/comments"


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as world:
        await world.github.open_issue(REPO, "ada", "Broken")
        yield world


async def test_a_fault_strikes_so_many_times_and_no_more(world: World) -> None:
    fault = world.github.faults.add("GET", "/comments$", status=502, times=2)
    token = await world.token()
    codes = [(await world.ask("GET", COMMENTS, token)).status_code for _ in range(3)]
    assert (codes, fault.hits) == ([502, 502, 200], 2)


async def test_a_refused_request_had_no_effect(world: World) -> None:
    world.github.faults.add("POST", "/comments$", status=500)
    await world.ask("POST", COMMENTS, await world.token(), json={"body": "x"})
    assert world.github.comments(REPO, 1) == []


@pytest.mark.parametrize("how", ["add", "drop"])
async def test_an_answer_can_be_lost_after_the_effect(world: World, how: str) -> None:
    token = await world.token()
    if how == "add":
        world.github.faults.add("POST", "/comments$", status=502, when="after")
        assert (await world.ask("POST", COMMENTS, token, json={"body": "x"})).status_code == 502
    else:
        world.github.faults.drop("POST", "/comments$")
        with pytest.raises(httpx.RemoteProtocolError):
            await world.ask("POST", COMMENTS, token, json={"body": "x"})
    assert [said.body for said in world.github.comments(REPO, 1)] == ["x"]


async def test_a_secondary_limit_says_how_long_to_wait(world: World) -> None:
    world.github.faults.secondary_limit("POST", "/comments$", retry_after=3)
    answer = await world.ask("POST", COMMENTS, await world.token(), json={"body": "x"})
    assert (answer.status_code, answer.headers["retry-after"]) == (403, "3")
    assert "secondary rate limit" in answer.json()["message"]


async def test_a_primary_limit_says_when_it_ends(world: World) -> None:
    world.github.faults.rate_limit("GET", "/comments$", reset_at=1_900_000_000)
    answer = await world.ask("GET", COMMENTS, await world.token())
    limits = (answer.headers["x-ratelimit-remaining"], answer.headers["x-ratelimit-reset"])
    assert (answer.status_code, limits) == (403, ("0", "1900000000"))


async def test_a_request_that_hangs_is_let_go_when_the_faults_are_cleared(world: World) -> None:
    token, faults = await world.token(), world.github.faults
    fault = faults.hang("GET", "/comments$")
    asking = asyncio.create_task(world.ask("GET", COMMENTS, token))
    await world.github.until(lambda: fault.hits)
    assert not asking.done()
    faults.clear()
    with pytest.raises(httpx.RemoteProtocolError):
        await asking
    assert (await world.ask("GET", COMMENTS, token)).status_code == 200


async def test_the_server_stops_while_a_request_hangs(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    async with serving(tmp_path / "other") as world:
        fault = world.github.faults.hang("GET", "/app$", times=None)
        asking = asyncio.create_task(world.ask("GET", "/app"))
        await world.github.until(lambda: fault.hits)
        asking.cancel()


async def test_git_can_fail_too(world: World) -> None:
    world.github.faults.add("GET", r"shop\.git/info/refs", status=503)
    arguments = ("ls-remote", f"{world.github.url}/{REPO}.git")
    token = await world.token()
    assert "503" in (await world.git(*arguments, token=token))[1]
    assert (await world.git(*arguments, token=token))[0] == 0


async def test_a_push_can_lose_its_answer_after_it_moved_the_branch(world: World) -> None:
    token = await world.token()
    await world.clone(token)
    commit = await world.commit("b.txt", "two\n")
    world.github.faults.drop("POST", "git-receive-pack$")
    assert (await world.git("push", "origin", "HEAD:x", token=token, at="clone"))[0] != 0
    assert world.github.branches(REPO)["x"] == commit


async def test_the_log_tells_what_was_asked_with_which_kind_of_token(world: World) -> None:
    token = await world.token()
    await world.ask("GET", f"{COMMENTS}?page=1", token)
    await world.ask("GET", COMMENTS)
    seen = [
        (one.method, one.path.rpartition("/")[2], one.query, one.token, one.status) for one in world.github.requests
    ]
    assert seen == [
        ("POST", "access_tokens", "", "app", 201),
        ("GET", "comments", "page=1", "installation", 200),
        ("GET", "comments", "", "none", 404),
    ]


async def test_waiting_ends_with_the_change_or_with_a_timeout(world: World) -> None:
    waiting = asyncio.create_task(world.github.until(lambda: world.github.comments(REPO, 1)))
    await world.ask("POST", COMMENTS, await world.token(), json={"body": "x"})
    assert (await waiting)[0].body == "x"
    with pytest.raises(TimeoutError):
        await world.github.until(lambda: False, within=0.01)
