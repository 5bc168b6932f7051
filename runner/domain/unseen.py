"""Characters that nobody sees and that make a text read otherwise than it is: Trojan source and hidden messages.

What writing needs is left alone: joiners inside words of scripts that have them, directional marks beside letters
written from right to left, sequences that make one emoji, and the mark at the beginning of a file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from msgspec import Struct

_BIDI = "\u202a-\u202e\u2066-\u2069"
_MARKS = "\u200e\u200f\u061c"
_JOINERS = "\u200c\u200d"
_HIDDEN = "\u200b\u2060-\u2064\ufeff\u3164\uffa0\U000e0000-\U000e007f"
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_SUSPECT = re.compile(f"[{_BIDI}{_MARKS}{_JOINERS}{_HIDDEN}]|[{_SELECTORS}]{{2,}}")
"""One variation selector chooses a glyph; a row of them is data that nobody sees."""

_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{2,6}\U000e007f")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_JOINING = re.compile("[\u0600-\u0dff\u1000-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc\U00011000-\U000117ff]")
"""scripts in which a joiner, or the lack of one, changes how letters are written"""
_MADE_EMOJI = "\ufe0f\U000e007f"


class Unseen(Struct, frozen=True):
    """One such character, by its code point, in one line (from 1) of a text."""

    point: str
    line: int

    def __str__(self) -> str:
        return f"{self.point} in line {self.line}"


def unseen(text: str, before: str = "") -> Unseen | None:
    """The first in a line that `before` does not have. Characters that `before` uses already are this file's own."""
    if not _SUSPECT.search(text):
        return None
    own, old = set(_SUSPECT.findall(before)), frozenset(before.split("\n")) if before else frozenset()
    for number, line in enumerate(text.split("\n"), start=1):
        if line in old or not _SUSPECT.search(line):
            continue
        for found in _odd(line.removeprefix("\ufeff") if number == 1 else line):
            if found not in own:
                return Unseen(f"U+{ord(found[0]):04X}", number)
    return None


def unseen_in_name(path: str) -> bool:
    """Does a path have anything in it that does not show as itself?"""
    return any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in path) or unseen(path) is not None


def _odd(line: str) -> Iterator[str]:
    plain = _FLAG.sub("\U0001f3f4", line)
    for match in _SUSPECT.finditer(plain):
        found = match.group()
        before, after = plain[match.start() - 1 : match.start()], plain[match.end() : match.end() + 1]
        if found in _MARKS and _RIGHT_TO_LEFT.search(plain):
            continue
        if found in _JOINERS and (_JOINING.match(before) or (found == "\u200d" and _emoji(before, after))):
            continue
        yield found


def _emoji(before: str, after: str) -> bool:
    """A woman, a joiner and a rocket are one astronaut."""
    made = before != "" and (before in _MADE_EMOJI or unicodedata.category(before) in ("So", "Sk"))
    return made and after != "" and unicodedata.category(after) == "So"
