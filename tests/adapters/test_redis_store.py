"""The durable core against a real Redis: each atomic step keeps its promise."""

from __future__ import annotations

import asyncio

import pytest

from runner.adapters.redis_store import Bell, Store
from runner.domain import events as e
from runner.errors import LeaseLost
from tests.world.entries import SPEC, first, spec

BELL = Bell(queue="bell", prefix="job:", job=b'["@id@"]', score=1)


async def test_an_ask_is_kept_once_however_often_and_from_wherever_it_is_delivered(store: Store) -> None:
    kept = await asyncio.gather(
        *(store.keep(f"delivery-{n % 3}", "key", b'{"ask": 1}', BELL) for n in range(12)),
    )
    (id,) = [k for k in kept if k]
    assert [ask.id for ask in await store.pending()] == [id]
    assert await store.ask(id) == b'{"ask": 1}'


async def test_keeping_an_ask_rings_for_it_in_the_same_step(store: Store) -> None:
    id = await store.keep("d", "k", b"{}", BELL)
    assert await store._redis.get(f"job:admit:{id}") == f'["{id}"]'.encode()
    assert await store._redis.zrange("bell", 0, -1) == [f"admit:{id}".encode()]


async def test_an_answered_ask_leaves_the_inbox_and_stays_known(store: Store) -> None:
    id = await store.keep("d", "k", b"{}", BELL)
    assert id
    await store.answer(id, "7#3", b'{"type": "Nothing"}')
    assert await store.pending() == []
    assert await store.ask(id) is None
    assert await store.keep("d", "k", b"{}", BELL) is None


async def test_of_asks_that_want_to_say_the_same_at_the_same_moment_one_may_however_often_it_tries(
    store: Store,
) -> None:
    said = await asyncio.gather(*(store.may_say("acme/shop#1:eve", f"ask {n}") for n in range(20)))
    assert said.count(True) == 1
    again = [await store.may_say("acme/shop#1:eve", f"ask {n}") for n in range(20)]
    assert again == said
    assert await store.may_say("acme/shop#2:eve", "ask 21")


async def test_a_lease_is_held_by_one_host_and_reclaimed_by_the_same_one_under_a_new_fence(store: Store) -> None:
    ours = await store.claim("r", "host-a")
    assert ours
    assert await store.claim("r", "host-b") is None
    again = await store.claim("r", "host-a")
    assert again
    assert again.fence > ours.fence
    assert not await store.renew(ours)
    assert await store.renew(again)
    await store.release(ours)  # stale: releases nothing
    assert await store.held("r")
    await store.release(again)
    assert await store.claim("r", "host-b")


async def test_an_append_with_a_stale_lease_or_a_stale_sequence_writes_nothing(store: Store) -> None:
    await store.submit(first())
    old = await store.claim(SPEC.id, "a")
    new = await store.claim(SPEC.id, "a")
    assert old
    assert new
    entry = e.Entry(seq=2, at=1.5, by="host", event=e.RunTaken(host="a", fence=2))
    with pytest.raises(LeaseLost):
        await store.append(old, 1, [entry])
    with pytest.raises(LeaseLost):
        await store.append(new, 0, [entry])
    assert len(await store.read(SPEC.id)) == 1
    await store.append(new, 1, [entry])
    assert await store.read(SPEC.id) == [first(), entry]
    assert await store.read(SPEC.id, after=1) == [entry]


async def test_the_same_run_submitted_twice_is_one_run_and_a_second_on_the_thread_is_refused(store: Store) -> None:
    assert await store.submit(first()) == SPEC.id
    assert await store.submit(first(at=2000.0)) == SPEC.id
    assert (await store.read(SPEC.id))[0].at == 1000.0
    assert await store.submit(first(spec(id="other00001"))) == SPEC.id
    assert await store.open() == [SPEC.id]


async def test_a_closed_run_frees_its_thread_and_is_remembered_as_the_latest(store: Store) -> None:
    await store.submit(first())
    lease = await store.claim(SPEC.id, "a")
    assert lease
    await store.close(lease, SPEC.thread)
    assert await store.open() == []
    assert await store.active_on(SPEC.thread) is None
    assert await store.latest_on(SPEC.thread) == SPEC.id
    assert await store.submit(first(spec(id="other00001"))) == "other00001"


async def test_knocks_are_heard_in_order_from_where_the_listener_stood(store: Store) -> None:
    for name in ("maria", "jo"):
        await store.put("r", e.CancelAsked(door="", by=name))
    heard = []
    async for knock in store.listen("r", ""):
        heard.append(knock)
        if len(heard) == 2:
            break
    assert [knock.by for knock in heard if isinstance(knock, e.CancelAsked)] == ["maria", "jo"]
    async for knock in store.listen("r", heard[0].door):
        assert knock == heard[1]
        break
