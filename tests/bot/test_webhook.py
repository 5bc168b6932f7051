"""The door for deliveries, over a real Redis: what is let in, what is turned away, and in which order."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.embedded import embedded_redis
from bot.web import WebDeps, web_app
from bot.webhook import MAX_BODY
from bot.wiring import RedisInbox
from handlers.asks import StartRun, decode
from handlers.us import Us
from runner.adapters.redis_store import Store, connect
from runner.errors import SettingsError
from tests.world.payloads import comment_event, encoded, issue_event, signed

HOOK = "/webhooks/github"
OLD, NEW = "the old secret", "the new secret"
US = Us(app="4242")
LABELED = encoded(issue_event())


def client(store: Store, **settings: Any) -> httpx.AsyncClient:
    deps = WebDeps(**({"secrets": [OLD, NEW], "us": US, "inbox": RedisInbox(store)} | settings))
    return httpx.AsyncClient(transport=httpx.ASGITransport(web_app(deps)), base_url="http://baro.example")


@pytest.fixture
async def web(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    async with client(store) as web:
        yield web


async def deliver(
    web: httpx.AsyncClient, body: bytes = LABELED, event: str = "issues", secret: str = NEW, **headers: str | None
) -> httpx.Response:
    """Post it as GitHub would; a header given as None is left out."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = signed(body, secret, event) | named
    return await web.post(
        HOOK, content=body, headers={name: value for name, value in sent.items() if value is not None}
    )


# --- let in -----------------------------------------------------------------------------------------------------


async def test_an_ask_is_kept_before_it_is_acknowledged(web: httpx.AsyncClient, store: Store) -> None:
    answer = await deliver(web)
    assert (answer.status_code, answer.json()["status"]) == (202, "kept")
    [pending] = await store.pending()
    data = await store.ask(pending.id)
    assert data
    ask = decode(data)
    assert isinstance(ask, StartRun)
    assert answer.json()["ask"] == ask.key


async def test_a_redelivery_is_acknowledged_and_kept_once(web: httpx.AsyncClient, store: Store) -> None:
    assert [(await deliver(web)).status_code for _ in range(3)] == [202, 202, 202]
    assert len(await store.pending()) == 1


async def test_the_same_wish_in_another_delivery_is_kept_once(web: httpx.AsyncClient, store: Store) -> None:
    await deliver(web)
    assert (await deliver(web, x_github_delivery="d-2")).json()["status"] == "known"
    assert len(await store.pending()) == 1


@pytest.mark.parametrize("secret", [OLD, NEW])
async def test_either_secret_verifies_while_rotating(web: httpx.AsyncClient, secret: str) -> None:
    assert (await deliver(web, secret=secret)).status_code == 202


async def test_what_asks_nothing_is_fine_and_writes_nothing(web: httpx.AsyncClient, store: Store) -> None:
    for event, body in (("ping", b'{"zen":"Keep it simple."}'), ("issue_comment", encoded(comment_event("thanks")))):
        answer = await deliver(web, body, event)
        assert (answer.status_code, answer.json()) == (200, {"status": "nothing"})
    assert not await store.pending()


async def test_a_charset_and_capitals_in_the_content_type_are_fine(web: httpx.AsyncClient) -> None:
    assert (await deliver(web, content_type="Application/JSON; charset=klingon")).status_code == 202


# --- turned away ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_only_post_is_answered(web: httpx.AsyncClient, method: str) -> None:
    answer = await web.request(method, HOOK)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


SHA1 = "sha1=" + hmac.new(NEW.encode(), LABELED, hashlib.sha1).hexdigest()
RIGHT = hmac.new(NEW.encode(), LABELED, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        RIGHT,
        f"sha256={RIGHT[:-1]}",
        f"sha256={RIGHT}0",
        f"sha256={'0' * 64}",
        f"SHA256={RIGHT}",
        SHA1,
        SHA1.replace("sha1", "sha256"),
        "sha256=" + hmac.new(b"", LABELED, hashlib.sha256).hexdigest(),
        "sha256=" + hmac.new(f"{OLD},{NEW}".encode(), LABELED, hashlib.sha256).hexdigest(),
    ],
)
async def test_without_the_right_signature_nothing_is_read(
    web: httpx.AsyncClient, store: Store, signature: str | None
) -> None:
    assert (await deliver(web, x_hub_signature_256=signature)).status_code == 401
    assert not await store.pending()


async def test_a_signature_that_is_not_ascii_is_just_wrong(web: httpx.AsyncClient) -> None:
    headers = {**signed(LABELED, NEW, "issues"), "x-hub-signature-256": "sha256=é".encode()}
    assert (await web.post(HOOK, content=LABELED, headers=headers)).status_code == 401


async def test_a_changed_body_is_turned_away(web: httpx.AsyncClient) -> None:
    headers = signed(LABELED, NEW, "issues")
    assert (await web.post(HOOK, content=LABELED.replace(b"mara", b"mark"), headers=headers)).status_code == 401


@pytest.mark.parametrize("kind", [None, "application/x-www-form-urlencoded", "text/json", "application/jsonp"])
async def test_only_json_is_read(web: httpx.AsyncClient, kind: str | None) -> None:
    assert (await deliver(web, content_type=kind)).status_code == 415


@pytest.mark.parametrize("header", ["x_github_event", "x_github_delivery"])
@pytest.mark.parametrize("value", [None, "", "x" * 101, "a\tb"])
async def test_the_headers_that_name_a_delivery_are_needed(
    web: httpx.AsyncClient, header: str, value: str | None
) -> None:
    assert (await deliver(web, **{header: value})).status_code == 400


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b'{"a":"\xff"}', rb'{"a":"\udfff!"}', b'{"a":' + b"[" * 200_000]
)
@pytest.mark.parametrize("event", ["issues", "push"])
async def test_a_body_that_is_no_payload_is_turned_away(web: httpx.AsyncClient, event: str, body: bytes) -> None:
    answer = await deliver(web, body, event)
    assert answer.status_code == 400
    assert len(answer.content) < 300


async def test_a_stranger_learns_the_first_thing_that_is_wrong_and_no_more(web: httpx.AsyncClient) -> None:
    """405, 413, 401, 415, 400: each request has every later fault as well."""
    long, junk = b"x" * (MAX_BODY + 1), b"["
    bad_type = {"content-type": "text/plain"}
    answers = [
        await web.put(HOOK, content=long, headers=bad_type),
        await web.post(HOOK, content=long, headers=bad_type),
        await web.post(HOOK, content=junk, headers=bad_type),
        await deliver(web, junk, content_type="text/plain", x_github_event=None),
        await deliver(web, junk),
    ]
    assert [answer.status_code for answer in answers] == [405, 413, 401, 415, 400]
    assert all(set(answer.json()) == {"error"} for answer in answers)


async def test_a_body_of_unknown_length_is_given_up_at_the_limit(web: httpx.AsyncClient) -> None:
    """Chunked: no Content-Length says how much is to come."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 4 * MAX_BODY:
            sent += 2**20
            yield b"x" * 2**20

    answer = await web.post(HOOK, content=endless())
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    assert sent <= MAX_BODY + 2**20


# --- when it cannot be kept -------------------------------------------------------------------------------------


async def test_while_redis_is_down_a_delivery_is_refused_and_may_come_again(tmp_path: Any) -> None:
    async with embedded_redis(tmp_path) as url:
        store = Store(connect(url), lease=5.0, retention=60)
        async with client(store) as web:
            assert (await web.get("/readyz")).status_code == 200
    async with client(store) as web:
        answer = await deliver(web)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
        assert "Traceback" not in answer.text
        assert (await web.get("/readyz")).status_code == 503
        assert (await web.get("/healthz")).status_code == 200
        assert (await deliver(web, b'{"zen":"Half a loaf."}', "ping")).status_code == 200
    await store.aclose()


async def test_a_full_redis_is_not_ready_and_keeps_nothing(web: httpx.AsyncClient, clean_redis: str) -> None:
    """Out of memory, it answers and refuses writes: alive, but nothing can be kept."""
    admin = connect(clean_redis)
    await admin.config_set("maxmemory", "1")
    try:
        assert (await deliver(web)).status_code == 503
        assert (await web.get("/readyz")).status_code == 503
    finally:
        await admin.config_set("maxmemory", "0")
        await admin.aclose()
    assert (await deliver(web)).status_code == 202


async def test_a_redis_that_hangs_does_not_make_github_wait(
    web: httpx.AsyncClient, clean_redis: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitHub hangs up after ten seconds and calls that a failure; an answer in time says what to do."""
    monkeypatch.setattr("bot.webhook.KEEP_WITHIN", 0.1)
    admin = connect(clean_redis)
    await admin.client_pause(60_000, all=False)
    assert (await deliver(web)).status_code == 503
    await admin.client_unpause()
    assert (await deliver(web, x_github_delivery="d-2")).status_code == 202
    assert len(await store.pending()) == 1
    await admin.aclose()


@pytest.mark.parametrize("secrets", [[], [""], ["  "], [NEW, ""]])
def test_it_refuses_to_start_without_a_secret(store: Store, secrets: list[str]) -> None:
    with pytest.raises(SettingsError, match="GITHUB_WEBHOOK_SECRET"):
        client(store, secrets=secrets)


# --- what operators ask -----------------------------------------------------------------------------------------


async def test_deliveries_are_counted_by_what_became_of_them(web: httpx.AsyncClient) -> None:
    for _ in range(2):
        await deliver(web)
    await deliver(web, b"{}", "ping")
    await deliver(web, secret="wrong")
    page = (await web.get("/metrics")).text
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    counted = {s.labels["outcome"]: s.value for s in samples if s.name == "baro_deliveries_total"}
    assert counted == {"kept": 1, "known": 1, "nothing": 1, "refused": 1, "failed": 0}
    assert {s.value for s in samples if s.name == "baro_delivery_seconds_count"} == {4}


async def test_an_unknown_path_is_said_in_json_and_never_redirected(web: httpx.AsyncClient) -> None:
    for path in ("/", "/webhooks/github/", "/webhooks"):
        answer = await web.post(path, content=LABELED)
        assert (answer.status_code, answer.json()) == (404, {"error": "Not Found"})
