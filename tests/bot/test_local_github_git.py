"""A real git talks to the local GitHub, and is let in, turned away and announced as by GitHub."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.bot.local_github_world import REPO, World, serving


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as world:
        yield world


async def test_an_installation_token_clones_and_pushes(world: World) -> None:
    token = await world.token()
    await world.clone(token)
    commit = await world.commit("b.txt", "two\n")
    assert (await world.git("push", "origin", "HEAD:refs/heads/baro/x", token=token, at="clone"))[0] == 0
    assert world.github.branches(REPO)["baro/x"] == commit
    assert world.github.file(REPO, "baro/x", "b.txt") == b"two\n"


@pytest.mark.parametrize("version", ["0", "1", "2"])
async def test_every_protocol_version_can_fetch(world: World, version: str) -> None:
    arguments = ("-c", f"protocol.version={version}", "ls-remote", f"{world.github.url}/{REPO}")
    code, output = await world.git(*arguments, token=await world.token())
    assert (code, "refs/heads/main" in output) == (0, True)


async def test_a_large_push_in_chunks_arrives_whole(world: World) -> None:
    token = await world.token()
    await world.clone(token)
    noise = random.Random(7).randbytes(1_500_000).hex()
    await world.commit("noise.txt", noise)
    assert (await world.git("push", "origin", "HEAD:noise", token=token, at="clone"))[0] == 0
    assert world.github.file(REPO, "noise", "noise.txt") == noise.encode()


async def test_without_a_token_what_is_private_asks_for_one_and_what_is_public_can_be_cloned(world: World) -> None:
    world.github.repository("acme/open", install=False)
    assert "could not read Username" in (await world.git("ls-remote", f"{world.github.url}/{REPO}"))[1]
    assert (await world.git("clone", "-q", f"{world.github.url}/acme/open", "clone"))[0] == 0
    assert (await world.git("push", "origin", "HEAD:x", at="clone"))[0] == 128


async def test_a_token_that_may_only_read_cannot_push(world: World) -> None:
    token = await world.token(permissions={"contents": "read"})
    await world.clone(token)
    code, output = await world.git("push", "origin", "HEAD:x", token=token, at="clone")
    assert (code, "error: 403" in output) == (128, True)


async def test_a_token_for_another_repository_finds_nothing(world: World) -> None:
    other = world.github.repository("acme/vault", private=True)
    token = await world.token(repository_ids=[other.id])
    code, output = await world.git("ls-remote", f"{world.github.url}/{REPO}.git", token=token)
    assert (code, "not found" in output) == (128, True)


async def test_a_push_that_touches_a_workflow_is_refused_without_the_permission(world: World) -> None:
    token = await world.token()
    await world.clone(token)
    await world.commit(".github/workflows/ci.yml", "on: push\n")
    code, output = await world.git("push", "origin", "HEAD:x", "HEAD:refs/baro/r", token=token, at="clone")
    assert code == 1
    assert "without `workflows` permission" in output
    assert set(world.github.refs(REPO)) == {"refs/heads/main"}


async def test_a_merge_of_somebody_elses_workflow_is_not_a_touch(world: World) -> None:
    """The commits behind it are known to GitHub already."""
    token = await world.token()
    await world.clone(token)
    await world.commit("b.txt", "two\n")
    world.github.commit(REPO, "main", {".github/workflows/ci.yml": "on: push\n"})
    await world.git("fetch", "-q", "origin", token=token, at="clone")
    assert (await world.git("merge", "-q", "--no-edit", "origin/main", at="clone"))[0] == 0
    assert (await world.git("push", "origin", "HEAD:x", token=token, at="clone"))[0] == 0


async def test_the_log_of_pushes_tells_a_force_push_and_a_deletion(world: World) -> None:
    token = await world.token()
    await world.clone(token)
    first = await world.commit("b.txt", "two\n")
    await world.git("push", "origin", "HEAD:x", token=token, at="clone")
    await world.git("reset", "-q", "--hard", "HEAD~1", at="clone")
    second = await world.commit("c.txt", "three\n")
    assert (await world.git("push", "origin", "HEAD:x", token=token, at="clone"))[0] == 1
    assert (await world.git("push", "--force", "origin", "HEAD:x", token=token, at="clone"))[0] == 0
    assert (await world.git("push", "origin", ":x", token=token, at="clone"))[0] == 0
    none = "0" * 40
    pushes = [(push.old, push.new, push.forced) for push in world.github.pushes if push.by == "baro[bot]"]
    assert pushes == [(none, first, False), (first, second, True), (second, none, False)]


@pytest.mark.parametrize("refspec", [":main", "HEAD:refs/pull/1/head", "HEAD:guarded"])
async def test_some_refs_are_nobodys_to_move(world: World, refspec: str) -> None:
    world.github.protect(REPO, "guarded")
    token = await world.token()
    await world.clone(token)
    code, output = await world.git("push", "origin", refspec, token=token, at="clone")
    assert (code, "remote rejected" in output) == (1, True)


async def test_hidden_refs_can_be_pushed_and_announce_nothing(world: World) -> None:
    token = await world.token()
    await world.clone(token)
    await world.commit("b.txt", "two\n")
    before = len(world.github.deliveries)
    assert (await world.git("push", "origin", "HEAD:refs/baro/run1/run", token=token, at="clone"))[0] == 0
    assert "refs/baro/run1/run" in world.github.refs(REPO)
    assert len(world.github.deliveries) == before


async def test_a_push_moves_the_pull_request_from_that_branch(world: World) -> None:
    token = await world.token()
    world.github.commit(REPO, "fix", {"b.txt": "two\n"})
    await world.github.open_pull(REPO, "ada", "fix")
    await world.clone(token)
    await world.git("checkout", "-q", "fix", at="clone")
    commit = await world.commit("b.txt", "three\n")
    await world.git("push", "origin", "fix", token=token, at="clone")
    pull = world.github.pulls(REPO)[0].pull
    assert pull is not None
    assert pull.head_sha == commit
    last = world.github.deliveries[-1]
    assert (last.event, last.action, last.payload["after"]) == ("pull_request", "synchronize", commit)


async def test_a_fetch_whose_request_is_large_enough_to_be_compressed_succeeds(world: World) -> None:
    for number in range(40):
        world.github.commit(REPO, f"b{number}", {"a.txt": f"{number}\n"})
    await world.clone(await world.token())
    assert (await world.git("rev-parse", "--verify", "origin/b39", at="clone"))[0] == 0


@pytest.mark.parametrize("version", ["0", "2"])
@pytest.mark.parametrize("option", ["--depth=1", "--filter=blob:none", "--mirror"])
async def test_clones_of_every_kind_succeed(world: World, option: str, version: str) -> None:
    world.github.commit(REPO, "main", {"a.txt": "two\n"})
    url, token = f"{world.github.url}/{REPO}.git", await world.token()
    code, output = await world.git("-c", f"protocol.version={version}", "clone", option, url, "clone", token=token)
    assert code == 0, output


async def test_many_clients_at_once_are_served(world: World) -> None:
    token = await world.token()
    arguments = ("ls-remote", f"{world.github.url}/{REPO}.git")
    answers = await asyncio.gather(*(world.git(*arguments, token=token) for _ in range(20)))
    assert {code for code, _ in answers} == {0}
