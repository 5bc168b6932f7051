"""Runs one check in the sandbox and says what it said: pass, fail, or why it could not say anything.

The exit code decides. Output is read only to tell a check that failed from one that never ran, and only in words that
the runners themselves print for that: a summary such as "0 failed" is nobody's business here.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec.structs import replace

from runner.adapters import process
from runner.adapters.network import Network
from runner.adapters.overlayfs import find
from runner.adapters.process import Exit, Program
from runner.adapters.sandbox import Sandbox
from runner.adapters.sandbox.room import Confined, Room
from runner.adapters.workspace.removal import remove
from runner.domain.allowance import Allowance
from runner.domain.text import clean, tail
from runner.domain.verdict import Check, CheckResult
from runner.ports import Seat
from runner.voice import verification as say

OUTPUT = 3_000
"""characters of what a failed check printed last; they go into the journal"""
READ = 20_000
"""characters of it that are looked at"""
END = 12
"""last lines, where runners say why they gave up"""

# A shell of its own for the command, so that `exit 3`, pipes and a `cd` work as people wrote them. The project's Python
# tools are in the virtual environment that a story has installed; Node's runners look into theirs by themselves.
_SHELL = 'PATH="$PWD/.venv/bin:$PATH"; cd -- "$1" && PATH="$PWD/.venv/bin:$PATH" exec /bin/sh -c "$2" 2>&1'


class SandboxedChecks:
    """Satisfies `runner.ports.Checks`. Every check gets an empty home beside its tree, and leaves nothing of it."""

    def __init__(self, sandbox: Sandbox, network: Network) -> None:
        self._sandbox = sandbox
        self._network = network

    async def run(self, seat: Seat, check: Check, *, silence: float) -> CheckResult:
        if not await asyncio.to_thread(_is_directory, seat, check.directory):
            return CheckResult(check.name, check.command, "skipped", reason=say.directory_gone(check.directory))
        room = seat.tree.with_name(f"{seat.tree.name}.room")
        now = asyncio.get_running_loop().time
        async with _emptied(room), self._network.line() as line:
            argv = ("/bin/sh", "-c", _SHELL, "check", check.directory or ".", check.command)
            program = _program(self._sandbox.confine(Room(seat, room, argv, {}, outlet=line.outlet)), room)
            start = now()
            exit = await process.run(program, _unheard, silence=silence)
            said = clean(await asyncio.to_thread(process.last_words, program.out, READ))
        return replace(_judged(check, exit, said, now() - start, silence, program.allowance), blocked=line.blocked)


def _is_directory(seat: Seat, path: str) -> bool:
    found = find(seat, path)
    return found is not None and found.is_dir()


def _program(confined: Confined, room: Path) -> Program:
    mark = hashlib.sha256(str(room).encode()).hexdigest()[:20]
    return Program(
        *(confined.argv, confined.env, confined.cwd, room / "out", room / "err", mark),
        allowance=confined.allowance,
        writes=confined.writes,
        handles=confined.handles,
    )


def _unheard(line: bytes) -> None:
    """Nobody follows a check line by line."""


@asynccontextmanager
async def _emptied(room: Path) -> AsyncIterator[None]:
    """One that is there belongs to a runner that died."""
    await asyncio.to_thread(remove, room)
    await asyncio.to_thread(room.mkdir, mode=0o700)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # it lies within the run's directory, and what resists goes with that
            await asyncio.to_thread(remove, room)


# --- the verdict -----------------------------------------------------------------------------------------------


def _judged(check: Check, exit: Exit, said: str, seconds: float, silence: float, allowance: Allowance) -> CheckResult:
    reason = _unable(check, exit, said, silence, allowance) if exit.code != 0 or exit.stopped else ""
    if reason:
        return CheckResult(check.name, check.command, "skipped", round(seconds, 2), reason)
    if exit.code == 0:
        return CheckResult(check.name, check.command, "pass", round(seconds, 2))
    return CheckResult(check.name, check.command, "fail", round(seconds, 2), output=tail(said, OUTPUT))


def _unable(check: Check, exit: Exit, said: str, silence: float, allowance: Allowance) -> str:
    """Why a check that did not pass has said nothing about the code; empty where it has."""
    if exit.stopped == "silent":
        return say.silent(silence)
    if exit.stopped == "flooded":
        return say.flooded()
    if exit.stopped:
        return say.stopped(exit.stopped, allowance)
    if exit.signal:
        return say.killed(exit.signal)
    end = "\n".join(said.splitlines()[-END:])
    if missing := _missing(exit.code, end):
        return missing
    return say.no_tests() if _no_tests(check, exit.code, end) else ""


_NOT_FOUND = re.compile(
    r"^(?:/bin/)?\w*sh: (?:line )?(?:\d+: )?(?P<shell>\S+): (?:command )?not found$"
    r"|^make(?:\[\d+\])?: (?P<make>\S+): No such file or directory$"
    r"|^\S*python[\d.]*: No module named (?P<module>[\w.]+)$"
    r"|^error: no such command: `(?P<cargo>[\w-]+)`"
    r"|^error: '(?P<rustup>[\w-]+)' is not installed"
    r"|^Command not found: (?P<poetry>\S+)$"
    r"|^error: Failed to spawn: `(?P<uv>\S+)`",
    re.MULTILINE,
)
"""How shells, make, Python's -m, cargo, poetry and uv say that a program is missing."""
_GAVE_UP = re.compile(r"^make(?:\[\d+\])?: \*\*\* .*Error 127$|^error Command failed with exit code 127", re.MULTILINE)
"""make and yarn about a command of theirs that was not found; they have exit codes of their own."""
_NOT_INSTALLED = re.compile(
    r"node_modules missing, did you mean to install"  # pnpm
    r"|doesn't seem to (?:have been installed|be present in your lockfile)"  # yarn
    r"|Cannot find module '[^'\n]*/node_modules/"
    # uv, cargo and go, where there is no network to get them from
    r"|^error: (?:Failed to fetch|Request failed|failed to download)|^go: .*: dial tcp: ",
    re.MULTILINE,
)
_NO_TESTS = re.compile(r"^No tests? (?:files )?found, exiting with code 1|^Error: No test files found", re.MULTILINE)
"""Jest and vitest; mocha"""
_PYTEST_RAN_NONE = re.compile(r"^=*\s*no tests ran in (?s:.*)^make(?:\[\d+\])?: \*\*\* .*Error 5$", re.MULTILINE)


def _missing(code: int, end: str) -> str:
    found = _NOT_FOUND.search(end)
    what = next(filter(None, found.groups()), "") if found else ""
    if code == 127 or _GAVE_UP.search(end):
        return say.not_installed(what) if what else say.not_found()
    # A test may print such a line about something of its own: it counts only where a runner has nothing else to say.
    if found and not found["shell"]:
        return say.not_installed(what)
    return say.dependencies_missing() if _NOT_INSTALLED.search(end) else ""


def _no_tests(check: Check, code: int, end: str) -> bool:
    """pytest, and unittest since Python 3.12, say so with exit code 5."""
    if code == 5 and re.search(r"\b(?:pytest|unittest)\b", check.command):
        return True
    return any(words.search(end) for words in (_NO_TESTS, _PYTEST_RAN_NONE))
