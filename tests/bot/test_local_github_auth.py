"""Who may do what on the local GitHub is decided as on GitHub."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.bot.local_github_world import REPO, World, serving


class Clock:
    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def world(tmp_path: Path, clock: Clock) -> AsyncIterator[World]:
    async with serving(tmp_path, clock) as world:
        yield world


async def test_an_app_jwt_opens_the_app(world: World) -> None:
    answer = await world.ask("GET", "/app", world.jwt())
    assert (answer.status_code, answer.json()["slug"], answer.json()["owner"]["login"]) == (200, "baro", "acme")


@pytest.mark.parametrize(
    ("life", "message"),
    [(900, "is too far in the future"), (-1, "must be a numeric value")],
)
async def test_a_jwt_must_not_live_longer_than_ten_minutes_nor_have_expired(
    world: World, life: int, message: str
) -> None:
    answer = await world.ask("GET", "/app", world.jwt(life=life))
    assert answer.status_code == 401
    assert message in answer.json()["message"]


async def test_a_jwt_of_another_key_is_refused(world: World) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    answer = await world.ask("GET", "/app", world.jwt(key=stranger))
    assert (answer.status_code, answer.json()["message"]) == (401, "A JSON web token could not be decoded")


async def test_a_jwt_of_another_app_finds_no_integration(world: World) -> None:
    assert (await world.ask("GET", "/app", world.jwt(iss="8"))).json()["message"] == "Integration not found"


async def test_an_installation_token_ends_after_an_hour(world: World, clock: Clock) -> None:
    token = await world.token()
    assert (await world.ask("GET", f"/repos/{REPO}", token)).status_code == 200
    clock.time += 3600
    answer = await world.ask("GET", f"/repos/{REPO}", token)
    assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")


async def test_a_revoked_token_is_dead_at_once(world: World) -> None:
    token = await world.token()
    assert (await world.ask("DELETE", "/installation/token", token)).status_code == 204
    assert (await world.ask("GET", f"/repos/{REPO}", token)).status_code == 401


async def test_a_token_narrowed_to_one_repository_does_not_see_its_neighbour(world: World) -> None:
    other = world.github.repository("acme/vault", private=True)
    token = await world.token(repository_ids=[other.id])
    assert (await world.ask("GET", "/repos/acme/vault", token)).status_code == 200
    assert (await world.ask("GET", f"/repos/{REPO}", token)).status_code == 404


async def test_a_token_narrowed_to_reading_may_not_write(world: World) -> None:
    await world.github.open_issue(REPO, "ada", "Broken")
    token = await world.token(permissions={"issues": "read"})
    assert (await world.ask("GET", f"/repos/{REPO}/issues/1", token)).status_code == 200
    answer = await world.ask("POST", f"/repos/{REPO}/issues/1/comments", token, json={"body": "x"})
    assert (answer.status_code, answer.json()["message"]) == (403, "Resource not accessible by integration")


@pytest.mark.parametrize("asked", [{"permissions": {"administration": "write"}}, {"repository_ids": [1]}])
async def test_a_token_cannot_be_wider_than_its_installation(world: World, asked: dict[str, object]) -> None:
    installed = world.github.installation(REPO)
    assert installed is not None
    path = f"/app/installations/{installed.id}/access_tokens"
    assert (await world.ask("POST", path, world.jwt(), json=asked)).status_code == 422


async def test_uninstalling_kills_the_tokens(world: World) -> None:
    token = await world.token()
    await world.github.uninstall("acme")
    assert (await world.ask("GET", f"/repos/{REPO}", token)).status_code == 401


async def test_a_suspended_installation_gives_and_honours_no_token(world: World) -> None:
    token = await world.token()
    await world.github.suspend("acme")
    assert (await world.ask("GET", f"/repos/{REPO}", token)).status_code == 403


async def test_strangers_read_what_is_public_and_do_not_see_what_is_private(world: World) -> None:
    world.github.repository("acme/open", install=False)
    assert (await world.ask("GET", "/repos/acme/open")).status_code == 200
    assert (await world.ask("GET", f"/repos/{REPO}")).status_code == 404
    assert (await world.ask("POST", "/repos/acme/open/issues", json={"title": "x"})).status_code == 401


@pytest.mark.parametrize(
    ("role", "permission"),
    [("admin", "admin"), ("maintain", "write"), ("write", "write"), ("triage", "read"), ("read", "read")],
)
async def test_five_roles_show_as_four_permissions(world: World, role: str, permission: str) -> None:
    world.github.grant(REPO, "eve", role)  # type: ignore[arg-type]
    answer = await world.ask("GET", f"/repos/{REPO}/collaborators/eve/permission", await world.token())
    assert (answer.json()["permission"], answer.json()["role_name"]) == (permission, role)


async def test_a_stranger_has_no_permission_on_what_is_private_and_a_bot_is_no_user(world: World) -> None:
    world.github.person("eve")
    token = await world.token()
    answer = await world.ask("GET", f"/repos/{REPO}/collaborators/eve/permission", token)
    assert answer.json()["permission"] == "none"
    for login in ("nobody", "baro[bot]"):
        answer = await world.ask("GET", f"/repos/{REPO}/collaborators/{login}/permission", token)
        assert answer.status_code == 404


async def test_the_bot_account_of_the_app_can_be_looked_up(world: World) -> None:
    answer = await world.ask("GET", "/users/baro%5Bbot%5D", await world.token())
    assert (answer.json()["login"], answer.json()["type"]) == ("baro[bot]", "Bot")


async def test_the_tokens_that_are_alive_can_be_listed_with_what_they_may_do(world: World, clock: Clock) -> None:
    token = await world.token(permissions={"contents": "read"})
    [living] = world.github.tokens
    assert (living.value, dict(living.permissions)) == (token, {"contents": "read", "metadata": "read"})
    clock.time += 3600
    assert world.github.tokens == []
