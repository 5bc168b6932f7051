"""A whole baro for a test: the local GitHub in this process, web and runner as real processes, one real Redis."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.demo.github import AppRegistration, LocalGitHub

SECRET = "a webhook secret of the tests"
REPO = "acme/toolkit"
FILES = {
    "README.md": "# toolkit\n",
    "src/a.py": "A = 1\n",
    "src/b.py": "B = 1\n",
    "src/c.py": "C = 1\n",
}
WAITS: dict[str, Any] = {"run": "until test -e go; do sleep 0.1; done; rm go"}
"""A step of the script at which a story waits until the test lets it go on."""
PATIENCE = 90.0
"""seconds a test waits for baro before it fails"""


@cache
def app_key() -> tuple[str, str]:
    """Private and public PEM; one per test process, because making one takes a while."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


class House:
    """`web` and `runner` may be started, killed and started again; everything durable is in Redis and below `home`."""

    def __init__(self, github: LocalGitHub, root: Path, redis_url: str) -> None:
        self.github = github
        self.root = root
        self.port = _free_port()
        self._script = root / "script.yml"
        self._children: dict[str, asyncio.subprocess.Process] = {}
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(root),
            "GITHUB_APP_ID": str(github.app.id),
            "GITHUB_PRIVATE_KEY": app_key()[0],
            "GITHUB_WEBHOOK_SECRET": SECRET,
            "GITHUB_API_URL": github.api_url,
            "GITHUB_URL": github.url,
            "PORT": str(self.port),
            "REDIS_URL": redis_url,
            "BARO_HOME": str(root / "home"),
            "BARO_AGENT": "scripted",
            "BARO_AGENT_SCRIPT": str(self._script),
            "BARO_LEASE": "2",
            "BARO_RETRY_MAX": "1",
            "BARO_LOG_FORMAT": "json",
            "BARO_ALLOWED_ACCOUNTS": "*",
        }
        self.script()

    # --- what agents do -----------------------------------------------------------------------------------------

    def script(self, *entries: dict[str, Any]) -> None:
        """What the scripted agent does from now on; the first entry that matches answers."""
        self._script.write_text(yaml.safe_dump(list(entries), sort_keys=False))

    # --- processes ----------------------------------------------------------------------------------------------

    async def start(self, *names: str, **env: str) -> None:
        for name in names:
            await self._start(name, self.env | env)
        if "web" in names:
            await self._ready()
            self.github.hook_url = f"http://127.0.0.1:{self.port}/webhooks/github"

    async def _start(self, name: str, env: dict[str, str]) -> None:
        with (self.root / f"{name}.log").open("ab") as log:
            self._children[name] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", name.rstrip("0123456789"),
                env=env, cwd=self.root, stderr=log, stdout=log, stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip

    async def second_web(self) -> str:
        """One more web process beside the first, on a port of its own; its hook."""
        port = _free_port()
        await self._start("web2", self.env | {"PORT": str(port)})
        await self._ready(port)
        return f"http://127.0.0.1:{port}/webhooks/github"

    async def _ready(self, port: int = 0) -> None:
        async with httpx.AsyncClient() as client:
            for _ in range(500):
                try:
                    if (await client.get(f"http://127.0.0.1:{port or self.port}/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(0.02)
        raise AssertionError(f"web did not start:\n{self.log('web')}")

    async def kill(self, name: str) -> None:
        """SIGKILL, and wait until it is gone."""
        child = self._children.pop(name)
        if child.returncode is None:
            child.kill()
        await child.wait()

    async def died(self, name: str) -> int:
        """Wait until it dies by itself (at a crash point); its exit status."""
        status = await asyncio.wait_for(self._children[name].wait(), PATIENCE)
        del self._children[name]
        return status

    async def terminate(self, name: str) -> int:
        child = self._children[name]
        child.send_signal(signal.SIGTERM)
        return await self.died(name)

    async def close(self) -> None:
        for name in list(self._children):
            await self.kill(name)

    def log(self, name: str) -> str:
        path = self.root / f"{name}.log"
        return path.read_text()[-6000:] if path.exists() else ""

    async def land_one_after_another(self, number: int, *stories: str) -> None:
        """Stories that began side by side, on the same code, and wait: each is let go on when the one before has
        landed."""
        trees: list[Path] = await self.until(lambda: self._trees(stories))
        for story, tree in zip(stories, trees, strict=True):
            (tree / "go").touch()
            if story != stories[-1]:
                landed = re.compile(rf"^\| {story} \|.*landed", re.MULTILINE)
                await self.until(lambda landed=landed: landed.search(self.living(number) or ""))

    def _trees(self, stories: tuple[str, ...]) -> list[Path]:
        """Empty until all are there."""
        logs = [path for story in stories for path in (self.root / "home").glob(f"runs/*/logs/{story}-1.out")]
        trees = [log.parents[1] / "stories" / log.name.removesuffix("-1.out") for log in logs]
        return trees if len(trees) == len(stories) else []

    # --- what people see ----------------------------------------------------------------------------------------

    def living(self, number: int, repo: str = REPO) -> str | None:
        """The living comment's text on that thread, None before there is one; two would be a failure."""
        found = [c.body for c in self.github.comments(repo, number) if "<!-- baro:run=" in c.body]
        assert len(found) <= 1, found
        return found[0] if found else None

    def _looking(self, number: int, repo: str) -> bool:
        """Our eyes are still on what asked for the run."""
        triggers = [{"number": number}, *({"comment": comment.id} for comment in self.github.comments(repo, number))]
        return any(("baro[bot]", "eyes") in self.github.reactions(repo, **trigger) for trigger in triggers)

    def subjects(self, span: str, repo: str = REPO) -> list[str]:
        """First lines of the commits in `span`, newest first."""
        log = ["git", "-C", str(self.github.git_dir(repo)), "log", "--format=%s", span]
        return subprocess.run(log, check=True, capture_output=True, text=True).stdout.splitlines()

    async def until(self, look: Callable[[], Any]) -> Any:
        try:
            return await self.github.until(look, PATIENCE)
        except TimeoutError:
            raise AssertionError(
                f"nothing came of it.\n\nweb:\n{self.log('web')}\n\nrunner:\n{self.log('runner')}"
            ) from None

    async def ended(self, number: int, repo: str = REPO) -> str:
        """Wait for the run on that thread to end; the living comment as a person reads it."""
        over = re.compile("^(✅|🟡|➖|❌|⏹️)")
        await self.until(lambda: over.match(self.living(number, repo) or ""))
        await self.until(lambda: not self._looking(number, repo))
        return read(self.living(number, repo) or "")


def read(text: str) -> str:
    """A comment without what differs from run to run: ids, times, commits."""
    text = re.sub(r"<!-- baro:run=[a-z2-7]{10} -->", "<!-- baro:run=RUN -->", text)
    text = re.sub(r"run `[a-z2-7]{10}`", "run `RUN`", text)
    text = re.sub(r"(baro(?:-wt)?/[a-z0-9-]*?)[a-z2-7]{10}\b", r"\1RUN", text)
    text = re.sub(r"\| [0-9a-f]{7} \|", "| COMMIT |", text)
    return re.sub(r"\b(?:under )?\d+ (?:min \d+ )?s\b", "TIME", text).strip()


@asynccontextmanager
async def house(root: Path, redis_url: str, *, start: bool = True, **env: str) -> AsyncIterator[House]:
    """With one repository, where maria may write and the App is installed."""
    app = AppRegistration(id=7, slug="baro", owner="acme", public_key_pem=app_key()[1], webhook_secret=SECRET)
    async with LocalGitHub.serve(root / "github", app) as github:
        baro = House(github, root, redis_url)
        baro.env |= env
        github.repository(REPO, FILES)
        github.grant(REPO, "maria", "write")
        try:
            if start:
                await baro.start("web", "runner")
            yield baro
        finally:
            await baro.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
