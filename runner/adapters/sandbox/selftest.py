"""Tries the sandbox before any agent does: starts it as agents get it, and attempts to break out from inside."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec
import structlog
from msgspec import Struct

import runner.inside
from runner.adapters import process
from runner.adapters.process import Program
from runner.domain.isolation import Probe, SandboxLevel
from runner.domain.network import Level
from runner.errors import SandboxUnavailable
from runner.ports import Seat
from runner.voice import isolation as say

from . import Sandbox
from .bubblewrap import interpreter
from .room import Confined, Room, surroundings

ESCAPE = Path(runner.inside.__path__[0]) / "escape.py"
NAMESPACES = ("user", "pid", "ipc", "uts", "mnt", "cgroup", "net")
WRITES = ("/", "/usr", "/usr/bin", "/etc", "/home", "/var", "/dev", "/proc", "/baro")
"""directories that an agent has no business to write to"""
OF_SHELLS = ("SHLVL", "OLDPWD", "_")
"""variables that shells make for themselves"""
CANDIDATES = 40
"""files of the runner's home that are tried to be read"""
SILENCE = 60.0
"""seconds; it takes a fraction of one"""
GONE_WITHIN = 10.0
"""seconds for what was left behind to disappear on a busy machine"""

log = structlog.get_logger(__name__)


class Wanted(Struct, frozen=True):
    """See runner/inside/escape.py."""

    files: list[str]
    environment: list[str]
    namespaces: dict[str, str]
    writes: list[str]
    redis: list[str]


class Told(Struct, frozen=True):
    tried: list[Probe]
    found: dict[Probe, str]


async def examine(
    sandbox: Sandbox, home: Path, environ: Mapping[str, str], redis_url: str = "", network: Level = "registry"
) -> SandboxLevel:
    """How well it holds. `environ` is what must not be seen inside. Raises SandboxUnavailable, with what was found,
    where it does not. An operator who has waived the sandbox is told so, and nothing is tried."""
    if sandbox.name == "none":
        return SandboxLevel("none")
    await asyncio.to_thread(home.mkdir, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix="selftest-", ignore_cleanup_errors=True) as name:
        told = await _told(sandbox, Path(name), home, environ, redis_url)
    if told.found:
        evidence = "\n".join(f"{probe}: {what}" for probe, what in told.found.items())
        raise SandboxUnavailable(say.broken(told.found), hint=say.mend(told.found), evidence=evidence)
    return SandboxLevel("degraded", ("network",)) if network == "open" else SandboxLevel("full")


async def _told(sandbox: Sandbox, root: Path, home: Path, environ: Mapping[str, str], redis_url: str) -> Told:
    room = _room(root)
    confined = sandbox.confine(room)
    wanted = Wanted(
        files=[str(path) for path in _private(root, home, room.reads)],
        environment=_unseen(environ, surroundings(sandbox.inside(room.seat, room.scratch), "")),
        namespaces=dict(_namespaces()),
        writes=list(WRITES),
        redis=_address(redis_url),
    )
    exit = await process.run(_program(confined, root, wanted), lambda _: None, silence=SILENCE)
    said = (root / "out").read_bytes()
    try:
        told = msgspec.json.decode(said, type=Told)
    except msgspec.DecodeError:
        evidence = f"exit code {exit.code} {exit.stopped}\n{process.last_words(root / 'err')}".strip()
        raise SandboxUnavailable(say.silent(), hint=say.report(), evidence=evidence) from None
    left = await _left(root.name)
    return Told(told.tried, told.found | {"survivor": f"process {left[0]}, detached"}) if left else told


def _room(root: Path) -> Room:
    """A seat such as agents get, with nothing in it."""
    seat = Seat(root / "tree", "", root / "git", (), writable=True)
    for directory in (seat.tree, seat.git, root / "room"):
        directory.mkdir()
    (root / "secret").write_text("of another run\n")
    argv = (str(interpreter() / "bin/python3"), "-I", "-S", str(ESCAPE), root.name)
    return Room(seat, root / "room", argv, {}, reads=(ESCAPE,))


def _program(confined: Confined, root: Path, wanted: Wanted) -> Program:
    return Program(
        *(confined.argv, confined.env, confined.cwd, root / "out", root / "err", root.name),
        stdin=msgspec.json.encode(wanted),
        allowance=confined.allowance,
        writes=confined.writes,
    )


def _private(root: Path, home: Path, shown: tuple[Path, ...]) -> Iterator[Path]:
    """Files that an agent must not be able to open, as far as they are there. What is shown on purpose is not tried."""
    yield root / "secret"
    own = Path.home()
    kept = (own / name for name in (".ssh/id_rsa", ".ssh/id_ed25519", ".netrc", ".git-credentials", ".aws/credentials"))
    lying = (path for place in (own, home) if place.is_dir() for path in islice(place.iterdir(), CANDIDATES))
    shown = (*shown, interpreter())
    for path in (*kept, *lying, Path("/etc/shadow"), Path("/proc/kcore")):
        if path.is_file() and not any(path.is_relative_to(one) for one in shown):
            yield path


def _unseen(environ: Mapping[str, str], usual: Collection[str]) -> list[str]:
    """As digests: what we look for is not to be brought in by the search. What every process has is left out."""
    entries = [f"{name}={value}" for name, value in environ.items() if name not in (*usual, *OF_SHELLS)]
    return [hashlib.sha256(entry.encode(errors="surrogateescape")).hexdigest() for entry in entries]


def _namespaces() -> Iterator[tuple[str, str]]:
    for name in NAMESPACES:
        link = Path("/proc/self/ns", name)
        if link.is_symlink():
            yield name, str(link.readlink())


def _address(url: str) -> list[str]:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return [unquote(parts.path)]
    return [parts.hostname, str(parts.port or 6379)] if parts.hostname else []


async def _left(word: str) -> list[int]:
    """What is still there of it when it has had time to go; then we end it. From outside, every process shows."""
    deadline = time.monotonic() + GONE_WITHIN
    while left := await asyncio.to_thread(_running, word):
        if time.monotonic() > deadline:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return left
        await asyncio.sleep(0.02)
    return []


def _running(word: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has just ended
            if word.encode() in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
    return found
