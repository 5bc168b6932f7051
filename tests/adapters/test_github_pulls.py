"""baro's pull requests: one per head branch, whatever GitHub, people and crashes do in between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runner.adapters.github import GitHub
from runner.domain.goal import PullTarget, Repository
from runner.errors import GitHubError, NotFound
from runner.ports import Place, PullRef
from tests.adapters.github_world import BOT, REPO, World, serving

HEAD = "baro/fix-the-parser-abc"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as world:
        world.local.commit(REPO, HEAD, {"src/app.py": "x = 2\n"})
        yield world


@pytest.fixture
async def github(world: World) -> AsyncIterator[GitHub]:
    async with world.connect() as github:
        yield github


async def shown(
    world: World,
    github: GitHub,
    *,
    head: str = HEAD,
    base: str = "main",
    body: str = "what was done",
    draft: bool = False,
) -> PullRef:
    return await github.pulls.show(world.place, head=head, base=base, title="Fix the parser", body=body, draft=draft)


def titles(world: World) -> list[tuple[str, str, str | None]]:
    return [(pull.author, pull.title, pull.body) for pull in world.local.pulls(REPO)]


# --- one pull request ----------------------------------------------------------------------------------------------


async def test_a_pull_request_is_made_once_and_then_brought_up_to_date(world: World, github: GitHub) -> None:
    first = await shown(world, github, body="half")
    second = await shown(world, github, body="whole")
    assert first == second == PullRef(1, f"{world.local.url}/acme/shop/pull/1", False, "open")
    assert titles(world) == [(BOT, "Fix the parser", "whole")]


async def test_nothing_is_written_when_it_says_all_of_it_already(world: World, github: GitHub) -> None:
    await shown(world, github)
    async with world.connect() as restarted:
        await shown(world, restarted)
    assert (world.asked("POST", "/pulls"), world.asked("PATCH")) == (1, 0)


async def test_a_pull_request_made_by_hand_is_adopted(world: World, github: GitHub) -> None:
    await world.local.open_pull(REPO, "ann", HEAD, title="mine", body="…")
    ref = await shown(world, github)
    assert (ref.number, titles(world)) == (1, [("ann", "Fix the parser", "what was done")])


async def test_a_retargeted_pull_request_is_adopted(world: World, github: GitHub) -> None:
    """GitHub would make a second one from the same branch to another base."""
    world.local.commit(REPO, "next", {"b.txt": "b\n"})
    await world.local.open_pull(REPO, BOT, HEAD, base="next", title="mine")
    assert (await shown(world, github)).number == 1


async def test_one_that_was_merged_meanwhile_is_not_made_again(world: World, github: GitHub) -> None:
    await shown(world, github, body="half")
    await world.local.merge(REPO, 1, "ann")
    async with world.connect() as restarted:
        assert (await shown(world, restarted, body="whole")).state == "merged"
    assert titles(world) == [(BOT, "Fix the parser", "whole")]


async def test_one_that_was_closed_meanwhile_stays_closed(world: World, github: GitHub) -> None:
    await shown(world, github)
    await world.local.close(REPO, 1, "ann")
    assert (await shown(world, github)).state == "closed"
    assert len(world.local.pulls(REPO)) == 1


async def test_a_fork_with_the_same_branch_name_is_left_alone(world: World, github: GitHub) -> None:
    world.local.fork(REPO, "mallory")
    world.local.commit("mallory/shop", HEAD, {"src/app.py": "evil = 1\n"})
    await world.local.open_pull(REPO, "mallory", f"mallory:{HEAD}", title="theirs")
    assert (await shown(world, github)).number == 2
    assert titles(world) == [("mallory", "theirs", None), (BOT, "Fix the parser", "what was done")]


async def test_a_draft_becomes_ready_but_nothing_becomes_a_draft_again(world: World, github: GitHub) -> None:
    assert (await shown(world, github, draft=True)).draft
    assert not (await shown(world, github, draft=False)).draft
    assert not (await shown(world, github, draft=True)).draft
    (issue,) = world.local.pulls(REPO)
    assert issue.pull is not None
    assert not issue.pull.draft


# --- trouble -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_lost_answer_leaves_one_pull_request(world: World, github: GitHub, when: str) -> None:
    lost = world.local.faults.drop("POST", "/pulls$", when="after" if when == "after" else "before")
    assert (await shown(world, github)).number == 1
    assert (lost.hits, len(world.local.pulls(REPO))) == (1, 1)


async def test_a_server_error_after_the_effect_leaves_one_pull_request(world: World, github: GitHub) -> None:
    world.local.faults.add("POST", "/pulls$", status=504, when="after")
    assert (await shown(world, github)).number == 1
    assert len(world.local.pulls(REPO)) == 1


async def test_where_drafts_are_not_supported_it_is_made_without(world: World, github: GitHub) -> None:
    """Private repositories on some plans."""
    message = "Draft pull requests are not supported in this repository."
    world.local.faults.add("POST", "/pulls$", status=422, message=message)
    assert not (await shown(world, github, draft=True)).draft


async def test_a_branch_with_nothing_new_says_so(world: World, github: GitHub) -> None:
    world.local.commit(REPO, "empty", {"x.txt": "x\n"})
    with pytest.raises(GitHubError) as caught:
        await shown(world, github, head="empty", base="empty")
    assert str(caught.value) == "`empty` has nothing that `empty` does not have already."


async def test_a_missing_branch_says_which(world: World, github: GitHub) -> None:
    with pytest.raises(GitHubError, match="The branch `nowhere` is not on GitHub"):
        await shown(world, github, head="nowhere")
    with pytest.raises(GitHubError, match="The branch `gone` is not on GitHub"):
        await shown(world, github, base="gone")


async def test_a_missing_permission_says_what_to_grant(tmp_path: Path) -> None:
    async with serving(tmp_path) as world, world.connect() as github:
        installed = world.local.installation(REPO)
        assert installed is not None
        installed.permissions = {"metadata": "read", "contents": "write", "issues": "write"}
        with pytest.raises(GitHubError) as caught:
            await shown(world, github)
    assert str(caught.value) == "The App's installation lacks a permission that baro needs."
    assert "pull requests: write" in caught.value.hint


async def test_title_and_body_pass_the_gate(world: World, github: GitHub) -> None:
    await github.pulls.show(world.place, head=HEAD, base="main", title="no hunter2", body="hunter2!", draft=False)
    assert titles(world) == [(BOT, "no [withheld]", "[withheld]!")]


async def test_one_that_the_look_missed_is_adopted_when_github_names_it(world: World, github: GitHub) -> None:
    """A renamed owner: the redirected request still filters by the old name."""
    await world.local.open_pull(REPO, BOT, HEAD, title="mine")
    new, faults = f"{world.local.api_url}/repos/acme/shop/pulls", world.local.faults
    faults.add("GET", "/old/shop/pulls", status=301, headers={"Location": f"{new}?state=all&head=old:{HEAD}"})
    faults.add("POST", "/old/shop/pulls", status=307, headers={"Location": new})
    faults.add("GET", "/old/shop/pulls", status=301, headers={"Location": f"{new}?state=open"})
    faults.add("PATCH", "/old/shop/pulls", status=301, headers={"Location": f"{new}/1"})
    repository = Repository(world.place.repository.id, "old", "shop")
    place = Place(world.place.installation, repository)
    ref = await github.pulls.show(place, head=HEAD, base="main", title="Fix", body="all", draft=False)
    assert (ref.number, titles(world)) == (1, [(BOT, "Fix", "all")])


async def test_a_draft_that_cannot_be_made_ready_is_still_shown(world: World, github: GitHub) -> None:
    await shown(world, github, body="half", draft=True)
    world.local.faults.add("POST", "/graphql", status=403)
    assert (await shown(world, github, body="whole", draft=False)).draft
    assert titles(world) == [(BOT, "Fix the parser", "whole")]


async def test_another_refusal_is_told_in_githubs_words(world: World, github: GitHub) -> None:
    world.local.faults.add("POST", "/pulls$", status=422, message="Too many pull requests")
    with pytest.raises(GitHubError, match="Too many pull requests"):
        await shown(world, github)


# --- targets of follow-ups -----------------------------------------------------------------------------------------


async def test_a_target_is_told_with_its_state_and_where_its_head_lies(world: World, github: GitHub) -> None:
    sha = world.local.branches(REPO)[HEAD]
    await world.local.open_pull(REPO, "ann", HEAD, title="mine")
    assert await github.pulls.target(world.place, 1) == (PullTarget(1, "mine", HEAD, sha, "main"), "open", True)
    await world.local.merge(REPO, 1, "ann")
    assert (await github.pulls.target(world.place, 1))[1:] == ("merged", True)


async def test_a_target_from_a_fork_is_not_at_home(world: World, github: GitHub) -> None:
    world.local.fork(REPO, "mallory")
    world.local.commit("mallory/shop", "topic", {"src/app.py": "y = 1\n"})
    await world.local.open_pull(REPO, "mallory", "mallory:topic", title="theirs")
    assert (await github.pulls.target(world.place, 1))[1:] == ("open", False)


async def test_an_issue_is_no_target(world: World, github: GitHub) -> None:
    await world.local.open_issue(REPO, "ann", "an issue")
    with pytest.raises(NotFound):
        await github.pulls.target(world.place, 1)
