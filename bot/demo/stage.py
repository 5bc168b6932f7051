"""The demo's world: a GitHub of its own, a Redis, and baro's two processes with an App made for the occasion."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from bot import children
from bot.embedded import embedded_redis
from bot.supervisor import SERVICES, service
from runner.errors import BaroError

from .github import AppRegistration, LocalGitHub

OWNER = "acme"
START_SECONDS = 30.0
STOP_GRACE = 5.0
"""seconds for baro's processes to end by themselves"""
ASK_AGAIN = 0.05

T = TypeVar("T")


@dataclass(frozen=True)
class Service:
    name: str
    process: Process
    log: Path

    def tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


@dataclass(frozen=True)
class Stage:
    """Everything is up. `directory` holds the repositories, baro's home and the logs."""

    directory: Path
    github: LocalGitHub
    services: tuple[Service, ...]

    def logs(self) -> str:
        return "\n".join(f"--- {it.name}\n{it.tail()}" for it in self.services)

    async def until(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`. Raises BaroError if one of baro's processes ends before."""
        task = asyncio.ensure_future(work)
        ends = {asyncio.ensure_future(it.process.wait()): it for it in self.services}
        everything: list[asyncio.Future[Any]] = [task, *ends]
        try:
            await asyncio.wait(everything, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise _ended(next(service for end, service in ends.items() if end.done()))
        finally:
            for future in everything:
                future.cancel()


@contextlib.asynccontextmanager
async def stage(directory: Path, settings: Mapping[str, str]) -> AsyncIterator[Stage]:
    """All of it below `directory`; when the block is left, nothing of it runs any more.

    baro's processes get `settings` besides our own and nothing else: the demo may have been started in the environment
    of another baro.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    app = AppRegistration(1, "baro", OWNER, public.decode(), webhook_secret=secrets.token_hex(32))
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    async with (
        LocalGitHub.serve(directory / "github", app, f"{url}/webhooks/github") as github,
        embedded_redis(directory / "baro") as redis,
    ):
        environment = {
            "GITHUB_APP_ID": str(app.id),
            "GITHUB_PRIVATE_KEY": private.decode(),
            "GITHUB_WEBHOOK_SECRET": app.webhook_secret,
            "GITHUB_API_URL": github.api_url,
            "GITHUB_URL": github.url,
            "PORT": str(port),
            "REDIS_URL": redis,
            "BARO_HOME": str(directory / "baro"),
            "BARO_MODE_GRACE": "0",
            "BARO_STOP_GRACE": str(STOP_GRACE),
            "BARO_LOG_FORMAT": "json",
            **settings,
        }
        async with _services(directory, environment) as services:
            built = Stage(directory, github, services)
            await built.until(_ready(f"{url}/readyz"))
            yield built


@contextlib.asynccontextmanager
async def _services(directory: Path, environment: Mapping[str, str]) -> AsyncIterator[tuple[Service, ...]]:
    services: list[Service] = []
    try:
        for name in SERVICES:
            log = directory / f"{name}.log"
            with _writing(log) as output:
                process = await children.start(service(name), environment, output=output, directory=directory)
            services.append(Service(name, process, log))
        yield tuple(services)
    finally:
        await asyncio.gather(*(children.stop(it.process, STOP_GRACE + 5) for it in services))


async def _ready(url: str) -> None:
    async with asyncio.timeout(START_SECONDS), httpx.AsyncClient(trust_env=False) as client:
        while not await _answers(client, url):  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(ASK_AGAIN)


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).is_success
    except httpx.TransportError:  # it does not listen yet
        return False


def _ended(service: Service) -> BaroError:
    how = children.how_it_ended(service.process.returncode or 0)
    return BaroError(f"baro's {service.name} process is gone: {how}.", evidence=service.tail())


def _writing(log: Path) -> BinaryIO:
    return log.open("wb")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
