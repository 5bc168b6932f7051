"""Secrets in a text: this installation's own by value, in plain and encoded, and anybody's by their shape."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import zip_longest

from msgspec import Struct

from .text import defused, html_words, inert
from .tokens import sightings

REDACTED = "[redacted]"
SHORTEST = 8
"""characters; a shorter value would be found by chance in honest text"""

OWN = "a secret of this installation"
_KEY = "a private key"

_KEY_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_MATERIAL = re.compile(r"[A-Za-z0-9+/=]{40,}")
_KEY_LEAD = 400
"""characters after the first line of a key within which its material begins"""

# What stands between the parts of a literal that was cut: `"abc" + "def"`, and the ends of wrapped lines.
_SEAM = re.compile(r"[\"'`][ \t]{0,8}[+.,]?[ \t]{0,8}[\"'`]")
_EDGES = (" \t\r\"'`\\", " \t\r\"'`\\+,.;()#*")


class Leak(Struct, frozen=True):
    """What was found. Two with the same `value` are the same secret, wherever they stand."""

    kind: str
    value: str


class Secrets:
    """The exact values that must not leave this machine, and with them every credential of a known shape."""

    def __init__(self, values: Iterable[str]) -> None:
        self._forms = _forms(tuple(sorted({value for value in values if len(value) >= SHORTEST})))

    def leaks(self, text: str) -> frozenset[Leak]:
        """All secrets in `text`: plain, in base64 or hexadecimal, and our own also where lines or literals cut them."""
        found = {Leak(OWN, value) for form, value in self._forms if form in text}
        if self._forms:
            found |= {Leak(OWN, value) for whole in _mended(text) for form, value in self._forms if form in whole}
        found |= {Leak(sighting.kind, sighting.value) for sighting in sightings(text)}
        # A key is known by its first line of material: what follows it in the file is not part of what it is.
        materials = (_KEY_MATERIAL.search(text, start) for start, _ in _keys(text))
        return frozenset(found | {Leak(_KEY, material.group()) for material in materials if material})

    def redacted(self, text: str) -> str:
        """The same text without a secret in it."""
        for form, _ in self._forms:
            text = text.replace(form, REDACTED)
        spans = [(one.start, one.end) for one in sightings(text, dull=True)]
        for start, end in reversed(_apart(sorted(spans + _keys(text)))):
            text = text[:start] + REDACTED + text[end:]
        return text


# --- our own ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=32)
def _forms(values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """(what to look for, which secret that is), the longest first, so that no tail of one is left behind."""
    pairs = {
        form: value for value in values for form in (value, *_shown(value), *_encoded(value.encode(errors="replace")))
    }
    return tuple(sorted(pairs.items(), key=lambda pair: len(pair[0]), reverse=True))


def _shown(secret: str) -> Iterator[str]:
    """As our own surfaces escape it."""
    yield inert(secret)
    yield defused(secret)
    if "\n" not in secret:
        yield html_words(secret, len(secret))


def _encoded(secret: bytes) -> Iterator[str]:
    """As it looks inside a longer text that was encoded: in base64 that depends on where it begins, by three."""
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + secret).decode()
        # The first and last character share bits with the neighbours, which we do not know.
        begin = (before * 8 + 5) // 6
        end = (before + len(secret)) * 8 // 6
        inner = whole[begin:end]
        yield inner
        yield inner.translate(str.maketrans("+/", "-_"))
    yield secret.hex()
    yield secret.hex().upper()


def _mended(text: str) -> Iterator[str]:
    """The text with its lines and literals joined up. Only for exact values: joined text is full of odd shapes."""
    joined = _SEAM.sub("", text)
    lines = joined.split("\n")
    for edge in _EDGES:
        yield "".join(line.strip(edge) for line in lines)


# --- anybody's -------------------------------------------------------------------------------------------------


def _keys(text: str) -> list[tuple[int, int]]:
    """Where private keys stand. A first line without key material is code that handles keys, and no key."""
    spans: list[tuple[int, int]] = []
    begins = list(_KEY_BEGIN.finditer(text))
    for begin, following in zip_longest(begins, begins[1:]):
        until = following.start() if following else len(text)
        end = _KEY_END.search(text, begin.end(), until)
        limit = min(begin.end() + _KEY_LEAD, end.start() if end else until)
        if _KEY_MATERIAL.search(text, begin.end(), limit):
            spans.append((begin.start(), end.end() if end else until))
    return spans


def _apart(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted spans, with those that touch made one."""
    apart: list[tuple[int, int]] = []
    for start, end in spans:
        if apart and start <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart
