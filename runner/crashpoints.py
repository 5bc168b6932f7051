"""Places where a SIGKILL would hurt most, so that tests can put one exactly there.

`crashpoint("name")` does nothing unless a test armed that name before the process started work.
"""

from __future__ import annotations

import os
import signal

_armed: dict[str, int] = {}


def arm(spec: str) -> None:
    """`name` or `name:3`: die at the first, or third, time that place is reached. Several are separated by commas."""
    for item in filter(None, spec.split(",")):
        name, _, count = item.partition(":")
        _armed[name] = int(count or 1)


def crashpoint(name: str) -> None:
    """Die here, as by SIGKILL, if a test armed this place."""
    if name not in _armed:
        return
    _armed[name] -= 1
    if _armed[name] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
