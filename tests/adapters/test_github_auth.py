"""Credentials are short-lived, narrowed to one repository and one use, and known to the redaction."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import jwt
import msgspec
import pytest
from structlog.testing import capture_logs

from runner.adapters.github import GitHub, auth
from runner.adapters.github.app_key import AppKey
from runner.adapters.github.auth import basic
from runner.domain.run import RunSpec
from runner.errors import Forbidden, GitHubError, SettingsError, Unreachable
from tests.adapters.github_world import APP, PRIVATE_KEY, PUBLIC_KEY, REPO, World, serving


class Time:
    """Both sides' clock, moved by hand."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
async def world(tmp_path: Path, clock: Time) -> AsyncIterator[World]:
    async with serving(tmp_path, clock) as world:
        yield world


@pytest.fixture
async def github(world: World, clock: Time) -> AsyncIterator[GitHub]:
    async with world.connect(now=clock) as github:
        yield github


def issued(world: World) -> list[str]:
    return list(world.local.hub.state.tokens)


async def git(spec: RunSpec, github: GitHub, *args: str, write: bool = False) -> tuple[int, str]:
    """A git command with the run's credential, as the workspace gives it: in the environment of one process."""
    header = await github.remote.header(spec, write=write)
    settings = {"http.extraHeader": f"Authorization: {header}"}
    env = {"PATH": os.environ["PATH"], "GIT_CONFIG_COUNT": "1", "GIT_TERMINAL_PROMPT": "0"}
    for number, (key, value) in enumerate(settings.items()):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    process = await asyncio.create_subprocess_exec(
        "git", *args, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


# --- the App's key -------------------------------------------------------------------------------------------------


def test_the_jwt_is_dated_back_and_lives_less_than_ten_minutes() -> None:
    token = AppKey("4711", PRIVATE_KEY, lambda: 1_000_000.0).jwt()
    claims = jwt.decode(token, PUBLIC_KEY, algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False})
    assert claims == {"iat": 999_940, "exp": 1_000_480, "iss": "4711"}


def test_a_jwt_is_used_again_and_replaced_long_before_it_expires() -> None:
    now = 1_000_000.0
    key = AppKey("4711", PRIVATE_KEY, lambda: now)
    first = key.jwt()
    now += 200
    assert key.jwt() == first
    now += 100
    assert key.jwt() != first


def test_a_key_with_escaped_line_breaks_is_understood() -> None:
    """As environment files hold it."""
    assert AppKey("4711", PRIVATE_KEY.replace("\n", "\\n"), lambda: 0.0).jwt()


@pytest.mark.parametrize("pem", ["", "no key", PUBLIC_KEY])
def test_what_is_no_private_key_names_the_setting(pem: str) -> None:
    with pytest.raises(SettingsError, match="GITHUB_PRIVATE_KEY"):
        AppKey("4711", pem, lambda: 0.0)


async def test_the_client_id_works_in_place_of_the_app_id(world: World, clock: Time) -> None:
    async with world.connect(now=clock, app=APP.client_id) as github:
        assert (await github.identity()).id == APP.id


async def test_a_wrong_app_id_or_clock_is_refused_with_what_to_check(world: World, clock: Time) -> None:
    async with world.connect(now=lambda: clock() + 3600) as github:
        with pytest.raises(Forbidden) as caught:
            await github.identity()
    assert caught.value.hint == "Check GITHUB_APP_ID, the private key and this machine's clock."


# --- installation tokens -------------------------------------------------------------------------------------------


async def test_a_token_reaches_one_repository_with_what_its_use_needs(world: World, github: GitHub) -> None:
    world.local.repository("acme/other")
    await world.local.open_issue(REPO, "ann", "Broken")
    await github.repositories.issue(world.place, 1)
    await github.repositories.default_branch(world.place)
    await github.remote.header(world.spec(), write=True)
    tokens = list(world.local.hub.state.tokens.values())
    assert {token.repositories for token in tokens} == {frozenset({world.place.repository.id})}
    assert [dict(token.permissions) for token in tokens] == [
        {"contents": "read", "issues": "write", "metadata": "read", "pull_requests": "write"},
        {"contents": "read", "metadata": "read"},
        {"contents": "write", "metadata": "read"},
    ]


async def test_a_token_is_made_once_however_many_ask(world: World, github: GitHub) -> None:
    await asyncio.gather(*(github.repositories.default_branch(world.place) for _ in range(20)))
    assert (world.asked("POST", "/access_tokens"), world.asked("GET", "/repos/acme/shop")) == (1, 20)


async def test_a_token_is_replaced_before_it_expires(world: World, github: GitHub, clock: Time) -> None:
    await github.repositories.default_branch(world.place)
    clock.ahead = 2000
    await github.repositories.default_branch(world.place)
    assert len(issued(world)) == 1
    clock.ahead = 3000
    await github.repositories.default_branch(world.place)
    assert len(issued(world)) == 2
    assert all(one.status == 200 for one in world.local.requests if one.method == "GET")


async def test_a_token_that_github_no_longer_takes_is_renewed_once(world: World, github: GitHub) -> None:
    await github.repositories.default_branch(world.place)
    world.local.hub.state.tokens.clear()
    await asyncio.gather(*(github.repositories.default_branch(world.place) for _ in range(5)))
    assert world.asked("POST", "/access_tokens") == 2


async def test_a_renewed_token_that_is_refused_too_ends_it(world: World, github: GitHub) -> None:
    world.local.faults.add("GET", "/repos/acme/shop", status=401, times=None)
    with pytest.raises(Forbidden, match="does not accept the App's credentials"):
        await github.repositories.default_branch(world.place)
    assert (world.asked("GET", "/repos/acme/shop"), world.asked("POST", "/access_tokens")) == (2, 2)


async def test_an_uninstalled_app_says_so(world: World, github: GitHub) -> None:
    await world.local.uninstall("acme")
    with pytest.raises(GitHubError, match="The App is not installed"):
        await github.repositories.default_branch(world.place)


# --- secrets -------------------------------------------------------------------------------------------------------


async def test_every_live_credential_is_known_in_every_form_it_takes(world: World, github: GitHub, clock: Time) -> None:
    header = await github.remote.header(world.spec(), write=True)
    await github.repositories.default_branch(world.place)
    assert header is not None
    assert header.removeprefix("Basic ") in github.secrets()
    assert {form for token in issued(world) for form in (token, basic(token))} < github.secrets()
    clock.ahead = 7200
    assert len(github.secrets()) == 1, "only the JWT is left when the tokens are dead"


async def test_no_error_and_no_log_line_holds_a_credential(world: World, clock: Time) -> None:
    faults = world.local.faults
    with capture_logs() as logs:
        async with world.connect(now=clock, patience=0.3) as github:
            faults.add("GET", "/repos/acme/shop", status=502, times=None)
            with pytest.raises(Unreachable) as caught:
                await github.repositories.default_branch(world.place)
            faults.drop("DELETE", "/installation/token")
            await github.close()
            secrets = github.secrets()
    told = f"{logs} {caught.value!r} {caught.value.evidence} {caught.value.__cause__!r}"
    assert len(secrets) == 3
    assert logs
    assert not [secret for secret in secrets if secret in told]


# --- git -----------------------------------------------------------------------------------------------------------


async def test_git_fetches_and_pushes_with_what_the_remote_gives_it(
    world: World, github: GitHub, tmp_path: Path
) -> None:
    spec, tree = world.spec(), str(tmp_path / "tree")
    url = await github.remote.url(spec)
    assert url == f"{world.local.url}/acme/shop.git"
    assert await git(spec, github, "clone", "--quiet", url, tree) == (0, "")
    push = ("-C", tree, "push", "--quiet", "origin", "HEAD:refs/heads/baro/x")
    refused, _ = await git(spec, github, *push)
    assert refused, "a token for reading must not push"
    assert await git(spec, github, *push, write=True) == (0, "")
    assert "baro/x" in world.local.branches(REPO)


async def test_a_run_that_is_over_loses_its_tokens_and_no_other_run_does(world: World, github: GitHub) -> None:
    over, going = world.spec("over000000"), world.spec("going00000")
    for spec in (over, going):
        await github.remote.header(spec, write=True)
        await github.remote.header(spec, write=False)
    kept = {await github.remote.header(going, write=write) for write in (True, False)}
    await github.remote.forget(over)
    assert {f"Basic {basic(token)}" for token in issued(world)} == kept


async def test_forgetting_does_not_fail_when_github_is_down(world: World, github: GitHub) -> None:
    await github.remote.header(world.spec(), write=True)
    world.local.faults.add("DELETE", "/installation/token", status=503)
    await github.remote.forget(world.spec())
    await github.remote.forget(world.spec())
    assert len(issued(world)) == 1


async def test_forgetting_does_not_wait_for_a_github_that_hangs(
    world: World, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "REVOKE_SECONDS", 0.1)
    await github.remote.header(world.spec(), write=True)
    world.local.faults.hang("DELETE", "/installation/token")
    began = time.monotonic()
    await github.remote.forget(world.spec())
    assert time.monotonic() - began < 3


async def test_closing_revokes_everything(world: World, clock: Time) -> None:
    async with world.connect(now=clock) as github:
        await github.repositories.default_branch(world.place)
        await github.remote.header(world.spec(), write=True)
        assert len(issued(world)) == 2
    assert issued(world) == []


async def test_a_name_that_is_none_gets_no_address(world: World, github: GitHub) -> None:
    spec = world.spec()
    repository = msgspec.structs.replace(spec.thread.repository, name="../../evil")
    spec = msgspec.structs.replace(spec, thread=msgspec.structs.replace(spec.thread, repository=repository))
    with pytest.raises(GitHubError):
        await github.remote.url(spec)
