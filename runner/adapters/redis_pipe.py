"""One connection to Redis that many callers share, for the one script that every kept delivery runs.

The client's own road (take a connection, check it, pack in Python, read, give it back) costs more CPU than all the
rest of a delivery. Here commands are packed by hiredis and written at once; answers come back in the order of the
commands, as Redis promises.
"""

from __future__ import annotations

import asyncio
from collections import deque
from hashlib import sha1
from typing import Any

import hiredis
from redis.asyncio import Connection, ConnectionPool
from redis.exceptions import ConnectionError as Lost
from redis.exceptions import NoScriptError, RedisError, ResponseError

Argument = str | bytes | int


class Pipe:
    def __init__(self, pool: ConnectionPool) -> None:
        """`pool` knows where and how to connect; the connection is ours alone."""
        self._pool = pool
        self._opening = asyncio.Lock()
        self._connection: Connection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: deque[asyncio.Future[Any]] = deque()

    async def script(self, script: str, keys: list[str], args: list[Argument]) -> Any:
        """Run a Lua script that may be run twice: once more where the connection was lost on the way."""
        try:
            return await self._script(script, keys, args)
        except Lost:
            return await self._script(script, keys, args)

    async def aclose(self) -> None:
        if self._reader:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _script(self, script: str, keys: list[str], args: list[Argument]) -> Any:
        known = sha1(script.encode(), usedforsecurity=False).hexdigest()
        try:
            return await self._call("EVALSHA", known, len(keys), *keys, *args)
        except NoScriptError:
            return await self._call("EVAL", script, len(keys), *keys, *args)

    async def _call(self, *command: Argument) -> Any:
        connection = self._connection or await self._open()
        answer = asyncio.get_running_loop().create_future()
        # No await between these two: the order of waiting is the order of writing.
        self._waiting.append(answer)
        await connection.send_packed_command(hiredis.pack_command(command), check_health=False)  # type: ignore[arg-type]
        try:
            return await answer
        except asyncio.CancelledError:
            # Whoever waits sets a deadline. A connection that missed one may be dead without knowing it: the others
            # who wait on it are told, and go on over a fresh one.
            if self._reader:
                self._reader.cancel()
            raise

    async def _open(self) -> Connection:
        async with self._opening:
            if self._connection is None:
                connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
                await connection.connect()
                self._reader = asyncio.create_task(self._read(connection), name="baro:redis:pipe")
                self._connection = connection
            return self._connection

    async def _read(self, connection: Connection) -> None:
        """Give every answer to whoever waits longest; when the connection ends, tell all of them."""
        ended: RedisError = Lost("the connection was closed")
        try:
            while True:
                try:
                    value = await connection.read_response(disable_decoding=True)
                    _settle(self._waiting.popleft(), value)
                except ResponseError as refusal:
                    _fail(self._waiting.popleft(), refusal)
        except (RedisError, OSError) as error:
            ended = Lost(str(error))
        finally:
            self._connection = None
            while self._waiting:
                _fail(self._waiting.popleft(), ended)
            await connection.disconnect(nowait=True)


def _settle(answer: asyncio.Future[Any], value: Any) -> None:
    if not answer.done():  # the caller may have given up
        answer.set_result(value)


def _fail(answer: asyncio.Future[Any], error: RedisError) -> None:
    if not answer.done():
        answer.set_exception(error)
