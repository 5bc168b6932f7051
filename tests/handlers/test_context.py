"""The facts an ask is decided on, as the local GitHub and a real Redis tell them."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from handlers.admission import House, Nothing, Refused, decide
from handlers.asks import Ask, Command, Installed, Misread, StartRun
from handlers.context import Facts, Sources, gather
from runner.adapters.github import GitHub
from runner.adapters.redis_store import Store
from runner.domain.config import RepoConfig
from runner.domain.events import Entry, RunSubmitted
from runner.domain.goal import Person, Thread, Trigger
from runner.domain.mode import Mode
from runner.errors import Unreachable
from tests.adapters.github_world import REPO, World, serving


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as world:
        world.local.grant(REPO, "ann", "write")
        yield world


@pytest.fixture
async def github(world: World) -> AsyncIterator[GitHub]:
    async with world.connect() as github:
        yield github


@pytest.fixture
async def sources(github: GitHub, store: Store) -> Sources:
    return Sources(
        repositories=github.repositories,
        pulls=github.pulls,
        runs=store,
        us=await github.identity(),
        accounts=frozenset({"acme"}),
    )


def about(world: World, login: str = "ann", kind: str = "issue", number: int = 1) -> dict[str, Any]:
    thread = Thread(world.place.repository, number, kind)  # type: ignore[arg-type]
    sender = Person(world.local.person(login).id, login)
    trigger = Trigger("comment", 5005)
    return {
        "key": "k",
        "installation": world.place.installation,
        "thread": thread,
        "trigger": trigger,
        "sender": sender,
    }


def wish(world: World, **who: Any) -> StartRun:
    return StartRun(**about(world, **who), title="Broken", body="", url="", words="fix this")


async def requests_of(world: World, sources: Sources, ask: Ask) -> tuple[Facts, int]:
    """The facts, and how many requests about repositories they took."""
    before = world.asked("GET", "/repos/")
    facts = await gather(ask, sources)
    return facts, world.asked("GET", "/repos/") - before


async def test_a_writers_wish_is_looked_into_fully(world: World, sources: Sources, store: Store) -> None:
    await world.local.open_issue(REPO, "ann", "Broken", None)
    world.local.commit(REPO, "main", {".github/baro.yml": "mode: sequential\n"})
    await store.submit(Entry(1, 0.0, "admission", RunSubmitted(world.spec())))
    assert await gather(wish(world), sources) == Facts(
        allowed=True,
        role="write",
        state="open",
        active="run0000001",
        default_branch="main",
        config=RepoConfig(mode=Mode.SEQUENTIAL),
    )


async def test_a_pull_request_is_known_with_its_head_its_base_and_its_home(world: World, sources: Sources) -> None:
    sha = world.local.commit(REPO, "topic", {"a.txt": "a\n"})
    await world.local.open_pull(REPO, "ann", "topic", title="Mended", body="")
    facts = await gather(wish(world, kind="pull"), sources)
    assert facts.pull
    assert (facts.state, facts.same_repository) == ("open", True)
    assert (facts.pull.head_ref, facts.pull.head_sha, facts.pull.base_ref) == ("topic", sha, "main")


async def test_a_configuration_that_is_wrong_is_a_fact_with_its_problems(world: World, sources: Sources) -> None:
    await world.local.open_issue(REPO, "ann", "Broken", None)
    world.local.commit(REPO, "main", {".github/baro.yml": "mood: good\n"})
    facts = await gather(wish(world), sources)
    assert ["mood" in problem for problem in facts.config_problems] == [True]


async def test_a_strangers_comment_costs_one_request(world: World, sources: Sources) -> None:
    await world.local.open_issue(REPO, "ann", "Broken", None)
    world.local.grant(REPO, "stranger", "read")
    facts, requests = await requests_of(world, sources, wish(world, login="stranger"))
    assert (facts.role, requests) == ("read", 1)


@pytest.mark.parametrize("kind", ["Bot", "Ghost"])
async def test_a_bots_comment_costs_none(world: World, sources: Sources, kind: Any) -> None:
    ask = msgspec.structs.replace(wish(world), sender=Person(8, "helper[bot]", kind))
    facts, requests = await requests_of(world, sources, ask)
    assert isinstance(decide(ask, facts, House()), Refused)
    assert requests == 0


async def test_what_our_own_app_says_is_known_by_its_login(world: World, sources: Sources) -> None:
    ask = msgspec.structs.replace(wish(world), sender=Person(9, sources.us.login, "Bot"))
    assert decide(ask, await gather(ask, sources), House()) == Nothing("our_own")


@pytest.mark.parametrize(
    ("accounts", "served"), [({"ACME"}, True), ({"*"}, True), ({"other", "acme-2"}, False), (set(), False)]
)
async def test_only_accounts_on_the_list_are_served(
    world: World, sources: Sources, accounts: set[str], served: bool
) -> None:
    """Logins are compared as GitHub does, without regard to case; one that is not served costs nothing."""
    await world.local.open_issue(REPO, "ann", "Broken", None)
    listed = dataclasses.replace(sources, accounts=frozenset(accounts))
    facts, requests = await requests_of(world, listed, wish(world))
    assert (facts.allowed, requests > 0) == (served, served)


async def test_a_thread_that_is_gone_leaves_nothing_to_decide(world: World, sources: Sources) -> None:
    ask = wish(world, number=99)
    assert decide(ask, await gather(ask, sources), House()) == Nothing("thread_gone")


async def test_a_command_needs_the_runs_of_the_thread_and_no_more(world: World, sources: Sources, store: Store) -> None:
    ask = Command(**about(world), name="status")
    assert (await gather(ask, sources)).latest is None
    await store.submit(Entry(1, 0.0, "admission", RunSubmitted(world.spec())))
    facts, requests = await requests_of(world, sources, ask)
    assert (facts.active, facts.latest, requests) == ("run0000001", "run0000001", 1)


async def test_a_slip_of_the_pen_needs_the_role_only(world: World, sources: Sources) -> None:
    slip = Misread(**about(world), said="canel", meant="cancel")
    assert await requests_of(world, sources, slip) == (Facts(allowed=True, role="write"), 1)


@pytest.mark.parametrize(("account", "served"), [("Acme", True), ("stranger", False)])
async def test_an_installation_is_served_by_its_account(sources: Sources, account: str, served: bool) -> None:
    assert await gather(Installed(key="k", installation=1, account=account), sources) == Facts(allowed=served)


async def test_while_github_is_down_there_is_no_decision(world: World, sources: Sources) -> None:
    """Not knowing is no reason to refuse: the ask stays in the inbox."""
    world.local.faults.add("GET", "collaborators", status=503, times=None)
    async with world.connect(patience=0.2) as impatient:
        with pytest.raises(Unreachable):
            await gather(wish(world), dataclasses.replace(sources, repositories=impatient.repositories))
