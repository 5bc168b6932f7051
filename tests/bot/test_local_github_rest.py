"""The less travelled endpoints of the local GitHub answer as GitHub's do, too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.bot.local_github_world import REPO, World, serving

ROOT = f"/repos/{REPO}"


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as world:
        await world.github.open_issue(REPO, "ada", "Broken")
        world.github.commit(REPO, "fix", {"a.txt": None, "src/b.txt": "two\n", "logo.png": b"\x00\xff"}, by="ada")
        await world.github.open_pull(REPO, "ada", "fix")
        yield world


async def get(world: World, path: str, **headers: str) -> Any:
    """The JSON at a path below the repository."""
    token = await world.token()
    answer = await world.http.get(
        world.github.api_url + ROOT + path, headers={"Authorization": f"Bearer {token}"} | headers
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_app_finds_its_installations_from_every_side(world: World) -> None:
    installed = world.github.installation(REPO)
    assert installed is not None
    for path in (f"{ROOT}/installation", "/users/acme/installation", f"/app/installations/{installed.id}"):
        assert (await world.ask("GET", path, world.jwt())).json()["id"] == installed.id
    listed = (await world.ask("GET", "/app/installations", world.jwt())).json()
    assert [one["account"]["login"] for one in listed] == ["acme"]
    world.github.repository("eve/other", install=False)
    for path in ("/repos/eve/other/installation", "/users/eve/installation", "/app/installations/1"):
        assert (await world.ask("GET", path, world.jwt())).status_code == 404


async def test_a_token_lists_the_repositories_it_reaches_and_can_be_narrowed_by_name(world: World) -> None:
    world.github.repository("acme/vault")
    for token, names in [
        (await world.token(), {REPO, "acme/vault"}),
        (await world.token(repositories=["shop"]), {REPO}),
    ]:
        listed = (await world.ask("GET", "/installation/repositories", token)).json()
        assert {one["full_name"] for one in listed["repositories"]} == names
        assert listed["total_count"] == len(names)


async def test_an_installation_on_everything_takes_in_what_comes_later(world: World) -> None:
    await world.github.install("eve")
    world.github.repository("eve/new", install=False)
    assert world.github.installation("eve/new") is not None
    await world.github.remove_from_installation("eve/new")
    assert world.github.installation("eve/new") is None


async def test_contents_are_listed_read_at_a_ref_or_raw(world: World) -> None:
    assert [(one["path"], one["type"]) for one in await get(world, "/contents/?ref=fix")] == [
        ("logo.png", "file"),
        ("src", "dir"),
    ]
    assert [one["path"] for one in await get(world, "/contents/src?ref=fix")] == ["src/b.txt"]
    raw = {"Accept": "application/vnd.github.raw+json", "Authorization": f"Bearer {await world.token()}"}
    answer = await world.http.get(f"{world.github.api_url}{ROOT}/contents/logo.png?ref=fix", headers=raw)
    assert answer.content == b"\x00\xff"
    assert (await world.ask("GET", f"{ROOT}/contents/a.txt?ref=none", await world.token())).status_code == 404


async def test_labels_are_listed_and_shown(world: World) -> None:
    assert [one["name"] for one in await get(world, "/labels")] == ["bug", "documentation", "enhancement"]
    assert (await get(world, "/labels/BUG"))["color"] == "d73a4a"
    assert (await world.ask("GET", f"{ROOT}/labels/none", await world.token())).status_code == 404


@pytest.mark.parametrize("sent", [{}, {"name": "x", "color": "red"}, {"name": "x", "description": "y" * 101}])
async def test_a_label_must_be_valid(world: World, sent: dict[str, str]) -> None:
    assert (await world.ask("POST", f"{ROOT}/labels", await world.token(), json=sent)).status_code == 422


async def test_refs_are_matched_by_prefix_and_made(world: World) -> None:
    token, sha = await world.token(), world.github.branches(REPO)["fix"]
    sent = {"ref": "refs/baro/run1/run", "sha": sha}
    assert (await world.ask("POST", f"{ROOT}/git/refs", token, json=sent)).status_code == 201
    for wrong in (sent, {"ref": "fix", "sha": sha}, {"ref": "refs/heads/y", "sha": "0" * 40}):
        assert (await world.ask("POST", f"{ROOT}/git/refs", token, json=wrong)).status_code == 422
    assert [one["ref"] for one in await get(world, "/git/matching-refs/baro/run1")] == ["refs/baro/run1/run"]
    assert (await get(world, "/branches/fix"))["commit"]["sha"] == sha
    assert (await world.ask("GET", f"{ROOT}/branches/none", token)).status_code == 404
    assert (await world.ask("DELETE", f"{ROOT}/git/refs/heads/none", token)).status_code == 422


async def test_a_pull_request_tells_its_files(world: World) -> None:
    listed = {one["filename"]: one["status"] for one in await get(world, "/pulls/2/files")}
    assert listed == {"a.txt": "removed", "logo.png": "added", "src/b.txt": "added"}


async def test_a_review_and_its_remarks_can_be_read_and_reacted_to(world: World) -> None:
    given = await world.github.review(REPO, 2, "ada", "Hm", remarks=(("src/b.txt", 1, "Why?"),))
    [review] = await get(world, "/pulls/2/reviews")
    assert (review["state"], review["body"]) == ("CHANGES_REQUESTED", "Hm")
    [remark] = await get(world, f"/pulls/2/reviews/{given.id}/comments")
    assert (remark["path"], remark["line"], remark["body"]) == ("src/b.txt", 1, "Why?")
    assert len(await get(world, "/pulls/2/comments")) == 1
    path = f"{ROOT}/pulls/comments/{remark['id']}/reactions"
    assert (await world.ask("POST", path, await world.token(), json={"content": "eyes"})).status_code == 201
    missing = f"{ROOT}/pulls/comments/1/reactions"
    assert (await world.ask("POST", missing, await world.token(), json={"content": "eyes"})).status_code == 404


async def test_a_pull_request_can_be_closed_and_moved_to_another_base(world: World) -> None:
    token = await world.token()
    world.github.commit(REPO, "next", {"c.txt": "three\n"})
    moved = await world.ask("PATCH", f"{ROOT}/pulls/2", token, json={"base": "next", "body": "New"})
    assert (moved.json()["base"]["ref"], moved.json()["body"]) == ("next", "New")
    assert (await world.ask("PATCH", f"{ROOT}/pulls/2", token, json={"base": "none"})).status_code == 422
    assert (await world.ask("PATCH", f"{ROOT}/pulls/2", token, json={"state": "merged"})).status_code == 422
    closed = await world.ask("PATCH", f"{ROOT}/pulls/2", token, json={"state": "closed"})
    assert (closed.json()["state"], closed.json()["mergeable"]) == ("closed", None)
    assert (await world.ask("GET", f"{ROOT}/pulls/1", token)).status_code == 404


async def test_reactions_on_a_comment_are_listed_and_only_ones_own_can_be_deleted(world: World) -> None:
    said = await world.github.comment(REPO, 1, "ada", "hello")
    theirs = world.github.react(REPO, "ada", "heart", comment=said.id)
    token, path = await world.token(), f"{ROOT}/issues/comments/{said.id}/reactions"
    await world.ask("POST", path, token, json={"content": "rocket"})
    listed = (await world.ask("GET", f"{path}?content=heart", token)).json()
    assert [one["user"]["login"] for one in listed] == ["ada"]
    assert (await world.ask("DELETE", f"{path}/{theirs.id}", token)).status_code == 403
    assert (await world.ask("DELETE", f"{path}/1", token)).status_code == 404
    assert world.github.reactions(REPO, comment=said.id) == [("ada", "heart"), ("baro[bot]", "rocket")]


@pytest.mark.parametrize(
    "change",
    [
        {"head_sha": "0" * 40},
        {"conclusion": "great"},
        {"output": {"summary": "no title"}},
        {"output": {"title": "t", "summary": "x" * 65_536}},
    ],
)
async def test_a_check_run_must_be_valid(world: World, change: dict[str, Any]) -> None:
    sent = {"name": "baro", "head_sha": world.github.branches(REPO)["fix"]} | change
    assert (await world.ask("POST", f"{ROOT}/check-runs", await world.token(), json=sent)).status_code == 422


async def test_the_newest_check_of_a_name_is_shown_and_another_apps_cannot_be_changed(world: World) -> None:
    sha = world.github.branches(REPO)["fix"]
    await world.github.check(REPO, sha, "tests", "failure")
    newest = await world.github.check(REPO, sha, "tests", "success", output={"title": "ok", "summary": ""})
    listed = await get(world, f"/commits/{sha}/check-runs?check_name=tests")
    assert [one["id"] for one in listed["check_runs"]] == [newest.id]
    assert (await get(world, f"/commits/{sha}/check-runs?filter=all"))["total_count"] == 2
    assert (await get(world, f"/check-runs/{newest.id}"))["conclusion"] == "success"
    assert await get(world, f"/check-runs/{newest.id}/annotations") == []
    answer = await world.ask("PATCH", f"{ROOT}/check-runs/{newest.id}", await world.token(), json={"status": "queued"})
    assert answer.status_code == 403


async def test_an_issue_can_be_opened_over_rest(world: World) -> None:
    sent = {"title": "New", "body": "Text", "labels": ["bug"]}
    made = (await world.ask("POST", f"{ROOT}/issues", await world.token(), json=sent)).json()
    assert (made["number"], made["user"]["login"], [one["name"] for one in made["labels"]]) == (3, "baro[bot]", ["bug"])
    assert (await get(world, "/issues/3/labels"))[0]["name"] == "bug"


async def test_what_there_is_not_is_a_json_404(world: World) -> None:
    for path in ("/nonsense", f"{ROOT}/issues/99", f"{ROOT}/issues/comments/1", "/repos/acme/none", "/users/nobody"):
        answer = await world.ask("GET", path, await world.token())
        assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")


DRAFT = 'mutation { convertPullRequestToDraft(input: {pullRequestId: "x"}) { clientMutationId } }'


@pytest.mark.parametrize(("query", "kind"), [("query { viewer { login } }", "NOT_IMPLEMENTED"), (DRAFT, "NOT_FOUND")])
async def test_graphql_refuses_with_200(world: World, query: str, kind: str) -> None:
    headers = {"Authorization": f"Bearer {await world.token()}"}
    answer = await world.http.post(f"{world.github.url}/api/graphql", headers=headers, json={"query": query})
    assert (answer.status_code, answer.json()["errors"][0]["type"]) == (200, kind)
