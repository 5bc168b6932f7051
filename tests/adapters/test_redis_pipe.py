"""The shared connection: many callers, one order, and no caller left waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from runner.adapters.redis_pipe import Pipe
from runner.adapters.redis_store import connect, pool

ECHO = "return ARGV[1]"


@pytest.fixture
async def pipe(clean_redis: str) -> AsyncIterator[Pipe]:
    pipe = Pipe(pool(clean_redis))
    yield pipe
    await pipe.aclose()


async def test_everybody_gets_the_answer_to_their_own_question(pipe: Pipe) -> None:
    asked = [str(number) for number in range(500)]
    assert await asyncio.gather(*(pipe.script(ECHO, [], [each]) for each in asked)) == [each.encode() for each in asked]


async def test_a_refusal_is_its_own_callers_only(pipe: Pipe) -> None:
    wrong = pipe.script("return redis.call('NO SUCH')", [], [])
    results = await asyncio.gather(
        pipe.script(ECHO, [], ["a"]), wrong, pipe.script(ECHO, [], ["b"]), return_exceptions=True
    )
    assert (results[0], results[2]) == (b"a", b"b")
    assert isinstance(results[1], Exception)


async def test_a_redis_that_forgot_the_script_is_told_again(pipe: Pipe, clean_redis: str) -> None:
    admin = connect(clean_redis)
    for _ in range(2):
        await admin.script_flush()
        assert await pipe.script(ECHO, [], ["again"]) == b"again"
    await admin.aclose()


async def test_a_connection_that_is_cut_is_made_anew(pipe: Pipe, clean_redis: str) -> None:
    admin = connect(clean_redis)
    for _ in range(3):
        assert await pipe.script(ECHO, [], ["here"]) == b"here"
        await admin.client_kill_filter(_type="normal", skipme=True)
    await admin.aclose()


async def test_one_who_stops_waiting_leaves_nobody_with_a_wrong_answer(pipe: Pipe, clean_redis: str) -> None:
    admin = connect(clean_redis)
    await pipe.script(ECHO, [], ["warm"])
    await admin.client_pause(60_000, all=False)
    patient = asyncio.create_task(pipe.script(ECHO, [], ["patient"]))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await pipe.script(ECHO, [], ["hasty"])
    await admin.client_unpause()
    assert await patient == b"patient"
    assert await pipe.script(ECHO, [], ["later"]) == b"later"
    await admin.aclose()
