"""A local GitHub with one private repository, and an App that talks to it in plain HTTP and git."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.demo.github import AppRegistration, LocalGitHub

REPO = "acme/shop"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_KEY = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
APP = AppRegistration(7, "baro", "acme", PUBLIC_KEY.decode(), "hush")


@dataclass
class World:
    github: LocalGitHub
    http: httpx.AsyncClient
    scratch: Path

    def jwt(self, *, iss: str = "7", life: int = 540, key: rsa.RSAPrivateKey = KEY) -> str:
        now = int(self.github.hub.state.now())
        return jwt.encode({"iat": now - 60, "exp": now + life, "iss": iss}, key, "RS256")

    async def ask(self, method: str, path: str, token: str | None = None, **parts: Any) -> httpx.Response:
        """One request; a body goes as `json`."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await self.http.request(method, self.github.api_url + path, headers=headers, **parts)

    async def token(self, **narrowed: Any) -> str:
        """An installation token for acme, narrowed as asked."""
        installed = self.github.installation(REPO)
        assert installed is not None
        answer = await self.ask("POST", f"/app/installations/{installed.id}/access_tokens", self.jwt(), json=narrowed)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    async def git(self, *arguments: str, token: str = "", at: str = ".") -> tuple[int, str]:
        """Exit code and output of a real git, which is given the token the way baro gives it."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.scratch), "GIT_TERMINAL_PROMPT": "0"}
        for role in ("AUTHOR", "COMMITTER"):
            environment |= {f"GIT_{role}_NAME": "ada", f"GIT_{role}_EMAIL": "ada@example.test"}
        if token:
            value = base64.b64encode(f"x-access-token:{token}".encode()).decode()
            environment |= {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"http.{self.github.url}/.extraHeader",
                "GIT_CONFIG_VALUE_0": f"Authorization: Basic {value}",
            }
        process = await asyncio.create_subprocess_exec(
            "git", *arguments, cwd=self.scratch / at, env=environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode()

    async def clone(self, token: str, repo: str = REPO) -> None:
        """The repository, in `clone`."""
        code, output = await self.git("clone", "-q", f"{self.github.url}/{repo}.git", "clone", token=token)
        assert code == 0, output

    async def commit(self, path: str, text: str) -> str:
        """One more commit in the clone; its id."""
        file = self.scratch / "clone" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        for arguments in (("add", "-A"), ("commit", "-q", "-m", f"Change {path}")):
            code, output = await self.git(*arguments, at="clone")
            assert code == 0, output
        return (await self.git("rev-parse", "HEAD", at="clone"))[1].strip()


@contextlib.asynccontextmanager
async def serving(root: Path, now: Callable[[], float] = time.time) -> AsyncIterator[World]:
    scratch = root / "scratch"
    scratch.mkdir()
    async with LocalGitHub.serve(root / "github", APP, now=now) as github, httpx.AsyncClient() as http:
        github.repository(REPO, {"a.txt": "one\n"}, private=True)
        github.grant(REPO, "ada", "write")
        yield World(github, http, scratch)
