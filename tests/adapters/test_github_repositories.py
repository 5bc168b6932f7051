"""Facts about a repository, as GitHub tells them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runner.adapters.github import GitHub
from runner.domain.goal import Person, Repository
from runner.errors import Forbidden, GitHubError, NotFound, Unreachable
from runner.ports import AppIdentity, IssueFacts, Place
from tests.adapters.github_world import BOT, REPO, World, serving


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as world:
        yield world


@pytest.fixture
async def github(world: World) -> AsyncIterator[GitHub]:
    async with world.connect() as github:
        yield github


def person(world: World, login: str) -> Person:
    return Person(world.local.person(login).id, login)


# --- people --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["admin", "maintain", "write", "triage", "read"])
async def test_a_role_is_told_by_its_own_name(world: World, github: GitHub, role: str) -> None:
    """GitHub's older `permission` field shows maintain as write and triage as read."""
    world.local.grant(REPO, "ann", role)  # type: ignore[arg-type]
    assert await github.repositories.role(world.place, person(world, "ann")) == role


async def test_an_unknown_login_and_a_deleted_account_have_no_role(world: World, github: GitHub) -> None:
    assert await github.repositories.role(world.place, Person(0, "ghost", "Ghost")) == "none"
    assert await github.repositories.role(world.place, Person(1, "nobody-of-that-name")) == "none"


async def test_a_login_that_passed_to_somebody_else_has_no_role(world: World, github: GitHub) -> None:
    world.local.grant(REPO, "ann", "admin")
    assert await github.repositories.role(world.place, Person(1, "ann")) == "none"


# --- content -------------------------------------------------------------------------------------------------------


async def test_the_default_branch_is_asked(world: World, github: GitHub) -> None:
    assert await github.repositories.default_branch(world.place) == "main"


async def test_an_issue_and_a_pull_request_are_told_apart(world: World, github: GitHub) -> None:
    await world.local.open_issue(REPO, "ann", "Broken", None)
    world.local.commit(REPO, "topic", {"a.txt": "a\n"})
    await world.local.open_pull(REPO, "ann", "topic", title="Mended", body="yes")
    await world.local.close(REPO, 1, "ann")
    url = f"{world.local.url}/acme/shop"
    issue, pull = [await github.repositories.issue(world.place, number) for number in (1, 2)]
    assert issue == IssueFacts("Broken", "", "closed", False, False, f"{url}/issues/1")
    assert pull == IssueFacts("Mended", "yes", "open", False, True, f"{url}/pull/2")
    with pytest.raises(NotFound, match="acme/shop#3"):
        await github.repositories.issue(world.place, 3)


async def test_a_file_is_text_and_what_is_none_is_none(world: World, github: GitHub) -> None:
    file = github.repositories.file
    assert await file(world.place, "src/app.py") == "x = 1\n"
    assert await file(world.place, ".github/baro.yml") is None
    assert await file(world.place, "src") is None
    with pytest.raises(GitHubError, match="not a text file"):
        await file(world.place, "logo.png")
    with pytest.raises(GitHubError, match="cannot be part of a name"):
        await file(world.place, "../../other/secret")


# --- labels --------------------------------------------------------------------------------------------------------


async def test_a_label_is_made_once_and_kept_as_people_have_it(world: World, github: GitHub) -> None:
    for color in ("#5319e7", "000000"):
        await github.repositories.ensure_label(world.place, "baro", color, "Hand this to baro")
    label = world.local.hub.state.repository(REPO).labels["baro"]
    assert (label.name, label.color, label.description) == ("baro", "5319e7", "Hand this to baro")


async def test_a_label_that_may_not_be_made_says_why(world: World, github: GitHub) -> None:
    world.local.archive(REPO)
    with pytest.raises(Forbidden, match="archived"):
        await github.repositories.ensure_label(world.place, "baro", "5319e7", "")


async def test_a_label_github_does_not_accept_is_an_error(world: World, github: GitHub) -> None:
    with pytest.raises(GitHubError, match="Validation Failed"):
        await github.repositories.ensure_label(world.place, "baro", "purple", "")


# --- the App itself ------------------------------------------------------------------------------------------------


async def test_the_app_knows_who_it_is_and_asks_once(world: World, github: GitHub) -> None:
    bot, host = world.local.person(BOT).id, "127.0.0.1"
    expected = AppIdentity(4711, "baro-test", "operator", BOT, f"{bot}+{BOT}@users.noreply.{host}")
    assert await github.identity() == expected
    before = len(world.local.requests)
    assert await github.identity() == expected
    assert len(world.local.requests) == before


async def test_an_app_that_is_installed_nowhere_knows_who_it_is(world: World, github: GitHub) -> None:
    await world.local.uninstall("acme")
    assert (await github.identity()).email.endswith(f"+{BOT}@users.noreply.127.0.0.1")


async def test_an_app_whose_account_is_not_shown_still_has_an_address(world: World, github: GitHub) -> None:
    world.local.faults.add("GET", "/users/", status=404)
    assert (await github.identity()).email == f"{BOT}@users.noreply.127.0.0.1"


async def test_an_outage_is_not_taken_for_an_app_without_an_account(world: World) -> None:
    world.local.faults.add("GET", "/users/", status=502, times=None)
    async with world.connect(patience=0.2) as github:
        with pytest.raises(Unreachable):
            await github.identity()
        world.local.faults.clear()
        assert (await github.identity()).email.partition("+")[2]


async def test_what_an_installation_reaches_is_listed_over_all_pages(world: World, github: GitHub) -> None:
    for number in range(101):
        made = world.local.repository(f"acme/r{number}", {})
    reached = await github.repositories.reachable(world.place.installation)
    assert len(reached) == 102
    assert reached[-1] == Repository(made.id, "acme", "r100")


async def test_a_repository_the_app_was_not_installed_for_is_not_found(world: World, github: GitHub) -> None:
    other = world.local.repository("acme/private", {}, private=True, install=False)
    place = Place(world.place.installation, Repository(other.id, "acme", "private"))
    with pytest.raises(NotFound) as caught:
        await github.repositories.default_branch(place)
    assert str(caught.value) == "The App is not installed where this repository is, or not for this repository."


async def test_a_suspended_installation_says_so(world: World, github: GitHub) -> None:
    await world.local.suspend("acme")
    with pytest.raises(Forbidden, match="suspended"):
        await github.repositories.default_branch(world.place)
