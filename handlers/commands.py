"""The grammar of `/baro …`: what a comment says to us, decided without looking at anything else.

A command stands at the start of a line, outside quotes and code. A comment is one ask: its first command counts.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import get_args

from msgspec import Struct

from runner.domain.mode import Mode

from .asks import CommandName
from .reading import addressed, lines_of

NAMES: tuple[CommandName, ...] = get_args(CommandName)
RESERVED = ("why", "plan", "mode", "approve", "hold", "resume", "retry", "skip", "preview", "config")
"""words that will be commands: nobody should pay for a run because they were early"""
SYNONYMS = {"stop": "cancel", "abort": "cancel", "kill": "cancel", "usage": "help", "state": "status", "?": "help"}
FILLERS = frozenset(["please", "pls", "now", "it", "this", "that", "run", "the", "all", "thanks", "again"])
"""what people add to a command without making it a goal"""
CLOSE = 0.75
"""similarity (difflib's ratio) from which a lone word is taken for a slip of the pen"""


class Goal(Struct, frozen=True):
    """Work to do, in the person's words; `wish` is the mode they began with."""

    words: str
    wish: Mode | None = None


class Word(Struct, frozen=True):
    """A command."""

    name: CommandName


class Unsure(Struct, frozen=True):
    """The one kind of error: looks like a command, is none. `meant` is the likely one, or empty."""

    said: str
    meant: str


Said = Goal | Word | Unsure


def read(comment: str) -> Said | None:
    """None: nothing in it is for us."""
    lines = lines_of(comment)
    found = addressed(lines)
    if not found:
        return None
    first, end = found[0], found[1] if len(found) > 1 else len(lines)
    line = lines[first].strip()[len("/baro") :].strip()
    below = lines[first + 1 : end]
    return next((said for parse in PARSERS if (said := parse(line, below)) is not None), None)


# /baro            with nothing under it
# /baro help
# /baro status
# /baro cancel     alone on its line
def _word(line: str, below: list[str]) -> Said | None:
    if not line:
        return None if _paragraph(below) else Word("help")
    word = line.rstrip(".!").lower()
    return next((Word(name) for name in NAMES if name == word), None)


# /baro retry S3   a command of a later version
# /baro cancel it  a command with small talk around it
# /baro canel      a slip of the pen
def _unsure(line: str, below: list[str]) -> Said | None:  # noqa: ARG001  (every parser has the same two arguments)
    first, *rest = line.lower().rstrip(".!").split() or [""]
    small_talk = FILLERS.issuperset(word.strip(",.!") for word in rest)
    if first in RESERVED and (small_talk or (len(rest) == 1 and first in ("mode", "retry", "skip"))):
        return Unsure(said=line, meant="")
    if first in NAMES and small_talk:
        return Unsure(said=line, meant=first)
    if rest or not first:
        return None
    near = get_close_matches(first, (*NAMES, *RESERVED), n=1, cutoff=CLOSE)
    meant = SYNONYMS.get(first) or next(iter(near), "")
    return Unsure(said=line, meant=meant if meant in NAMES else "") if meant else None


# /baro parallel <goal>     the person decides the mode
def _shaped(line: str, below: list[str]) -> Said | None:
    first, _, rest = line.partition(" ")
    words = "\n".join([rest, *below]).strip()
    return Goal(words, Mode(first.lower())) if first.lower() in {*Mode} and words else None


# /baro <goal>     to the end of the comment, or to the next command
# /baro
# <goal>           the same, begun on the next line
def _goal(line: str, below: list[str]) -> Said | None:
    return Goal("\n".join([line, *below]).strip())


Parser = Callable[[str, list[str]], Said | None]
PARSERS: tuple[Parser, ...] = (_word, _unsure, _shaped, _goal)


def _paragraph(below: list[str]) -> bool:
    """Whether the text goes on directly under the line."""
    return bool(below and below[0].strip())
