"""What a delivery wants, as plain values that are kept in the inbox and decided on by a worker.

An ask's `key` names the wish and not the delivery: the same wish twice is one ask, and one run.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from runner.domain.goal import Person, Repository, Thread, Trigger
from runner.domain.mode import Mode
from runner.domain.run import run_id

CommandName = Literal["help", "status", "cancel"]


class _Ask(Struct, frozen=True, tag=True, tag_field="ask", kw_only=True):
    key: str
    installation: int


class _Asked(_Ask, frozen=True, kw_only=True):
    """Asked by somebody, on a thread."""

    thread: Thread
    trigger: Trigger
    sender: Person


class StartRun(_Asked, frozen=True, kw_only=True):
    """Achieve a goal. `title` and `body` are the thread's own, as they stood when the person asked."""

    title: str
    body: str
    url: str
    words: str = ""
    """what the comment says after `/baro`; empty for a label"""
    wish: Mode | None = None
    """the mode the person wished for"""

    @property
    def run(self) -> str:
        return run_id(self.key)


class Command(_Asked, frozen=True, kw_only=True):
    """A word about baro or a run, rather than a goal."""

    name: CommandName


class Misread(_Asked, frozen=True, kw_only=True):
    """Looks like a command and is none. `meant` is the likely one, empty where there is no guess."""

    said: str
    meant: str


class Installed(_Ask, frozen=True, kw_only=True):
    """Repositories came within reach: all of the installation's where none are named."""

    account: str
    repositories: tuple[Repository, ...] = ()


Ask = StartRun | Command | Misread | Installed

_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Ask] = msgspec.json.Decoder(Ask)


def encode(ask: Ask) -> bytes:
    return _ENCODER.encode(ask)


def decode(data: bytes) -> Ask:
    """Raises msgspec.ValidationError for an ask this code does not know."""
    return _DECODER.decode(data)
