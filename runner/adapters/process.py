"""One way to run a program: an exact environment, output into files, watched for signs of life, never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
from asyncio import FIRST_COMPLETED
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from msgspec import Struct

from runner.adapters.guard import Guard
from runner.domain.allowance import Allowance, Excess
from runner.errors import BaroError

MARK = "BARO_MARK"
"""Environment variable that names the attempt a process belongs to: what escaped its group is found by it."""
POLL = 0.05
"""seconds between two looks at the output; the end of the process is an event and waits for no look"""
CHUNK = 1 << 18
LONGEST_LINE = 32 << 20
"""bytes; a longer line is dropped whole, it cannot be an event of an agent"""
FLOOD = 1 << 30
"""bytes of output after which a program is stopped"""
KEPT = 8 << 20
"""bytes of output that stay on disk once it has ended: the last ones"""
LAST_BREATH = 60.0
"""seconds that killed processes may take to disappear: after a fork bomb there are thousands, and each has its turn"""


class Program(Struct, frozen=True):
    """`env` is the whole environment but for the mark. Standard input, output and error are regular files: some
    agents lose the end of what they print on a pipe that is read slowly, and nobody has to pump a file."""

    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: Path
    out: Path
    err: Path
    mark: str
    stdin: bytes = b""
    handles: tuple[int, ...] = ()
    """file descriptors that it inherits beside the standard ones"""
    allowance: Allowance = Allowance()
    writes: tuple[Path, ...] = ()
    """the directories on disk that it may fill"""


Stopped = Literal["", "silent", "flooded"] | Excess


class Exit(Struct, frozen=True):
    """How it ended. `stopped` says why we killed it, if we did."""

    code: int
    stopped: Stopped = ""

    @property
    def signal(self) -> int:
        """The signal it died of, or 0. bubblewrap and shells report that of their child as 128 + n."""
        if self.code < 0:
            return -self.code
        return self.code - 128 if 128 < self.code < 128 + signal.NSIG else 0


async def run(
    program: Program,
    line: Callable[[bytes], None],
    *,
    silence: float,
    busy: Callable[[], bool] = lambda: False,
    in_vain: Callable[[], bool] = lambda: False,
) -> Exit:
    """Run to the end; `line` gets every line of standard output, without its newline.

    Stopped after `silence` seconds without output on either stream, unless it is `busy()` then, or at once where it
    would be silent `in_vain()`, and when it takes more of the machine than its allowance. However this is left, by
    cancellation too, every process of the program is dead first, those in sessions of their own included.
    """
    await gone(program.mark)
    process = await _start(program)
    with contextlib.closing(Tail(program.out, line)) as tail:
        try:
            stopped = await _watch(process, tail, program, silence, busy, in_vain)
        finally:
            _kill_group(process)
            await asyncio.shield(_reap(process, program))
        if stopped != "flooded":
            await tail.finish()
    assert process.returncode is not None
    return Exit(process.returncode, stopped)


async def _start(program: Program) -> asyncio.subprocess.Process:
    with program.out.open("wb") as out, program.err.open("wb") as err, tempfile.TemporaryFile() as stdin:
        stdin.write(program.stdin)
        stdin.seek(0)
        return await asyncio.create_subprocess_exec(
            *program.argv,
            env=program.env | {MARK: program.mark},
            cwd=program.cwd,
            stdin=stdin,
            stdout=out,
            stderr=err,
            start_new_session=True,
            pass_fds=program.handles,
        )


async def _watch(
    process: asyncio.subprocess.Process,
    tail: Tail,
    program: Program,
    silence: float,
    busy: Callable[[], bool],
    in_vain: Callable[[], bool],
) -> Stopped:
    """Until it ends by itself (""), or until there is a reason to stop it."""
    now = asyncio.get_running_loop().time
    ended = asyncio.ensure_future(process.wait())
    exceeded = asyncio.ensure_future(Guard(process.pid, program.allowance, program.writes).exceeded())
    alive, printed = now(), 0
    try:
        while not ended.done():
            await asyncio.wait({ended, exceeded}, timeout=0 if tail.drain() else POLL, return_when=FIRST_COMPLETED)
            if exceeded.done():
                return exceeded.result()
            size = _size(program.out) + _size(program.err)
            if size > printed or (now() - alive > silence and busy()):
                alive, printed = now(), size
            if now() - alive > silence or (in_vain() and not ended.done()):
                return "silent"
            if size > FLOOD:
                return "flooded"
        return ""
    finally:
        ended.cancel()
        exceeded.cancel()


class Tail:
    """Follows a growing file and hands out its lines, split at b"\n" and nothing else."""

    def __init__(self, path: Path, line: Callable[[bytes], None], chunk: int = CHUNK) -> None:
        self._file = path.open("rb")
        self._line = line
        self._chunk = chunk
        self._rest = b""
        self._skipping = False

    def drain(self) -> bool:
        """Hand out what is new, a little at a time: others share the event loop. False: there was nothing."""
        chunk = self._file.read(self._chunk)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for text in lines:
            if not self._skipping:
                self._line(text)
            self._skipping = False
        if len(self._rest) > LONGEST_LINE:
            self._rest, self._skipping = b"", True
        return bool(chunk)

    async def finish(self) -> None:
        """Hand out all that is left; the last line counts even where its newline is missing."""
        while self.drain():  # noqa: ASYNC110 - it gives way to others, it does not wait
            await asyncio.sleep(0)
        if self._rest and not self._skipping:
            self._line(self._rest)
        self._rest = b""

    def close(self) -> None:
        self._file.close()


def trim(path: Path, kept: int = KEPT) -> None:
    """Keep the end of an oversized file, from the start of a line."""
    size = path.stat().st_size
    if size <= kept:
        return
    with path.open("rb") as file:
        file.seek(size - kept)
        tail = file.read()
    shorter = path.with_name(f"{path.name}.short")
    shorter.write_bytes(tail[tail.find(b"\n") + 1 :])
    shorter.replace(path)


def last_words(path: Path, characters: int = 4000) -> str:
    """The end of a text file, for evidence."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4 * characters))
        return file.read().decode(errors="replace")[-characters:].strip()


def _size(path: Path) -> int:
    return path.stat().st_size


def _kill_group(process: asyncio.subprocess.Process) -> None:
    # Only while it is unreaped: after that the number may belong to somebody else.
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


async def _reap(process: asyncio.subprocess.Process, program: Program) -> None:
    await process.wait()
    await gone(program.mark)
    for file in (program.out, program.err):  # a Tail still reads the untrimmed one, which it has open
        trim(file)


async def gone(mark: str) -> None:
    """Kill everything that carries the mark, until nothing does.

    With bubblewrap the kernel has done so already (the PID namespace is dead), and this only waits for the last of
    it, so that nobody reads the tree while something still writes there. Without, this is what kills.
    """
    deadline = asyncio.get_running_loop().time() + LAST_BREATH
    while found := await asyncio.to_thread(marked, mark):
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if asyncio.get_running_loop().time() > deadline:
            raise BaroError("Processes of an agent could not be stopped.", evidence=f"process ids: {found}")
        await asyncio.sleep(0.005)


def marked(mark: str, *further: str) -> list[int]:
    """The processes whose environment has the mark, and `further` entries like `NAME=value`; none where there is no
    /proc."""
    wanted = {entry.encode() for entry in (f"{MARK}={mark}", *further)}
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended, or it is somebody else's
            if wanted <= set((entry / "environ").read_bytes().split(b"\0")):
                found.append(int(entry.name))
    return found
