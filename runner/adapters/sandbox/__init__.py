"""Where an agent's process lives: what it may see and write, and what surrounds it.

`Bubblewrap` (see bubblewrap.py) shows it the tree, a throw-away home and the operating system, and nothing else of
the host, and gives it a network of its own, whose one way out is the room's outlet (see network/). `Unconfined` is for
operators who said so in so many words, in a container of their own for instance.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, Protocol

from runner.domain.allowance import STANDARD, Allowance
from runner.ports import Seat

from .bubblewrap import Bubblewrap
from .limits import launched
from .room import Confined, Inside, Room, Sharing, exposed, furnish, home, surroundings, writable

Setting = Literal["auto", "bubblewrap", "none"]


class Sandbox(Protocol):
    name: str
    own_network: bool
    """what runs inside reaches nothing but its room's outlet; otherwise, whatever the host can reach"""

    def probe(self) -> None:
        """Raises SandboxUnavailable, with the reason and the remedy, if it does not work on this host."""
        ...

    def sharing(self, home: Path) -> Sharing:
        """What it can do for trees below `home`; tried out, not guessed."""
        ...

    def inside(self, seat: Seat, scratch: Path) -> Inside: ...

    def confine(self, room: Room) -> Confined: ...


class Unconfined:
    """No isolation: a process of the runner's own user, with its PATH.

    A read-only seat is only a request here, what a mask would have to hide keeps the agent away altogether, and a
    process that clears its environment outlives its agent. The decoy is found through the tree's own `.git`: a GIT_DIR
    would also redirect the repositories that a project's tests make for themselves.
    """

    name = "none"
    own_network = False

    def __init__(self, path: str, allowance: Allowance = STANDARD) -> None:
        self._path = path
        self._allowance = allowance

    def probe(self) -> None:
        return

    def sharing(self, home: Path) -> Sharing:  # noqa: ARG002 - the same everywhere
        return "portable"

    def inside(self, seat: Seat, scratch: Path) -> Inside:
        return Inside(tree=str(seat.tree), home=str(home(scratch)))

    def confine(self, room: Room) -> Confined:
        if visible := next((name for name in room.masks if os.path.lexists(room.seat.tree / name)), None):
            raise exposed(visible)
        furnish(room)
        env = surroundings(self.inside(room.seat, room.scratch), self._path) | room.env
        argv = launched(room.argv, self._allowance)
        return Confined(argv, env, room.seat.tree, self._allowance, writable(room))


def choose(setting: Setting, path: str, allowance: Allowance = STANDARD) -> Sandbox:
    """The sandbox agents run in; raises SandboxUnavailable. `auto` is bubblewrap or nothing: only the operator may
    waive it."""
    sandbox: Sandbox = Unconfined(path, allowance) if setting == "none" else Bubblewrap(path, allowance)
    sandbox.probe()
    return sandbox
