"""Checks as real processes in the real sandbox: what they say, and when they could not say anything."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path

import pytest

from runner.adapters.checks import OUTPUT, SandboxedChecks
from runner.adapters.network import Network
from runner.adapters.network.installed import Registries
from runner.adapters.sandbox import Unconfined, choose
from runner.domain.verdict import Check, CheckResult
from runner.ports import Seat
from tests.adapters.seats import make_seat, until

SLEEP = f"sleep {40_000 + os.getpid()}"
"""told apart from other workers' sleeps"""
FILES = {"README.md": "hello\n", "pkg/inner.txt": "inner\n"}


class Bench:
    """One seat, and checks on it. `venv` puts the tests' own Python tools on PATH, without a sandbox."""

    def __init__(self, root: Path, files: dict[str, str] | None = None, *, venv: bool = False) -> None:
        tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.seat: Seat = make_seat(root / "seat", files or FILES)
        sandbox = Unconfined(tools) if venv else choose("auto", os.environ["PATH"])
        self.checks = SandboxedChecks(sandbox, Network("model", Registries({}), own=sandbox.own_network))

    async def run(self, command: str, directory: str = "", silence: float = 30.0) -> CheckResult:
        check = Check("the check", command, "Makefile", directory)
        return await self.checks.run(self.seat, check, silence=silence)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


# --- pass and fail ---------------------------------------------------------------------------------------------


async def test_the_exit_code_decides_and_not_the_words(bench: Bench) -> None:
    passed = await bench.run("echo '3 failed, 2 errors, FAIL'; exit 0")
    assert (passed.name, passed.state, passed.output, passed.reason) == ("the check", "pass", "", "")
    failed = await bench.run("echo 'fail 0, all passed'; exit 1")
    assert (failed.state, failed.output, failed.reason) == ("fail", "fail 0, all passed", "")
    assert 0 < failed.seconds < 20


async def test_what_failed_shows_both_streams_in_the_order_they_were_written(bench: Bench) -> None:
    result = await bench.run("echo one; echo two >&2; echo three; exit 1")
    assert result.output == "one\ntwo\nthree"


async def test_of_a_long_output_the_end_is_kept_where_the_cause_stands(bench: Bench) -> None:
    result = await bench.run("seq 1 100000; printf '\\033[31mE  the cause\\033[0m\\n'; exit 1")
    assert len(result.output) <= OUTPUT
    assert result.output.endswith("99999\n100000\nE  the cause")


async def test_a_check_runs_in_its_own_directory_on_the_tree_it_may_write_to(bench: Bench) -> None:
    assert (await bench.run("cat inner.txt && touch made && cd .. && test -e README.md", "pkg")).state == "pass"
    assert (bench.seat.tree / "pkg/made").exists()


async def test_a_check_is_told_that_nobody_watches(bench: Bench) -> None:
    assert (await bench.run('test "$CI" = 1 && ! read answer')).state == "pass"


@pytest.mark.parametrize("place", ["", "pkg/"])
async def test_tools_of_a_virtual_environment_in_the_tree_come_first(bench: Bench, place: str) -> None:
    tool = bench.seat.tree / place / ".venv/bin/python3"
    tool.parent.mkdir(parents=True)
    tool.write_text("#!/bin/sh\nexit 3\n")
    tool.chmod(0o755)
    assert (await bench.run("python3 -m pytest", "pkg")).state == "fail"


async def test_the_sandbox_shows_a_check_the_tree_and_nothing_beside_it(bench: Bench) -> None:
    (bench.seat.tree.parent / "secret").write_text("secret")
    result = await bench.run(f"pwd; ls {bench.seat.tree.parent} ..; exit 1")
    assert "/workspace" in result.output
    assert "secret" not in result.output.replace(str(bench.seat.tree.parent), "")


async def test_each_check_gets_an_empty_home_and_leaves_none(bench: Bench) -> None:
    protected = 'mkdir -p "$HOME/go/mod" && touch "$HOME/go/mod/x" && chmod -R a-w "$HOME/go"'
    assert (await bench.run(protected)).state == "pass"
    assert (await bench.run('test ! -e "$HOME/go"')).state == "pass"
    assert {path.name for path in bench.seat.tree.parent.iterdir()} == {"source", "tree", "seat.git"}


async def test_a_failing_test_is_a_failure_and_one_that_prints_a_shells_words_too(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        {"tests/test_a.py": "def test_a():\n    print('sh: 1: foo: not found')\n    assert 1 == 2\n"},
        venv=True,
    )
    result = await bench.run("python3 -m pytest")
    assert result.state == "fail"
    assert "assert 1 == 2" in result.output
    assert "1 failed" in result.output


# --- skipped ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("no-such-runner --all", "`no-such-runner` is not installed where checks run"),
        ("python3 -m no_such_module", "`no_such_module` is not installed where checks run"),
        ("exit 127", "a program it needs is not installed where checks run"),
        ("kill -KILL $$", "it was killed by SIGKILL, which says nothing about the code"),
        ("sh -c 'kill -SEGV $$'", "it was killed by SIGSEGV, which says nothing about the code"),
        ("echo 'WARN Local package.json exists, but node_modules missing, did you mean to install?'; exit 1",
         "the project's dependencies are not installed where checks run"),
        ("echo 'No tests found, exiting with code 1'; exit 1", "it found no tests"),
    ],
)  # fmt: skip
async def test_what_could_not_run_is_skipped_with_the_reason(bench: Bench, command: str, reason: str) -> None:
    result = await bench.run(command)
    assert (result.state, result.reason, result.output) == ("skipped", reason, "")


async def test_a_missing_program_behind_make_is_still_a_missing_program(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path, {"Makefile": "test:\n\tno-such-runner --all\nlint:\n\t@python3 -m no_such_module\nbad:\n\t@false\n"}
    )
    assert (await bench.run("make test")).reason == "`no-such-runner` is not installed where checks run"
    assert (await bench.run("make lint")).reason == "`no_such_module` is not installed where checks run"
    assert (await bench.run("make bad")).state == "fail"


async def test_a_missing_program_behind_npm_is_still_a_missing_program(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"package.json": '{"scripts": {"test": "no-such-jest", "lint": "exit 3"}}'})
    assert (await bench.run("npm run test")).reason == "`no-such-jest` is not installed where checks run"
    assert (await bench.run("npm run lint")).state == "fail"
    assert (await bench.run("npm run gone")).state == "fail"


async def test_tests_that_are_not_there_are_skipped_directly_and_through_make(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path, {"Makefile": "test:\n\tpython3 -m pytest\nusage:\n\tpython3 -m pytest nowhere\n"}, venv=True
    )
    assert (await bench.run("python3 -m pytest -q")).reason == "it found no tests"
    assert (await bench.run("make test")).reason == "it found no tests"
    assert (await bench.run("make usage")).state == "fail"
    assert (await bench.run("exit 5")).state == "fail"


async def test_a_directory_that_the_change_removed_is_skipped(bench: Bench) -> None:
    assert (await bench.run("true", "gone/pkg")).reason == "`gone/pkg` is no longer there"


async def test_a_check_that_falls_silent_is_stopped_with_everything_it_started(bench: Bench) -> None:
    result = await bench.run(f"echo watching; setsid {SLEEP} & {SLEEP}", silence=0.3)
    assert (result.state, result.reason) == ("skipped", "it printed nothing for 0.3 s and was stopped")
    assert not _left()


async def test_a_check_that_goes_on_printing_is_not_stopped(bench: Bench) -> None:
    slow = "for n in 1 2 3 4; do echo $n; sleep 1; done"
    assert (await bench.run(slow, silence=3)).state == "pass"


@pytest.mark.parametrize("venv", [False, True])
async def test_cancelling_a_check_leaves_no_process(tmp_path: Path, venv: bool) -> None:
    bench = Bench(tmp_path, venv=venv)
    task = asyncio.create_task(bench.run(f"touch started; setsid {SLEEP} & {SLEEP}"))
    await until((bench.seat.tree / "started").exists)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not _left()


def _left() -> list[str]:
    """Processes of these tests that still sleep."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has just ended
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip())
    return [line for line in found if line == SLEEP]
