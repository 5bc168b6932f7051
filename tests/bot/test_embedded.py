"""The Redis of our own is durable, private, shared by one home, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest

from bot.embedded import NoRedisError, check_operator_redis, embedded_redis


async def say(url: str, command: str) -> str:
    """One inline command, raw: the first line of the answer, or the value that follows it."""
    reader, writer = await asyncio.open_unix_connection(unquote(url.removeprefix("unix://")))
    writer.write(f"{command}\r\n".encode())
    first = (await reader.readline()).decode().strip()
    value = (await reader.readline()).decode().strip() if first.startswith("$") and first != "$-1" else first
    writer.close()
    return value


async def setting(url: str, name: str) -> str:
    reader, writer = await asyncio.open_unix_connection(unquote(url.removeprefix("unix://")))
    writer.write(f"CONFIG GET {name}\r\n".encode())
    lines = [(await reader.readline()).decode().strip() for _ in range(5)]
    writer.close()
    return lines[-1]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(90):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.01)


def gone(pid: int) -> bool:
    """No such process, or one that only waits to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def server_of(home: Path) -> int:
    """The server's process id; 0 while a new one writes it down."""
    return int((home / "redis" / "redis.pid").read_text() or 0)


def permissions(url: str) -> int:
    return stat.S_IMODE(Path(url.removeprefix("unix://")).stat().st_mode)


async def test_an_acknowledged_write_is_on_disk_before_the_answer(tmp_path: Path) -> None:
    async with embedded_redis(tmp_path) as url:
        assert await setting(url, "appendonly") == "yes"
        assert await setting(url, "appendfsync") == "always"
        assert await setting(url, "maxmemory-policy") == "noeviction"


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    async with embedded_redis(tmp_path) as url:
        await say(url, "SET run done")
    async with embedded_redis(tmp_path) as url:
        assert await say(url, "GET run") == "done"


async def test_it_listens_on_no_network_and_only_for_its_user(tmp_path: Path) -> None:
    async with embedded_redis(tmp_path) as url:
        assert await setting(url, "port") == "0"
        assert permissions(url) == 0o600


async def test_it_is_gone_when_its_owner_leaves(tmp_path: Path) -> None:
    async with embedded_redis(tmp_path):
        pid = server_of(tmp_path)
    assert gone(pid)


async def test_a_second_user_of_the_same_home_shares_the_server(tmp_path: Path) -> None:
    async with embedded_redis(tmp_path) as first:
        async with embedded_redis(tmp_path) as second:
            assert second == first
        assert await say(first, "PING") == "+PONG", "leaving is not stopping, for a guest"


async def test_a_home_with_a_long_name_and_spaces_works_and_leaves_nothing_elsewhere(tmp_path: Path) -> None:
    home = tmp_path / ("a long name " * 8).strip()
    async with embedded_redis(home) as url:
        socket = Path(unquote(url.removeprefix("unix://")))
        assert len(os.fsencode(socket)) < 108
        assert await say(url, "PING") == "+PONG"
    assert not socket.parent.exists()


async def test_a_server_that_is_killed_comes_back_with_its_data(tmp_path: Path) -> None:
    async with embedded_redis(tmp_path) as url:
        await say(url, "SET run done")
        killed = server_of(tmp_path)
        os.kill(killed, signal.SIGKILL)
        await until(lambda: server_of(tmp_path) not in {0, killed})
        async with embedded_redis(tmp_path):  # waits until it answers
            assert await say(url, "GET run") == "done"


async def test_a_server_whose_owner_was_killed_dies_with_it(tmp_path: Path) -> None:
    program = (
        "import asyncio, pathlib, sys\n"
        "from bot.embedded import embedded_redis\n"
        "async def main():\n"
        "    async with embedded_redis(pathlib.Path(sys.argv[1])):\n"
        "        print('up', flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    owner = await asyncio.create_subprocess_exec(sys.executable, "-c", program, str(tmp_path), stdout=subprocess.PIPE)
    assert owner.stdout is not None
    assert await owner.stdout.readline() == b"up\n"
    pid = server_of(tmp_path)
    owner.kill()
    await owner.wait()
    await until(lambda: gone(pid))
    async with embedded_redis(tmp_path) as url:
        assert await say(url, "PING") == "+PONG"


async def test_a_server_left_behind_is_adopted_and_stopped(tmp_path: Path) -> None:
    """Where the kernel cannot take it along, an owner's SIGKILL leaves a server: nobody holds the lock, it answers."""
    async with embedded_redis(tmp_path) as url:
        pid = server_of(tmp_path)
        (tmp_path / "redis" / "lock").unlink()  # the next one locks a new file, as if the owner were dead
        async with embedded_redis(tmp_path) as adopted:
            assert adopted == url
        # Ours sees its server end, and would start it again: that is the keeper's business, not the adopter's.
        await until(lambda: gone(pid))


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "appendonly.aof").write_text("this is no append-only file\n")
    with pytest.raises(NoRedisError) as caught:
        async with embedded_redis(tmp_path):
            pass
    assert "did not start" in str(caught.value)
    assert "append only file" in caught.value.evidence


@pytest.mark.parametrize(
    ("info", "words"),
    [
        ({"aof_enabled": 1, "maxmemory_policy": "noeviction"}, []),
        ({"aof_enabled": "0", "maxmemory_policy": "noeviction"}, ["appendonly yes"]),
        ({"aof_enabled": 0, "maxmemory_policy": "allkeys-lru"}, ["appendonly yes", "maxmemory-policy noeviction"]),
    ],
)
def test_a_redis_that_may_forget_is_pointed_out(info: dict[str, object], words: list[str]) -> None:
    warnings = check_operator_redis(info)
    assert len(warnings) == len(words)
    assert all(word in warning for word, warning in zip(words, warnings, strict=True))
