"""What holds an attempt to its allowance, beside the sandbox's own sizes for directories that live in memory.

The kernel holds the size of a file, core files and, counted within the sandbox, its tasks; the guard (guard.py) holds
what no kernel counts for a tree of processes: resident memory, the number of processes, what was written to disk.
"""

from __future__ import annotations

import os
import resource
from pathlib import Path

from runner.domain.allowance import STANDARD, Allowance

TASKS = 4096
"""processes and threads of one sandbox; many threads are usual, many processes are not"""
TASKS_SHARE = 4
"""one sandbox gets at most this part of what the runner's user may start; the kernel exempts root from all of it"""
FILE_BLOCK = 512
"""bytes: the unit of the shell's `ulimit -f`"""

# Agents lose before the runner does: no core files, a ceiling on the size of files, first choice when memory runs out,
# and never ahead of the lease's heartbeat. What a system does not know is skipped.
LAUNCHER = """ulimit -c 0
ulimit -f "$1" 2>/dev/null
shift
echo 500 2>/dev/null >/proc/self/oom_score_adj
exec nice -n 5 "$@"
"""
# Said inside: the kernel counts tasks within the user namespace in which the limit was set. Said outside, it would
# count everything the runner's user has, and the first sandbox to reach it would starve the others.
BOUNDED = """ulimit -u "$1" 2>/dev/null || ulimit -p "$1" 2>/dev/null
shift
exec "$@"
"""


def launched(argv: tuple[str, ...], allowance: Allowance) -> tuple[str, ...]:
    return ("/bin/sh", "-c", LAUNCHER, "agent", str(allowance.disk // FILE_BLOCK), *argv)


def bounded(argv: tuple[str, ...]) -> tuple[str, ...]:
    """For what starts inside a user namespace of its own."""
    return ("/bin/sh", "-c", BOUNDED, "agent", str(tasks()), *argv)


def tasks() -> int:
    _, most = resource.getrlimit(resource.RLIMIT_NPROC)
    return TASKS if most == resource.RLIM_INFINITY else min(TASKS, max(most // TASKS_SHARE, 1))


def suitable(memory: int | None, disk: int | None) -> Allowance:
    """What the operator said, or what suits this machine: of its memory no more than half."""
    half = machine_memory() // 2
    return Allowance(memory=memory or min(STANDARD.memory, half), disk=disk or STANDARD.disk)


def machine_memory(groups: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes: the machine's, or less where a container around us has a limit of its own."""
    known = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        path = groups / name
        if path.exists() and (said := path.read_text().strip()).isdigit():
            known.append(int(said))
    return min(known)
