"""An attempt that takes too much of the machine is stopped, in words; everybody else goes on."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from runner.adapters import guard, process
from runner.adapters.agents import failures
from runner.adapters.guard import family, proportional, resident, written
from runner.adapters.process import Exit, Program
from runner.adapters.sandbox import choose
from runner.adapters.sandbox.limits import machine_memory, suitable, tasks
from runner.adapters.sandbox.room import Room
from runner.domain.allowance import Allowance, Excess
from runner.ports import Seat
from tests.adapters.seats import make_seat, running, until

MIB = 1 << 20
PYTHON = "/usr/bin/env python3 -c"


class Offender:
    """A command in the sandbox agents get, with a small allowance."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.seat: Seat = make_seat(root / "seat")

    async def run(self, command: str, **allowance: int) -> Exit:
        sandbox = choose("auto", os.environ["PATH"], Allowance(**allowance))
        (self.root / "scratch").mkdir()
        confined = sandbox.confine(Room(self.seat, self.root / "scratch", ("/bin/sh", "-c", command), {}))
        program = Program(
            *(confined.argv, confined.env, confined.cwd, self.root / "out", self.root / "err", str(self.root)),
            allowance=confined.allowance,
            writes=confined.writes,
        )
        async with asyncio.timeout(90):
            return await process.run(program, lambda line: None, silence=80)

    @property
    def said(self) -> str:
        return self.out + (self.root / "err").read_text()

    @property
    def out(self) -> str:
        return (self.root / "out").read_text()


@pytest.fixture
def offender(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Offender:
    monkeypatch.setattr(guard, "WALK", 0.1)
    return Offender(tmp_path)


async def test_who_eats_memory_is_stopped(offender: Offender) -> None:
    hog = f'mkfifo gate; {PYTHON} \'x = b"x" * (300 << 20); open("gate").read()\''
    exit = await offender.run(hog, memory=200 * MIB)
    assert exit.stopped == "memory"


async def test_memory_counts_over_all_processes_of_an_attempt(offender: Offender) -> None:
    each = f'{PYTHON} \'x = b"x" * (80 << 20); open("gate").read()\' &'
    exit = await offender.run(f"mkfifo gate; {each * 4} wait", memory=250 * MIB)
    assert exit.stopped == "memory"


async def test_memory_that_processes_share_counts_once(offender: Offender) -> None:
    """Four forks of a process with 80 MiB: 400 MiB resident in sum, 80 in truth."""
    program = """
import os, time
x = b"x" * (80 << 20)
for _ in range(4):
    if os.fork() == 0:
        open("gate").read()
        os._exit(0)
began = time.monotonic()
while time.monotonic() - began < 1: pass
open("gate", "w").close()
for _ in range(4): os.wait()
"""
    (offender.seat.tree / "forks.py").write_text(program)
    assert await offender.run("mkfifo gate; exec /usr/bin/env python3 forks.py", memory=250 * MIB) == Exit(0)


async def test_who_starts_processes_without_end_is_stopped_and_none_is_left(offender: Offender) -> None:
    word = f"bomb-{offender.root.name}"
    (offender.seat.tree / word).write_text("while :; do (setsid sh -c ': < gate') & done\n")
    exit = await offender.run(f"mkfifo gate; sh {word}", processes=150)
    assert exit.stopped == "processes"
    await until(lambda: not running(word), 60)


async def test_a_sandbox_has_fewer_tasks_than_the_user_who_runs_it(offender: Offender) -> None:
    """The kernel counts them within the sandbox, and exempts root: there the guard is all there is."""
    assert await offender.run("ulimit -u 2>/dev/null || ulimit -p") == Exit(0)
    most = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    assert int(offender.out) == tasks()
    assert tasks() < most or most == resource.RLIM_INFINITY


async def test_a_file_larger_than_all_that_may_be_written_ends_its_writer_only(offender: Offender) -> None:
    exit = await offender.run("head -c 30m /dev/zero > big; echo $?; stat -c %s big; ulimit -c", disk=20 * MIB)
    assert exit == Exit(0)
    code, size, core = offender.out.split()
    assert (int(code) > 0, int(size) <= 20 * MIB, core) == (True, True, "0")


async def test_who_fills_the_disk_with_many_files_is_stopped_and_the_work_is_kept(offender: Offender) -> None:
    (offender.seat.tree / "fill.sh").write_text(
        "echo mine > work\nmkfifo gate\n"
        "for n in 1 2 3 4 5 6; do head -c 5m /dev/zero > tree-$n; head -c 5m /dev/zero > $HOME/home-$n; done\n"
        "cat gate\n"
    )
    exit = await offender.run("sh fill.sh", disk=40 * MIB, spare=0)
    assert exit.stopped == "disk"
    assert (offender.seat.tree / "work").read_text() == "mine\n"


async def test_what_was_there_before_counts_for_nobody(offender: Offender) -> None:
    (offender.seat.tree / "large").write_bytes(b"x" * (50 * MIB))
    since = (offender.seat.tree / "large").stat().st_ctime + 0.001
    assert await offender.run("read line < README.md; sleep 0.5", disk=40 * MIB, spare=0) == Exit(0)
    assert written([offender.seat.tree], since, 1 << 40) < MIB


async def test_a_volume_without_room_stops_an_attempt_before_it_is_full(offender: Offender) -> None:
    assert (await offender.run("mkfifo gate; cat gate", spare=1 << 60)).stopped == "full"


async def test_directories_in_memory_have_a_size_and_dev_takes_no_files(offender: Offender) -> None:
    await offender.run("df -k /tmp /var/tmp /dev/shm | tail -n 3; touch /dev/file")
    sizes = [int(line.split()[1]) for line in offender.said.splitlines()[:3]]
    assert sizes == [1 << 20] * 3
    assert "Read-only" in offender.said


async def test_settings_of_the_kernel_cannot_be_changed_even_where_the_runner_is_root(offender: Offender) -> None:
    """To the kernel, an agent of a runner that is root is root as far as /proc/sys goes."""
    await offender.run(
        "for f in sys/kernel/core_pattern sys/kernel/hostname sys/vm/swappiness mtrr sysrq-trigger pressure/cpu; do"
        " test ! -e /proc/$f || { : >> /proc/$f; } 2>/dev/null && test -e /proc/$f && echo $f; done; true"
    )
    assert offender.said == ""


async def test_an_ordinary_command_is_left_alone(offender: Offender) -> None:
    assert await offender.run("echo x > file; sleep 0.3; cat file") == Exit(0)


async def test_children_and_their_memory_are_found_from_the_first_process() -> None:
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
    assert child.pid in family(os.getpid(), 1000)
    assert family(os.getpid(), 0) != []
    assert 0 < proportional(os.getpid()) <= resident(os.getpid())
    child.kill()
    await child.wait()
    assert resident(child.pid) == proportional(child.pid) == 0


@pytest.mark.parametrize(
    ("excess", "kind"), [("memory", "execution"), ("disk", "execution"), ("full", "infrastructure")]
)
def test_what_an_attempt_did_itself_counts_against_its_story(excess: Excess, kind: str) -> None:
    assert failures.too_much("claude", excess, Allowance(), "").kind == kind


def test_the_sentence_says_what_was_too_much_and_how_much_there_is() -> None:
    said = [failures.too_much("claude", excess, Allowance(memory=1536 * MIB, disk=512 * MIB), "").message
            for excess in ("memory", "processes", "disk", "full")]  # fmt: skip
    assert said == snapshot(
        [
            "claude was stopped: it and what it started used more than 1.5 GiB of memory.",
            "claude was stopped: it ran more than 2048 processes at a time.",
            "claude was stopped: it wrote more than 512 MiB to disk.",
            "claude was stopped: less than 1 GiB was left on the disk of this machine.",
        ]
    )


def test_a_container_with_less_memory_than_its_machine_has_is_noticed(tmp_path: Path) -> None:
    assert machine_memory(tmp_path) > 0
    (tmp_path / "memory.max").write_text("max\n")
    assert machine_memory(tmp_path) == machine_memory(tmp_path / "nothing")
    (tmp_path / "memory.max").write_text(f"{64 * MIB}\n")
    assert machine_memory(tmp_path) == 64 * MIB


def test_what_the_operator_says_outranks_what_suits_the_machine() -> None:
    assert suitable(123 * MIB, 456 * MIB) == Allowance(memory=123 * MIB, disk=456 * MIB)
    assert suitable(None, None).memory <= machine_memory() // 2
