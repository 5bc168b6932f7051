"""`baro up` keeps everything running, gives up where that leads nowhere, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import BinaryIO

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from bot import children
from bot.demo import sample
from bot.demo.github import AppRegistration, LocalGitHub

# --- a child ---------------------------------------------------------------------------------------------------------


def python(program: str) -> Callable[[], Awaitable[Process]]:
    return lambda: children.start([sys.executable, "-c", program], os.environ)


async def until(condition: Callable[[], bool], seconds: float = 90) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.01)


def gone(pid: int) -> bool:
    """No such process, or one that only waits to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


async def test_a_child_that_ends_is_started_again(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    program = (
        f"print(file=open({str(starts)!r}, 'a')); import time; time.sleep(60 * (open({str(starts)!r}).read() > '\\n'))"
    )
    keeper = asyncio.create_task(children.keep_up("child", python(program), grace=5))
    await until(lambda: starts.exists() and starts.read_text() == "\n\n")
    keeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeper


async def test_a_child_that_never_stays_up_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "FIRST_DELAY", 0.001)
    with pytest.raises(children.NotStayingUpError, match="child does not stay up: exit status 7"):
        await children.keep_up("child", python("raise SystemExit(7)"), grace=5)


async def test_wrong_settings_are_not_tried_twice() -> None:
    began = time.monotonic()
    with pytest.raises(children.NotStayingUpError, match="exit status 2"):
        await children.keep_up("child", python("raise SystemExit(2)"), grace=5)
    assert time.monotonic() - began < 5


async def test_a_child_that_ignores_sigterm_is_killed_after_its_grace() -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", deaf, stdout=PIPE)
    assert process.stdout is not None
    await process.stdout.readline()
    assert await children.stop(process, grace=0.05) == -signal.SIGKILL


# --- the whole -------------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Up:
    """`baro up` as a process, and what it started."""

    def __init__(self, process: Process, home: Path, port: int) -> None:
        self.process = process
        self.home = home
        self.port = port

    def children(self) -> dict[str, int]:
        """Service to process id, `redis` included; while they last."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        lines = {int(pid): Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in found}
        names = ("web", "runner", "redis")
        return {
            name: pid for pid, line in lines.items() for name in names if f"bot {name}" in line or name in line[:99]
        }

    async def ready(self) -> None:
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(90):
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get(f"http://127.0.0.1:{self.port}/readyz")).is_success:
                        return
                await asyncio.sleep(0.05)


@pytest.fixture
async def environment(tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    app = AppRegistration(id=1, slug="baro", owner="acme", public_key_pem=public, webhook_secret="not very secret")
    async with LocalGitHub.serve(tmp_path / "github", app) as github:
        yield {
            "PATH": os.environ["PATH"],
            "GITHUB_APP_ID": "1",
            "GITHUB_PRIVATE_KEY": private,
            "GITHUB_WEBHOOK_SECRET": app.webhook_secret,
            "GITHUB_API_URL": github.api_url,
            "GITHUB_URL": github.url,
            "PORT": str(free_port()),
            "BARO_HOME": str(tmp_path / "home"),
            "BARO_AGENT": "scripted",
            "BARO_AGENT_SCRIPT": str(sample.write_script(tmp_path)),
            "BARO_STOP_GRACE": "2",
        }


def writing(path: Path) -> BinaryIO:
    return path.open("wb")


@contextlib.asynccontextmanager
async def up(environment: dict[str, str], directory: Path) -> AsyncIterator[Up]:
    with writing(directory / "log") as log:
        command = (sys.executable, "-P", "-m", "bot", "up")
        process = await asyncio.create_subprocess_exec(*command, env=environment, cwd=directory, stderr=log)
    try:
        yield Up(process, Path(environment["BARO_HOME"]), int(environment["PORT"]))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
async def test_a_signal_ends_all_of_it(
    number: signal.Signals, status: int, environment: dict[str, str], tmp_path: Path
) -> None:
    async with up(environment, tmp_path) as it:
        await it.ready()
        await until(lambda: len(it.children()) == 3)
        started = it.children()
        it.process.send_signal(number)
        assert await it.process.wait() == status
        assert all(gone(pid) for pid in started.values())


async def test_a_killed_service_is_started_again_and_redis_kept_its_data(
    environment: dict[str, str], tmp_path: Path
) -> None:
    async with up(environment, tmp_path) as it:
        await it.ready()
        before = it.children()
        os.kill(before["web"], signal.SIGKILL)
        await until(lambda: it.children().get("web", before["web"]) != before["web"])
        await it.ready()
        assert it.children()["redis"] == before["redis"]


async def test_nothing_outlives_a_supervisor_that_is_killed(environment: dict[str, str], tmp_path: Path) -> None:
    async with up(environment, tmp_path) as it:
        await it.ready()
        await until(lambda: len(it.children()) == 3)
        started = it.children()
        it.process.kill()
        await it.process.wait()
        await until(lambda: all(gone(pid) for pid in started.values()))


async def test_a_service_that_cannot_stay_up_ends_all_of_it_with_a_failure(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(environment["PORT"])))
        taken.listen()
        async with up(environment, tmp_path) as it:
            assert await asyncio.wait_for(it.process.wait(), 60) == 1
    assert (
        "web does not stay up" in (tmp_path / "log").read_text() or "does not stay up" in (tmp_path / "log").read_text()
    )
