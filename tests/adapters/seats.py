"""Seats on real repositories, as the workspace makes them: a linked worktree and a decoy that borrows its objects."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from runner.adapters.agents.fleet import Fleet
from runner.adapters.agents.registry import AUTO, backends
from runner.adapters.network import Network
from runner.adapters.network.installed import Registries
from runner.adapters.sandbox import Sandbox, choose
from runner.domain.agent import Did
from runner.domain.network import Authority, Level
from runner.ports import AgentJob, AgentReply, Seat

ENV = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    **{f"GIT_{who}_{what}": "test@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def git(directory: Path, *args: str) -> str:
    return subprocess.run(
        ["git", *args], cwd=directory, env=ENV, check=True, capture_output=True, text=True
    ).stdout.strip()


def make_seat(root: Path, files: dict[str, str] | None = None, *, writable: bool = True) -> Seat:
    """A seat below `root`, whose base commit holds `files`."""
    source, tree, decoy = root / "source", root / "tree", root / "seat.git"
    source.mkdir(parents=True)
    git(source, "init", "--quiet", "--initial-branch=main")
    for name, text in (files or {"README.md": "hello\n"}).items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(source, "add", "--all")
    git(source, "commit", "--quiet", "--message=first")
    base = git(source, "rev-parse", "HEAD")
    git(source, "worktree", "add", "--quiet", "-b", "story", str(tree))
    _decoy(source, decoy, base)
    (tree / ".git").write_text(f"gitdir: {decoy}\n")
    return Seat(tree=tree, base=base, git=decoy, objects=(source / ".git/objects",), writable=writable)


def trusted(seat: Seat) -> Path:
    """The repository the agent must not reach."""
    return seat.objects[0].parent


def _decoy(source: Path, decoy: Path, base: str) -> None:
    git(source, "init", "--quiet", "--bare", "--initial-branch=main", str(decoy))
    git(decoy, "config", "core.bare", "false")
    (decoy / "objects/info/alternates").write_text(f"{source / '.git/objects'}\n")
    git(decoy, "update-ref", "refs/heads/main", base)
    git(decoy, "read-tree", "HEAD")


class Bench:
    """A fleet of its own below a directory, with one seat, and everything it heard."""

    def __init__(self, root: Path, env: dict[str, str] | None = None, sandbox: Sandbox | None = None) -> None:
        self.home = root / "home"
        self.script = root / "script.yml"
        self.seat = make_seat(root / "seat")
        self.heard: list[Did] = []
        self.sandbox = sandbox or choose("auto", os.environ["PATH"])
        self.env = {"PATH": os.environ["PATH"], "HOME": str(root), **(env or {})}
        self.level: Level = "registry"
        self.listed: frozenset[Authority] = frozenset()

    @property
    def network(self) -> Network:
        return Network(self.level, Registries(self.env), own=self.sandbox.own_network, listed=self.listed)

    def fleet(self, agent: str = "scripted", model: str = "") -> Fleet:
        known = backends(self.home, self.env, str(self.script))
        return Fleet(self.home, self.sandbox, self.network, known, AUTO, agent=agent, model=model)

    def job(self, role: str = "story", **fields: object) -> AgentJob:
        given = {"run": "run1", "prompt": f"baro role={role} run=run1", "agent": "auto", "silence": 30.0}
        story = {"story": "S1"} if role == "story" else {"schema": {"type": "object"}}
        return AgentJob(**{"role": role, "seat": self.seat, **given, **story, **fields})  # type: ignore[arg-type]

    async def play(self, text: str, role: str = "story", **fields: object) -> AgentReply:
        """One job of the scripted agent."""
        self.script.write_text(text)
        return await self.fleet().run(self.job(role, **fields), self.heard.append)


async def until(condition: Callable[[], object], seconds: float = 90.0) -> None:
    """Another process makes it true; there is no event to wait for."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def running(word: str) -> list[str]:
    """The processes of this machine that have `word` on their command line, in whatever namespace they live."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has just ended
            found.append(entry.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [line for line in found if word in line]


def detached(word: str) -> str:
    """A shell command that leaves a process behind: in a session of its own, without the attempt's environment."""
    return f"env -i setsid sh -c 'while :; do /bin/sleep 1; done # {word}' & touch up"
