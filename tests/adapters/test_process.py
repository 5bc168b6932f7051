"""Programs are run with exactly what they are given, and nothing of them is left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.adapters import process
from runner.adapters.process import Exit, Program, Tail, last_words, marked, trim
from tests.adapters.seats import until


class Shell:
    """Runs shell commands in a directory, and keeps what they print."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lines: list[bytes] = []
        self.mark = f"test-{os.getpid()}-{root.name}"

    def program(self, command: str, stdin: bytes = b"", **env: str) -> Program:
        return Program(
            argv=("/bin/sh", "-c", command),
            env={"PATH": os.environ["PATH"], **env},
            cwd=self.root,
            out=self.root / "out",
            err=self.root / "err",
            mark=self.mark,
            stdin=stdin,
        )

    async def run(self, command: str, stdin: bytes = b"", silence: float = 20.0) -> Exit:
        return await process.run(self.program(command, stdin), self.lines.append, silence=silence)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


async def test_the_environment_is_exactly_what_was_given(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_secret")
    await process.run(shell.program("env", A="1"), shell.lines.append, silence=20)
    names = {line.partition(b"=")[0].decode() for line in shell.lines}
    assert names - {"PWD", "OLDPWD", "SHLVL", "_"} == {"PATH", "A", process.MARK}


async def test_standard_input_arrives_whole(shell: Shell) -> None:
    assert await shell.run("wc -c", stdin=b"x" * 400_000) == Exit(0)
    assert shell.lines[0].strip() == b"400000"


async def test_all_output_is_read_in_order_with_lines_of_any_length(shell: Shell) -> None:
    await shell.run("head -c 3000000 /dev/zero | tr '\\0' x; echo; printf 'a\\342\\200\\250b\\nno newline'")
    assert [len(line) for line in shell.lines] == [3_000_000, 5, 10]


async def test_output_of_the_last_moment_is_not_lost(shell: Shell) -> None:
    await shell.run("seq 200000")
    assert shell.lines[-1] == b"200000"


@pytest.mark.parametrize(
    ("command", "signal_number"), [("kill -9 $$", signal.SIGKILL), ("exit 143", signal.SIGTERM), ("exit 3", 0)]
)
async def test_a_death_by_signal_is_told_from_an_exit(shell: Shell, command: str, signal_number: int) -> None:
    assert (await shell.run(command)).signal == signal_number


async def test_silence_stops_it(shell: Shell) -> None:
    assert (await shell.run("echo begin; sleep 60", silence=2)).stopped == "silent"
    assert shell.lines == [b"begin"]


@pytest.mark.parametrize("stream", ["1", "2"])
async def test_output_on_either_stream_is_a_sign_of_life(shell: Shell, stream: str) -> None:
    exit = await shell.run(f"for i in 1 2 3 4; do echo $i >&{stream}; sleep 1; done", silence=3)
    assert exit == Exit(0)


async def test_a_busy_program_may_be_silent(shell: Shell) -> None:
    exit = await process.run(shell.program("sleep 0.4"), shell.lines.append, silence=0.1, busy=lambda: True)
    assert exit == Exit(0)


async def test_what_prints_without_end_is_stopped(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "FLOOD", 1 << 20)
    assert (await shell.run("yes")).stopped == "flooded"


async def test_children_in_sessions_of_their_own_do_not_survive_the_end(shell: Shell) -> None:
    await shell.run("setsid sleep 300 & setsid sh -c 'sleep 300 & wait' & echo started")
    assert marked(shell.mark) == []


async def test_children_in_sessions_of_their_own_do_not_survive_a_cancellation(shell: Shell) -> None:
    running = asyncio.create_task(shell.run("setsid sleep 300 & echo started; sleep 300"))
    await until(lambda: shell.lines)
    assert len(marked(shell.mark)) >= 3
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert marked(shell.mark) == []


async def test_a_second_cancellation_leaves_nothing_either(shell: Shell) -> None:
    running = asyncio.create_task(shell.run("setsid sleep 300 & echo started; sleep 300"))
    await until(lambda: shell.lines)
    running.cancel()
    asyncio.get_running_loop().call_soon(running.cancel)
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(lambda: not marked(shell.mark))


async def test_leftovers_of_a_runner_that_died_are_killed_before_the_attempt_starts_again(shell: Shell) -> None:
    left = await asyncio.create_subprocess_exec("sleep", "300", env={**os.environ, process.MARK: shell.mark})
    await shell.run("true")
    assert await left.wait() == -signal.SIGKILL


async def test_other_attempts_are_left_alone(shell: Shell) -> None:
    other = await asyncio.create_subprocess_exec("sleep", "300", env={**os.environ, process.MARK: f"{shell.mark}x"})
    await shell.run("true")
    assert other.returncode is None
    other.kill()
    await other.wait()


async def test_a_program_that_does_not_exist_is_an_error_of_ours(shell: Shell) -> None:
    program = Program(("/no/such/program",), {}, shell.root, shell.root / "out", shell.root / "err", shell.mark)
    with pytest.raises(FileNotFoundError):
        await process.run(program, shell.lines.append, silence=1)


async def test_the_end_is_noticed_at_once(shell: Shell) -> None:
    started = time.monotonic()
    await shell.run("true")
    assert time.monotonic() - started < 0.5


@given(
    st.lists(st.binary(max_size=20).filter(lambda b: b"\n" not in b), max_size=20),
    st.binary(max_size=5),
    st.integers(1, 9),
)
def test_lines_come_out_as_they_went_in_however_they_are_read(lines: list[bytes], last: bytes, chunk: int) -> None:
    last = last.replace(b"\n", b"")
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(line + b"\n" for line in lines) + last)
        file.flush()
        assert asyncio.run(follow(Path(file.name), chunk)) == [*lines, *([last] if last else [])]


async def test_a_line_that_cannot_be_an_event_is_dropped_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LONGEST_LINE", 10)
    file = tmp_path / "out"
    file.write_bytes(b"one\n0123456789abcdef\ntwo\n0123456789abcdef")
    assert await follow(file, chunk=4) == [b"one", b"two"]


async def follow(path: Path, chunk: int) -> list[bytes]:
    seen: list[bytes] = []
    with contextlib.closing(Tail(path, seen.append, chunk)) as tail:
        await tail.finish()
    return seen


def test_of_a_large_file_the_last_whole_lines_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.write_text("".join(f"line {number}\n" for number in range(1000)))
    trim(file, kept=30)
    assert file.read_text() == "line 997\nline 998\nline 999\n"


def test_last_words_are_the_end_of_it(tmp_path: Path) -> None:
    file = tmp_path / "err"
    file.write_bytes(b"\xff" * 100 + "ä".encode() * 50 + b"\n")
    assert last_words(file, 10) == "ä" * 9
