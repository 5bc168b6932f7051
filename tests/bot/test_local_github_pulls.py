"""Pull requests and check runs of the local GitHub answer as GitHub's do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.bot.local_github_world import REPO, World, serving

PULLS = f"/repos/{REPO}/pulls"
ASKED = {"title": "Fix it", "head": "fix", "base": "main", "body": "Closes #1", "draft": True}


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as world:
        await world.github.open_issue(REPO, "ada", "Broken")
        world.github.commit(REPO, "fix", {"a.txt": "two\n"}, by="ada")
        yield world


async def test_a_pull_request_shares_the_numbers_of_issues(world: World) -> None:
    answer = await world.ask("POST", PULLS, await world.token(), json=ASKED)
    made = answer.json()
    assert (answer.status_code, made["number"], made["draft"], made["mergeable"]) == (201, 2, True, True)
    assert (made["additions"], made["deletions"], made["changed_files"], made["commits"]) == (1, 1, 1, 1)
    assert made["head"]["sha"] == world.github.branches(REPO)["fix"]
    assert made["html_url"] == f"{world.github.url}/{REPO}/pull/2"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"head": "nowhere"}, {"field": "head", "code": "invalid"}),
        ({"base": "nowhere"}, {"field": "base", "code": "invalid"}),
        ({"head": "main"}, {"message": "No commits between main and main"}),
        ({"title": None}, {"field": "title", "code": "missing_field"}),
    ],
)
async def test_what_cannot_be_opened_says_why(world: World, change: dict[str, Any], error: dict[str, str]) -> None:
    answer = await world.ask("POST", PULLS, await world.token(), json=ASKED | change)
    assert answer.status_code == 422
    assert error.items() <= answer.json()["errors"][0].items()


async def test_a_second_pull_request_from_a_branch_already_exists(world: World) -> None:
    token = await world.token()
    await world.ask("POST", PULLS, token, json=ASKED)
    answer = await world.ask("POST", PULLS, token, json=ASKED)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["message"] == "A pull request already exists for acme:fix."


async def test_pull_requests_are_found_by_head_and_state(world: World) -> None:
    token = await world.token()
    await world.ask("POST", PULLS, token, json=ASKED)
    for query, found in [("head=acme:fix", 1), ("head=acme:other", 0), ("head=acme:fix&state=closed", 0)]:
        assert len((await world.ask("GET", f"{PULLS}?{query}", token)).json()) == found


async def test_rest_cannot_change_whether_it_is_a_draft_and_graphql_can(world: World) -> None:
    token = await world.token()
    made = (await world.ask("POST", PULLS, token, json=ASKED)).json()
    patched = await world.ask("PATCH", f"{PULLS}/2", token, json={"draft": False, "title": "Done"})
    assert (patched.json()["draft"], patched.json()["title"]) == (True, "Done")
    query = "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { clientMutationId } }"
    answer = await world.http.post(
        f"{world.github.url}/api/graphql", headers={"Authorization": f"Bearer {token}"},
        json={"query": query, "variables": {"id": made["node_id"]}},
    )  # fmt: skip
    assert "errors" not in answer.json()
    assert (await world.ask("GET", f"{PULLS}/2", token)).json()["draft"] is False


async def test_a_pull_request_follows_its_branch_and_closes_when_that_is_deleted(world: World) -> None:
    await world.github.open_pull(REPO, "ada", "fix")
    head = world.github.commit(REPO, "fix", {"b.txt": "three\n"}, by="ada")
    [issue] = world.github.pulls(REPO)
    assert issue.pull is not None
    assert issue.pull.head_sha == head
    world.github.delete_branch(REPO, "fix")
    assert (issue.state, issue.pull.merged_at) == ("closed", None)


async def test_merging_closes_the_issue_the_body_names(world: World) -> None:
    await world.github.open_pull(REPO, "ada", "fix", body="Closes #1")
    await world.github.merge(REPO, 2, "ada")
    assert world.github.issue(REPO, 1).state == "closed"
    assert world.github.file(REPO, "main", "a.txt") == b"two\n"
    shown = (await world.ask("GET", f"{PULLS}/2", await world.token())).json()
    assert (shown["state"], shown["merged"], shown["merged_by"]["login"]) == ("closed", True, "ada")


async def test_a_fork_has_its_own_repository_and_its_head_can_be_read_from_the_base(world: World) -> None:
    world.github.fork(REPO, "eve")
    world.github.commit("eve/shop", "idea", {"c.txt": "four\n"}, by="eve")
    await world.github.open_pull(REPO, "eve", "eve:idea")
    shown = (await world.ask("GET", f"{PULLS}/2", await world.token())).json()
    assert (shown["head"]["label"], shown["head"]["repo"]["fork"]) == ("eve:idea", True)
    assert world.github.file(REPO, "refs/pull/2/head", "c.txt") == b"four\n"


async def test_a_conflict_shows_as_not_mergeable(world: World) -> None:
    await world.github.open_pull(REPO, "ada", "fix")
    world.github.commit(REPO, "main", {"a.txt": "else\n"}, by="ada")
    assert (await world.ask("GET", f"{PULLS}/2", await world.token())).json()["mergeable"] is False


async def test_a_comment_on_a_pull_request_needs_the_permission_for_pull_requests(world: World) -> None:
    await world.github.open_pull(REPO, "ada", "fix")
    path, body = f"/repos/{REPO}/issues/2/comments", {"body": "x"}
    narrow = await world.token(permissions={"issues": "write"})
    assert (await world.ask("POST", path, narrow, json=body)).status_code == 403
    right = await world.token(permissions={"pull_requests": "write"})
    assert (await world.ask("POST", path, right, json=body)).status_code == 201


async def test_a_check_run_is_found_again_by_its_commit(world: World) -> None:
    token, sha = await world.token(), world.github.branches(REPO)["fix"]
    sent = {"name": "baro", "head_sha": sha, "status": "in_progress", "external_id": "run1"}
    made = (await world.ask("POST", f"/repos/{REPO}/check-runs", token, json=sent)).json()
    await world.ask("PATCH", f"/repos/{REPO}/check-runs/{made['id']}", token, json={"conclusion": "success"})
    listed = (await world.ask("GET", f"/repos/{REPO}/commits/fix/check-runs", token)).json()
    assert listed["total_count"] == 1
    [check] = listed["check_runs"]
    assert (check["external_id"], check["status"], check["conclusion"]) == ("run1", "completed", "success")


async def test_a_check_run_takes_fifty_annotations_at_a_time(world: World) -> None:
    token, sha = await world.token(), world.github.branches(REPO)["fix"]
    output = {"title": "t", "summary": "s", "annotations": [{"path": "a.txt"}] * 51}
    sent = {"name": "baro", "head_sha": sha, "output": output}
    assert (await world.ask("POST", f"/repos/{REPO}/check-runs", token, json=sent)).status_code == 422


async def test_refs_can_be_read_and_deleted_but_not_the_default_branch(world: World) -> None:
    token, refs = await world.token(), f"/repos/{REPO}/git"
    shown = (await world.ask("GET", f"{refs}/ref/heads/fix", token)).json()
    assert shown["object"]["sha"] == world.github.branches(REPO)["fix"]
    assert (await world.ask("DELETE", f"{refs}/refs/heads/fix", token)).status_code == 204
    assert (await world.ask("GET", f"{refs}/ref/heads/fix", token)).status_code == 404
    assert (await world.ask("DELETE", f"{refs}/refs/heads/main", token)).status_code == 422
