"""Reads markdown the way GitHub shows it, as far as commands need: what is text, and what is quote, code or hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

NEST = 12
"""block levels that are looked into; deeper text is neither a command nor worth its price"""
LINES = 2_000
"""lines that are looked at. Markdown costs by the line (nested quotes: 20 µs each), and anybody may comment"""

MENTION = re.compile(r"/baro(?=\s|$)", re.IGNORECASE)
_MAYBE = re.compile(r"^[ \t]*/baro(?=\s|$)", re.IGNORECASE | re.MULTILINE)


def lines_of(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def addressed(lines: list[str]) -> list[int]:
    """The numbers of the lines whose first word is `/baro`, outside quotes, code and HTML."""
    text = "\n".join(lines[:LINES])
    maybe = [found.start() for found in islice(_MAYBE.finditer(text), 2)]
    if not maybe:
        return []
    if maybe == [0] and text[0] == "/":
        return [0]  # the usual comment: nothing stands before the command that could make it a quote or code
    return [number for number in _mentions(_READER.parse(text)) if MENTION.match(lines[number].lstrip())]


def visible(text: str) -> str:
    """The text without HTML comments, which hide words from the people who vouch for it; code keeps them."""
    lines = lines_of(text)
    code = {
        number
        for token in _READER.parse("\n".join(lines[:LINES]))
        if token.type in ("fence", "code_block") and token.map
        for number in range(*token.map)
    }
    shown, hiding = [], False
    for number, line in enumerate(lines):
        kept, hiding = (line, False) if number in code else _uncomment(line, hiding)
        shown.append(kept)
    return "\n".join(shown).strip()


def _uncomment(line: str, hiding: bool) -> tuple[str, bool]:
    """One line without its comments, and whether a comment goes on into the next."""
    kept, at = "", 0
    while at < len(line):
        if hiding:
            end = line.find("-->", at)
            if end < 0:
                return kept, True
            at, hiding = end + 3, False
            continue
        start = line.find("<!--", at)
        if start < 0:
            return kept + line[at:], False
        quoted = start > 0 and line[start - 1] == "`"  # `<!-- like this -->` is shown
        kept += line[at : start + 4] if quoted else line[at:start]
        at, hiding = start + 4, not quoted
    return kept, hiding


def _mentions(tokens: list[Token]) -> Iterator[int]:
    quotes = 0
    for token in tokens:
        quotes += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        if token.type == "inline" and token.map and not quotes:
            for child in token.children or ():
                if child.type == "mention":
                    yield token.map[0] + child.meta["line"]


def _mention(state: StateInline, silent: bool) -> bool:
    """An inline rule: `/baro` at the start of a line. Code spans and HTML are taken whole by rules of their own, so
    this one is never asked inside them."""
    found = MENTION.match(state.src, state.pos)
    if not found or not _begins_line(state.src, state.pos):
        return False
    if not silent:
        state.push("mention", "", 0).meta = {"line": state.src.count("\n", 0, state.pos)}
    state.pos = found.end()
    return True


def _begins_line(text: str, at: int) -> bool:
    while at and text[at - 1] in " \t":
        at -= 1
    return at == 0 or text[at - 1] == "\n"


def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"maxNesting": NEST})
    reader.inline.ruler.before("text", "mention", _mention)
    reader.inline.ruler.enableOnly(["mention", "text", "newline", "escape", "backticks", "html_inline"])
    reader.inline.ruler2.enableOnly([])
    return reader


_READER = _reader()
