"""What the living comment says, read the way a person reads it, and what is new since the last look."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec import Struct

UNDER_WAY = ("🛠️", "🕓")
"""how the first line begins as long as the run is not over"""


WAITING = "⏳ waiting"
NOTHING = "–"

_ONLY_GITHUB_SHOWS = re.compile(r"```mermaid\n.*?\n```|<!--.*?-->|</?(?:details|summary|sub|br)>", re.DOTALL)


class Row(Struct, frozen=True):
    """A line of the stories table."""

    id: str
    title: str
    needs: str
    state: str
    agent: str
    tokens: str
    time: str
    commit: str


class Seen(Struct, frozen=True):
    header: str = ""
    shape: str = ""
    rows: tuple[Row, ...] = ()

    @property
    def over(self) -> bool:
        return bool(self.header) and not self.header.startswith(UNDER_WAY)


def read(body: str) -> Seen:
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    paragraphs = [_text(after) for before, after in pairwise(tokens) if _paragraph(before)]
    shape = next((text for text in paragraphs if text.startswith("Shape: ")), "")
    return Seen(paragraphs[0] if paragraphs else "", shape.removeprefix("Shape: "), tuple(_rows(tokens)))


def news(before: Seen, now: Seen) -> list[str]:
    """A line for everything that changed. Once there are stories, the header only counts them, until it is the end."""
    lines = [f"shape: {now.shape}"] if now.shape != before.shape else []
    if now.rows and not before.rows:
        lines += [f"{row.id} {row.title}{f', after {row.needs}' if row.needs != NOTHING else ''}" for row in now.rows]
    states = {row.id: row.state for row in before.rows}
    lines += [f"{row.id} {row.state}" for row in now.rows if row.state != states.get(row.id, WAITING)]
    if now.header != before.header and (now.over or not now.rows):
        lines.append(now.header)
    return lines


def for_a_terminal(body: str) -> str:
    """The Markdown without what a terminal has no picture for."""
    return _ONLY_GITHUB_SHOWS.sub("", body).strip()


def _rows(tokens: list[Token]) -> Iterator[Row]:
    cells: list[str] = []
    for before, token in pairwise(tokens):
        if before.type == "tr_open":
            cells = []
        elif before.type == "td_open":
            cells.append(_text(token))
        elif before.type == "tr_close" and len(cells) == len(Row.__struct_fields__):
            yield Row(*cells)


def _paragraph(token: Token) -> bool:
    return token.type == "paragraph_open" and token.level == 0


def _text(token: Token) -> str:
    """The words without their markup."""
    words = ("text", "text_special", "code_inline", "softbreak")
    return "".join(child.content or " " for child in token.children or () if child.type in words).strip()
