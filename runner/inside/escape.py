"""Tries to break out of the sandbox it runs in, by every way it knows, and says which of them led anywhere.

It runs where an agent would, on a bare interpreter (`python -I -S escape.py MARK`). From standard input it reads what
to look for, and prints what it tried and what it found:

    {"files": [path…], "environment": [SHA-256 of `NAME=value`…], "namespaces": {"pid": "pid:[1]", …},
     "writes": [directory…], "redis": [host, port] or [path] or []}
    {"tried": [name…], "found": {name: evidence…}}

Before it ends it leaves a process behind, in a session of its own, that carries MARK on its command line: whoever
started us sees whether that is gone afterwards. A new way to try is a function in PROBES.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

PATIENCE = 1.0
"""seconds for a connection"""
LEFT_BEHIND = 600
"""seconds the process that is left behind would live"""
CROWD = 12
"""processes: more are not only ours"""
MACHINE = ("sys/kernel", "sys/vm", "sys/fs", "sys/user", "pressure", "irq", "mtrr", "sysrq-trigger")
"""what lies in /proc and is the whole machine's"""

Wanted = dict[str, Any]


def files(wanted: Wanted) -> Iterator[str]:
    """The home of the runner's user, baro's own data, other runs."""
    yield from filter(_opens, wanted["files"])


def environment(wanted: Wanted) -> Iterator[str]:
    """What the runner knows, in whatever process shows it. Only the name is told: values are secrets."""
    known = set(wanted["environment"])
    for pid in _processes():
        for entry in _read(f"/proc/{pid}/environ").split(b"\0"):
            if hashlib.sha256(entry).hexdigest() in known:
                yield f"{entry.split(b'=')[0].decode(errors='replace')} in process {pid}"


def namespaces(wanted: Wanted) -> Iterator[str]:
    for name, host in wanted["namespaces"].items():
        if name != "net" and _namespace(name) == host:
            yield name


def network(wanted: Wanted) -> Iterator[str]:
    """The network of the host, where everything that listens is one connection away."""
    if _namespace("net") == wanted["namespaces"].get("net"):
        yield "the host's network namespace"


def processes(_: Wanted) -> Iterator[str]:
    pids = _processes()
    if len(pids) > CROWD:
        yield f"{len(pids)} processes"


def writes(wanted: Wanted) -> Iterator[str]:
    """Places outside of the tree, the home and the temporary directories."""
    for directory in wanted["writes"]:
        path = os.path.join(directory, f".baro-{os.getpid()}")
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        except OSError:
            continue
        os.unlink(path)
        yield directory


def kernel(_: Wanted) -> Iterator[str]:
    """Settings of the machine. They are opened, never written."""
    for name in MACHINE:
        path = f"/proc/{name}"
        inside = [os.path.join(path, entry) for entry in os.listdir(path)] if os.path.isdir(path) else [path]
        yield from (one for one in inside if os.path.isfile(one) and _opens(one, os.O_WRONLY))


def privileges(_: Wanted) -> Iterator[str]:
    status = dict(line.split(":\t", 1) for line in _read("/proc/self/status").decode().splitlines() if ":\t" in line)
    if int(status["CapEff"], 16):
        yield f"capabilities {status['CapEff']}"
    if status.get("NoNewPrivs", "1").strip() != "1":
        yield "programs may give more rights to who starts them"


def redis(wanted: Wanted) -> Iterator[str]:
    """Whoever writes there starts work."""
    if not (address := wanted["redis"]):
        return
    try:
        if len(address) == 1:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(address[0])
        else:
            socket.create_connection((address[0], int(address[1])), PATIENCE).close()
    except OSError:
        return
    yield ":".join(map(str, address))


PROBES: dict[str, Callable[[Wanted], Iterator[str]]] = {
    probe.__name__: probe
    for probe in (files, environment, namespaces, processes, writes, kernel, privileges, redis, network)
}


def _opens(path: str, flags: int = os.O_RDONLY) -> bool:
    try:
        os.close(os.open(path, flags | os.O_NONBLOCK))
    except OSError:
        return False
    return True


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _processes() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdigit()]


def _namespace(name: str) -> str:
    try:
        return os.readlink(f"/proc/self/ns/{name}")
    except OSError:
        return ""


def _stay(mark: str) -> None:
    """A process that nobody waits for, no signal to a group or a session reaches, and no environment gives away."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            sleep = f"import time; time.sleep({LEFT_BEHIND})"
            os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", sleep, mark], {})  # noqa: S606 - our own words
        os._exit(0)
    os.wait()


def main() -> None:
    wanted = json.load(sys.stdin)
    found = {name: ", ".join(list(probe(wanted))[:5]) for name, probe in PROBES.items()}
    _stay(sys.argv[1])
    print(json.dumps({"tried": list(PROBES), "found": {name: what for name, what in found.items() if what}}))


if __name__ == "__main__":
    main()
