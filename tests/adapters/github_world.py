"""A local GitHub with one repository, and our adapter connected to it, for the tests of the adapter."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.demo.github.local import LocalGitHub
from bot.demo.github.model import AppRegistration
from runner.adapters.github import GitHub, connect
from runner.domain.goal import Goal, Person, Repository, Thread, Trigger
from runner.domain.run import RunSpec
from runner.ports import Place

REPO = "acme/shop"
BOT = "baro-test[bot]"

_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE_KEY = _KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
PUBLIC_KEY = (
    _KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
)
APP = AppRegistration(
    id=4711, slug="baro-test", owner="operator", public_key_pem=PUBLIC_KEY, webhook_secret="hush", client_id="Iv23abc"
)


def censor(text: str) -> str:
    """A stand-in for the publish gate that shows whether text passed it."""
    return text.replace("hunter2", "[withheld]")


@dataclass
class World:
    local: LocalGitHub
    place: Place

    def connect(self, **settings: Any) -> GitHub:
        """The adapter as another process would have it: nothing remembered, short waits."""
        known: dict[str, Any] = {"app": str(APP.id), "private_key": PRIVATE_KEY, "gate": censor}
        fast = {"retry_max": 0.05, "patience": 5.0, "timeout": 5.0, "write_interval": 0.0}
        at = {"api_url": self.local.api_url, "web_url": self.local.url}
        return connect(**(known | fast | at | settings))

    def asked(self, method: str, path: str = "") -> int:
        """How many requests of that kind GitHub has seen."""
        return sum(one.method == method and path in one.path for one in self.local.requests)

    def spec(self, run: str = "run0000001") -> RunSpec:
        thread = Thread(self.place.repository, 1, "issue")
        goal, person = Goal("Fix it", "Please", "issue"), Person(1, "ann")
        return RunSpec(run, self.place.installation, thread, Trigger("issue", 1), goal, person, "main")


@contextlib.asynccontextmanager
async def serving(root: Path, now: Callable[[], float] = time.time) -> AsyncIterator[World]:
    async with LocalGitHub.serve(root, APP, now=now) as local:
        made = local.repository(REPO, {"README.md": "# shop\n", "src/app.py": "x = 1\n", "logo.png": b"\x89PNG\xff"})
        installed = local.installation(REPO)
        assert installed is not None
        yield World(local, Place(installed.id, Repository(made.id, "acme", "shop")))
