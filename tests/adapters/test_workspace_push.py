"""Pushing to a real remote: created, moved on, refused, held back; and the header on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from runner.domain.change import NotPushed, Pushed
from runner.domain.policy import Gate
from runner.errors import BaroError, GitError
from tests.adapters.git_world import LocalRemote, World, git

FILES = {"a.txt": "a\n", ".github/workflows/ci.yml": "on: push\n"}
BRANCH = "baro/add-a-greeting-run0000001"


@pytest.fixture
async def world(tmp_path: Path) -> World:
    world = World(tmp_path, FILES)
    await world.workspace.prepare(world.spec)
    return world


@pytest.fixture
async def follow_up(tmp_path: Path) -> World:
    world = World(tmp_path, FILES)
    world.follow_up("topic", world.origin.push({"topic.txt": "1\n"}, branch="topic"))
    await world.workspace.prepare(world.spec)
    await world.land(await world.work("S1", {"new.txt": "n\n"}), sole=True)
    return world


async def landed(world: World, story: str = "S1") -> str:
    landing = await world.land(await world.work(story, {f"{story}.txt": "n\n"}), story)
    return str(landing.commit)


# --- a branch of our own ---------------------------------------------------------------------------------------


async def test_a_run_without_a_change_pushes_nothing(world: World) -> None:
    assert await world.workspace.push(world.spec, aside=False) is None
    assert world.origin.head(BRANCH) is None


async def test_the_run_branch_is_created_and_moved_on(world: World) -> None:
    for story in ("S1", "S2"):
        commit = await landed(world, story)
        assert await world.workspace.push(world.spec, aside=False) == Pushed(BRANCH, commit)
        assert world.origin.head(BRANCH) == commit
    assert world.origin.head("main") == world.log("-1", "--format=%H", "refs/baro/run0000001/start")


async def test_pushing_again_is_the_same_answer(world: World) -> None:
    await landed(world)
    assert await world.workspace.push(world.spec, aside=False) == await world.again().push(world.spec, aside=False)


async def test_a_branch_of_that_name_that_somebody_else_made_is_left_alone(world: World) -> None:
    theirs = world.origin.push({"x.txt": "x\n"}, branch=BRANCH)
    await landed(world)
    answer = await world.workspace.push(world.spec, aside=False)
    assert isinstance(answer, NotPushed)
    assert answer.moved
    assert world.origin.head(BRANCH) == theirs


async def test_a_commit_that_somebody_added_to_our_branch_is_not_overwritten(world: World) -> None:
    await landed(world)
    await world.workspace.push(world.spec, aside=False)
    git(world.origin.anns, "fetch", "--quiet", "origin")
    git(world.origin.anns, "checkout", "--quiet", f"origin/{BRANCH}")
    theirs = world.origin.push({"x.txt": "x\n"}, branch=BRANCH)
    await landed(world, "S2")
    answer = await world.workspace.push(world.spec, aside=False)
    assert isinstance(answer, NotPushed)
    assert answer.moved
    assert world.origin.head(BRANCH) == theirs


# --- a follow-up -----------------------------------------------------------------------------------------------


async def test_a_follow_up_adds_to_the_pull_requests_branch(follow_up: World) -> None:
    answer = await follow_up.workspace.push(follow_up.spec, aside=False)
    assert isinstance(answer, Pushed)
    assert answer.branch == "topic"
    assert follow_up.origin.paths("topic") == {*FILES, "topic.txt", "new.txt"}
    assert follow_up.origin.head(BRANCH) is None


async def test_a_follow_up_whose_branch_moved_is_not_pushed_but_can_be_kept_aside(follow_up: World) -> None:
    theirs = follow_up.origin.push({"topic.txt": "2\n"}, branch="topic")
    answer = await follow_up.workspace.push(follow_up.spec, aside=False)
    assert isinstance(answer, NotPushed)
    assert answer.moved
    assert follow_up.origin.head("topic") == theirs
    aside = await follow_up.workspace.push(follow_up.spec, aside=True)
    assert isinstance(aside, Pushed)
    assert follow_up.origin.head(BRANCH) == aside.commit


async def test_a_follow_up_whose_branch_was_deleted_does_not_bring_it_back(follow_up: World) -> None:
    git(follow_up.origin.bare, "update-ref", "-d", "refs/heads/topic")
    answer = await follow_up.workspace.push(follow_up.spec, aside=False)
    assert isinstance(answer, NotPushed)
    assert answer.moved
    assert follow_up.origin.head("topic") is None


async def test_a_follow_up_that_was_pushed_by_a_host_now_lost_goes_on_from_there(follow_up: World) -> None:
    pushed = await follow_up.workspace.push(follow_up.spec, aside=False)
    elsewhere = follow_up.again(home="elsewhere")
    assert (await elsewhere.prepare(follow_up.spec)).commit == pushed.commit  # type: ignore[union-attr]
    assert await elsewhere.push(follow_up.spec, aside=False) == pushed


# --- refusals --------------------------------------------------------------------------------------------------


async def test_what_the_remote_refuses_is_said_in_its_words(world: World) -> None:
    hook = world.origin.bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho house rules >&2; exit 1\n")
    hook.chmod(0o755)
    await landed(world)
    answer = await world.workspace.push(world.spec, aside=False)
    assert isinstance(answer, NotPushed)
    assert (answer.moved, "pre-receive hook declined" in answer.reason) == (False, True)
    assert "house rules" in answer.evidence


async def test_a_remote_that_cannot_be_reached_is_an_error(world: World) -> None:
    await landed(world)
    world.origin.bare.rename(world.root / "gone.git")
    with pytest.raises(GitError, match=r"`git ls-remote` failed"):
        await world.workspace.push(world.spec, aside=False)


async def test_a_remote_with_a_credential_in_its_address_or_of_another_kind_is_refused(world: World) -> None:
    for url in ("https://x:token@github.com/a/b.git", "ssh://github.com/a/b.git", "/a/b.git", "ext::touch ran"):
        world.remote = LocalRemote(url)
        with pytest.raises(BaroError, match="does not fetch"):
            await world.again(home="elsewhere").prepare(world.spec)


# --- the gate --------------------------------------------------------------------------------------------------


async def test_every_outgoing_commit_passes_the_gate_again(world: World) -> None:
    """Even what a later commit removes: here the operator's secret became known after the harvest."""
    await landed(world)
    await world.land(await world.work("S2", {"leak.txt": "the-new-secret\n"}), "S2")
    await world.land(await world.work("S3", {"leak.txt": None}), "S3")
    world.workspace = world.again(gate=Gate(["the-new-secret"]))
    answer = await world.workspace.push(world.spec, aside=False)
    assert isinstance(answer, NotPushed)
    assert [(one.path, one.reason) for one in answer.held_back] == [
        ("leak.txt", "contains a secret of this installation")
    ]
    assert world.origin.head(BRANCH) is None


async def test_what_people_have_pushed_before_is_not_ours_to_judge(tmp_path: Path) -> None:
    world = World(tmp_path, FILES)
    world.follow_up("topic", world.origin.push({".github/workflows/x.yml": "on: push\n"}, branch="topic"))
    await world.workspace.prepare(world.spec)
    await landed(world)
    assert isinstance(await world.workspace.push(world.spec, aside=False), Pushed)


async def test_a_preserved_story_goes_to_a_branch_of_its_own(world: World) -> None:
    await world.sit("S2")
    await landed(world)
    commit = await world.work("S2", {"two.txt": "2\n"})
    assert await world.workspace.push_story(world.spec, "S2", commit) == Pushed("baro-wt/run0000001/S2", commit)
    assert world.origin.paths("baro-wt/run0000001/S2") == {*FILES, "two.txt"}


# --- the credential on the wire --------------------------------------------------------------------------------


@asynccontextmanager
async def answering(status: str, *headers: str) -> AsyncIterator[tuple[str, list[str]]]:
    """An HTTP server that answers everything the same, and the Authorization headers it was sent."""
    seen: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        seen.extend(line for line in request.splitlines() if line.lower().startswith("authorization"))
        writer.write(
            "\r\n".join([f"HTTP/1.1 {status}", *headers, "Content-Length: 0", "Connection: close", "", ""]).encode()
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen


async def test_the_header_reaches_the_remote_and_never_the_disk(tmp_path: Path) -> None:
    world = World(tmp_path, FILES)
    async with answering("403 Forbidden") as (url, seen):
        world.remote = LocalRemote(f"{url}/acme/toolkit.git", header="Basic dG9rZW4=")
        with pytest.raises(GitError) as caught:
            await world.again().prepare(world.spec)
    assert seen == ["Authorization: Basic dG9rZW4="]
    assert "dG9rZW4" not in str(caught.value) + caught.value.evidence
    written = b"".join(path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())
    assert b"dG9rZW4" not in written


async def test_a_redirect_does_not_take_the_header_to_a_stranger(tmp_path: Path) -> None:
    world = World(tmp_path, FILES)
    async with (
        answering("403 Forbidden") as (stranger, stolen),
        answering("302 Found", f"Location: {stranger}/x") as (
            url,
            _,
        ),
    ):
        world.remote = LocalRemote(f"{url}/acme/toolkit.git", header="Basic dG9rZW4=")
        with pytest.raises(GitError):
            await world.again().prepare(world.spec)
    assert stolen == []
