"""Issues, comments, labels and reactions of the local GitHub answer as GitHub's do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.bot.local_github_world import REPO, World, serving

ISSUE = f"/repos/{REPO}/issues/1"


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as world:
        await world.github.open_issue(REPO, "ada", "Broken", "It is broken.")
        yield world


async def test_what_the_app_writes_is_marked_as_its_own(world: World) -> None:
    answer = await world.ask("POST", f"{ISSUE}/comments", await world.token(), json={"body": "On it"})
    assert answer.status_code == 201
    assert answer.json()["performed_via_github_app"]["slug"] == "baro"
    assert answer.json()["user"]["login"] == "baro[bot]"
    assert [said.body for said in world.github.comments(REPO, 1)] == ["On it"]


async def test_what_a_person_writes_is_not(world: World) -> None:
    await world.github.comment(REPO, 1, "ada", "/baro fix this")
    listed = (await world.ask("GET", f"{ISSUE}/comments", await world.token())).json()
    assert [(one["user"]["login"], one["performed_via_github_app"]) for one in listed] == [("ada", None)]


async def test_a_comment_can_be_read_edited_and_deleted(world: World) -> None:
    token = await world.token()
    made = (await world.ask("POST", f"{ISSUE}/comments", token, json={"body": "one"})).json()
    path = f"/repos/{REPO}/issues/comments/{made['id']}"
    assert (await world.ask("PATCH", path, token, json={"body": "two"})).json()["body"] == "two"
    assert (await world.ask("GET", path, token)).json()["body"] == "two"
    assert (await world.ask("DELETE", path, token)).status_code == 204
    assert (await world.ask("GET", path, token)).status_code == 404


async def test_a_comment_holds_65536_characters_and_not_one_more(world: World) -> None:
    token = await world.token()
    assert (await world.ask("POST", f"{ISSUE}/comments", token, json={"body": "x" * 65_536})).status_code == 201
    answer = await world.ask("POST", f"{ISSUE}/comments", token, json={"body": "x" * 65_537})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["message"] == "body is too long (maximum is 65536 characters)"


async def test_nobody_comments_on_a_locked_issue(world: World) -> None:
    await world.github.lock(REPO, 1, "acme")
    answer = await world.ask("POST", f"{ISSUE}/comments", await world.token(), json={"body": "x"})
    assert (answer.status_code, answer.json()["message"]) == (403, "Unable to create comment because issue is locked.")


async def test_lists_come_in_pages_that_link_to_each_other(world: World) -> None:
    for number in range(5):
        await world.github.comment(REPO, 1, "ada", str(number))
    token, url, seen = await world.token(), f"{world.github.api_url}{ISSUE}/comments?per_page=2", []
    while url:
        answer = await world.http.get(url, headers={"Authorization": f"Bearer {token}"})
        seen += [one["body"] for one in answer.json()]
        url = answer.links.get("next", {}).get("url", "")
    assert seen == ["0", "1", "2", "3", "4"]


async def test_the_same_reaction_twice_is_one_reaction(world: World) -> None:
    token = await world.token()
    first = await world.ask("POST", f"{ISSUE}/reactions", token, json={"content": "eyes"})
    again = await world.ask("POST", f"{ISSUE}/reactions", token, json={"content": "eyes"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert world.github.reactions(REPO, number=1) == [("baro[bot]", "eyes")]
    await world.ask("DELETE", f"{ISSUE}/reactions/{first.json()['id']}", token)
    assert world.github.reactions(REPO, number=1) == []


async def test_a_reaction_there_is_none_of_is_invalid(world: World) -> None:
    answer = await world.ask("POST", f"{ISSUE}/reactions", await world.token(), json={"content": "tada"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "content")


async def test_a_label_that_exists_already_says_so_whatever_its_case(world: World) -> None:
    token, path = await world.token(), f"/repos/{REPO}/labels"
    assert (await world.ask("POST", path, token, json={"name": "baro", "color": "5319e7"})).status_code == 201
    answer = await world.ask("POST", path, token, json={"name": "BARO"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "already_exists")
    assert "baro" in world.github.labels(REPO)


async def test_labels_go_on_and_off_an_issue(world: World) -> None:
    token = await world.token()
    await world.ask("POST", f"{ISSUE}/labels", token, json={"labels": ["baro"]})
    assert world.github.issue(REPO, 1).labels == ["baro"]
    assert (await world.ask("DELETE", f"{ISSUE}/labels/baro", token)).json() == []
    assert (await world.ask("DELETE", f"{ISSUE}/labels/baro", token)).status_code == 404


async def test_what_a_deleted_account_wrote_is_by_the_ghost(world: World) -> None:
    await world.github.comment(REPO, 1, "eve", "hello")
    world.github.delete_account("eve")
    listed = (await world.ask("GET", f"{ISSUE}/comments", await world.token())).json()
    assert listed[0]["user"]["login"] == "ghost"


async def test_nothing_can_be_written_to_an_archived_repository(world: World) -> None:
    world.github.archive(REPO)
    answer = await world.ask("POST", f"{ISSUE}/comments", await world.token(), json={"body": "x"})
    assert (answer.status_code, answer.json()["message"]) == (403, "Repository was archived so is read-only.")


async def test_a_body_that_is_no_json_is_a_400(world: World) -> None:
    answer = await world.ask("POST", f"{ISSUE}/comments", await world.token(), content=b"{")
    assert (answer.status_code, answer.json()["message"]) == (400, "Problems parsing JSON")


async def test_files_of_the_default_branch_come_as_base64_and_missing_ones_as_404(world: World) -> None:
    token = await world.token()
    answer = (await world.ask("GET", f"/repos/{REPO}/contents/a.txt", token)).json()
    assert (answer["type"], answer["encoding"], answer["content"]) == ("file", "base64", "b25lCg==\n")
    assert (await world.ask("GET", f"/repos/{REPO}/contents/b.txt", token)).status_code == 404


async def test_names_are_found_without_regard_to_case(world: World) -> None:
    assert (await world.ask("GET", "/repos/ACME/Shop", await world.token())).json()["full_name"] == REPO


async def test_a_deleted_issue_is_gone(world: World) -> None:
    await world.github.delete_issue(REPO, 1, "acme")
    assert (await world.ask("GET", ISSUE, await world.token())).status_code == 410


async def test_what_a_comment_said_before_is_remembered(world: World) -> None:
    token = await world.token()
    made = (await world.ask("POST", f"{ISSUE}/comments", token, json={"body": "one"})).json()
    for body in ("two", "three"):
        await world.ask("PATCH", f"/repos/{REPO}/issues/comments/{made['id']}", token, json={"body": body})
    [said] = world.github.comments(REPO, 1)
    assert (said.history, said.body) == (["one", "two"], "three")


async def test_issues_are_listed_by_label_and_state(world: World) -> None:
    token = await world.token()
    await world.github.open_issue(REPO, "ada", "Also broken", labels=["baro"])
    listed = (await world.ask("GET", f"/repos/{REPO}/issues?labels=baro", token)).json()
    assert [one["number"] for one in listed] == [2]
    await world.ask("PATCH", f"/repos/{REPO}/issues/2", token, json={"state": "closed"})
    assert len((await world.ask("GET", f"/repos/{REPO}/issues?state=closed", token)).json()) == 1
