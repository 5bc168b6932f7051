"""The name under which a runner holds leases: the same after a restart, and never that of another live runner."""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runner.errors import BaroError

SLOTS = 64
"""runners that can share one BARO_HOME"""


@contextmanager
def host_name(home: Path) -> Iterator[str]:
    """The first name of this home that no live process has. The lock dies with its process, the name does not:
    whoever comes next inherits it, and with it the leases a killed runner left behind."""
    directory = home / "hosts"
    directory.mkdir(parents=True, exist_ok=True)
    for slot in range(SLOTS):
        descriptor = os.open(directory / f"{slot}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        try:
            yield _name(descriptor)
        finally:
            os.close(descriptor)
        return
    raise BaroError(f"{SLOTS} runners already share {home}.", hint="Give this one a BARO_HOME of its own.")


def _name(descriptor: int) -> str:
    """Random once, then read back: machines that share nothing must not share a name."""
    known = os.pread(descriptor, 100, 0).decode()
    if known:
        return known
    name = uuid.uuid4().hex[:12]
    os.pwrite(descriptor, name.encode(), 0)
    return name
