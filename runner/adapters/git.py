"""One way to run git: argument lists only, an environment of our own, and errors that carry what happened.

GitPython starts the process, and that is all we take from it. `Git.execute` merges what we pass into a copy of
`os.environ`, so nothing inherited can be removed that way: the command is therefore started as
`env -u NAME … git …`, where only *names* appear in the argument list. It is asked for the live process
(`as_process`), because its own timeout kills git alone and leaves git's network helper running.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from runner.errors import BaroError, GitError

LOCAL_TIMEOUT = 600.0
"""seconds for a command that only reads and writes this machine's disk"""
NETWORK_TIMEOUT = 3600.0
"""seconds for a fetch or push; a stalled one ends much sooner, see `http.lowSpeedTime`"""
TERM_GRACE = 5.0
"""seconds between asking a cancelled git to stop (it then removes its lock files) and killing it"""
FLOOR = (2, 38)
"""`git merge-tree --write-tree` is from this version"""
_NOT_FOUND = 127
"""how `env` says that there is no git"""

_PROXIES = {"http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"}
_CERTIFICATES = {"SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"}
INHERITED = frozenset({"PATH", "TMPDIR"} | _PROXIES | _CERTIFICATES)
"""The operator's route to the network. Everything else stays out: GIT_* redirects git, HOME holds a .netrc, and the
rest is none of git's business."""

_SETTINGS = {
    # Nothing a repository brings along may run.
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.attributesFile": "/dev/null",
    "core.excludesFile": "/dev/null",
    "safe.bareRepository": "explicit",
    "submodule.recurse": "false",
    "diff.ignoreSubmodules": "all",
    "credential.helper": "",
    # What arrives is checked, and comes over the protocols we name (see `Network`).
    "protocol.allow": "never",
    "transfer.fsckObjects": "true",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
    # Clones borrow objects from a mirror, which must never throw any away.
    "gc.auto": "0",
    "maintenance.auto": "false",
    # Answers do not depend on defaults that versions and people change.
    "core.quotePath": "false",
    "core.logAllRefUpdates": "false",
    "diff.renames": "true",
    "merge.renames": "true",
    "merge.conflictStyle": "merge",
    "checkout.workers": "4",
    "advice.detachedHead": "false",
    "init.defaultBranch": "main",
}

HELD: ContextVar[tuple[int, ...]] = ContextVar("locks a git process keeps alive", default=())
"""Descriptors of the file locks its caller holds. A git that outlives us (we were killed) goes on holding them, so
that whoever takes the lock next finds no other git at work in that directory."""


class Network(Struct, frozen=True):
    """Where one fetch or push goes. `header` is the value of its Authorization header and reaches that process only."""

    url: str
    header: str | None = None

    def settings(self) -> dict[str, str]:
        parts = urlsplit(self.url)
        settings = {f"protocol.{parts.scheme}.allow": "always"}
        if self.header is not None:
            # Scoped to this host, and redirects are off: a header that follows one is a token given away.
            settings[f"http.{parts.scheme}://{parts.netloc}/.extraHeader"] = f"Authorization: {self.header}"
            settings["http.followRedirects"] = "false"
        return settings


class Result(Struct, frozen=True):
    """What a git command answered."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        return os.fsdecode(self.stdout)

    @property
    def line(self) -> str:
        return self.text.strip()

    @property
    def fields(self) -> list[str]:
        """NUL-separated output, which is the only kind that survives every path name."""
        return self.text.split("\0")[:-1]


class Git(Struct, frozen=True):
    """A repository to run git in. Nothing is ever discovered: `dir` is GIT_DIR, and a tree needs `work_tree`."""

    dir: Path
    work_tree: Path | None = None
    index: Path | None = None
    objects: tuple[Path, ...] = ()
    """further object directories to read from"""

    async def run(
        self,
        *args: str,
        input: bytes = b"",
        network: Network | None = None,
        ok: tuple[int, ...] = (0,),
        seconds: float | None = None,
    ) -> Result:
        """Run `git *args`; raises GitError for an exit code that is not `ok`. Cancelling it stops the process."""
        extra = network.settings() if network else {}
        process = self.start(*args, settings=extra)
        limit = seconds or (NETWORK_TIMEOUT if network else LOCAL_TIMEOUT)
        result = await _finish(process, ["git", *args], input, limit)
        if network and network.header:
            result = Result(result.code, result.stdout, result.stderr.replace(network.header, "[redacted]"))
        if result.code not in ok:
            raise failed(["git", *args], result)
        return result

    def start(self, *args: str, settings: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        """The live process of `git *args`, in a session of its own; whoever asks for it also ends it."""
        return _start(["git", *args], self._environment(settings or {}), self.work_tree or self.dir)

    def _environment(self, extra: dict[str, str]) -> dict[str, str]:
        env = {"GIT_DIR": str(self.dir)}
        if self.work_tree:
            env["GIT_WORK_TREE"] = str(self.work_tree)
        if self.index:
            env["GIT_INDEX_FILE"] = str(self.index)
        if self.objects:
            env["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = os.pathsep.join(map(str, self.objects))
        return env | environment(extra)


def environment(settings: dict[str, str] | None = None) -> dict[str, str]:
    """What every git process of ours is told, GIT_DIR aside: no configuration but ours, and no questions asked."""
    pairs = list((_SETTINGS | (settings or {})).items())
    env = {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_DEFAULT_REF_FORMAT": "files",  # which we read and write without a process, see workspace/refs.py
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_LITERAL_PATHSPECS": "0",
        "GIT_EDITOR": "false",
        "GIT_PAGER": "cat",
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_CONFIG_COUNT": str(len(pairs)),
    }
    for number, (key, value) in enumerate(pairs):
        env[f"GIT_CONFIG_KEY_{number}"] = key
        env[f"GIT_CONFIG_VALUE_{number}"] = value
    return env


def failed(command: list[str], result: Result) -> GitError:
    """The error for a command that failed: its sentence ends in the last thing git said."""
    said = [line.strip() for line in result.stderr.splitlines() if line.strip()]
    cause = re.sub(r"^(fatal|error): ", "", said[-1]) if said else f"exit {result.code}"
    return GitError(
        f"`git {command[1]}` failed: {cause}",
        command=command,
        code=result.code,
        stdout=result.stdout[-4000:].decode(errors="replace"),
        stderr=result.stderr[-4000:],
    )


async def require(home: Path) -> str:
    """What git says its version is. Raises BaroError when git is missing or too old."""
    answer = await Git(home).run("version", ok=(0, _NOT_FOUND))
    if answer.code == _NOT_FOUND:
        raise BaroError("git is not installed here", hint="Install git 2.38 or newer.")
    said = answer.line
    found = re.search(r"(\d+)\.(\d+)", said)
    if not found or tuple(map(int, found.groups())) < FLOOR:
        raise BaroError(f"{said} is too old: baro merges with git 2.38 or newer", hint="Install a newer git.")
    return said


@contextmanager
def holding(descriptor: int) -> Iterator[None]:
    """Every git started inside keeps that lock until it ends, whatever becomes of us."""
    token = HELD.set((*HELD.get(), descriptor))
    try:
        yield
    finally:
        HELD.reset(token)


# --- the process -----------------------------------------------------------------------------------------------

_THREADS = ThreadPoolExecutor(max_workers=32, thread_name_prefix="git")
"""Of its own, so that fetches waiting for a slow server take no thread from anybody else. Threads start when used."""


def _start(command: list[str], env: dict[str, str], cwd: Path) -> subprocess.Popen[bytes]:
    # Imported here, because importing GitPython runs git, and a machine without git deserves our sentence instead.
    from git.cmd import Git as GitPython

    dropped = [name for name in os.environ if name not in INHERITED and name not in env]
    unset = [flag for name in dropped for flag in ("-u", name)]
    handle = GitPython(str(cwd)).execute(
        ["env", *unset, *command],
        istream=subprocess.PIPE,
        as_process=True,
        env=env,
        start_new_session=True,  # one group to stop: git, its transport helper, and nobody else
        pass_fds=HELD.get(),
    )
    process, handle.proc = handle.proc, None  # taken over: its destructor would stop git at its own discretion
    assert isinstance(process, subprocess.Popen)
    return process


async def _finish(process: subprocess.Popen[bytes], command: list[str], input: bytes, limit: float) -> Result:
    waiting = asyncio.get_running_loop().run_in_executor(_THREADS, process.communicate, input)
    try:
        stdout, stderr = await asyncio.wait_for(asyncio.shield(waiting), limit)
    except TimeoutError as late:
        await _stop(process, waiting)
        sentence = f"`git {command[1]}` did not finish within {limit:g} seconds"
        raise GitError(sentence, command=command, code=process.returncode) from late
    except asyncio.CancelledError:
        await _stop(process, waiting)
        raise
    return Result(process.returncode, stdout, stderr.decode(errors="replace"))


async def _stop(process: subprocess.Popen[bytes], waiting: asyncio.Future[tuple[bytes, bytes]]) -> None:
    """SIGTERM first: git removes its lock files and half-written packs on it. Waits until the process is gone."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if waiting.done():
            return
        with suppress(ProcessLookupError):  # it ended by itself in this moment; `waiting` is about to say so
            os.killpg(process.pid, number)
        await asyncio.wait([waiting], timeout=TERM_GRACE)
