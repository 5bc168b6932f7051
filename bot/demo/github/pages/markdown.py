"""Markdown as people on GitHub write it, rendered without trusting a word of it."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

TAGS = "details|summary|sub|sup|kbd|b|i|em|strong|code|blockquote|p|ul|ol|li|br|hr"
HARMLESS = re.compile(rf"</?(?:{TAGS})(?: open)?\s*/?>")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
TASK = re.compile(r"(<li>\s*(?:<p>)?)\[([ xX])\] ")
TICK_BOX = re.compile(r"^\s*[-*+] +\[([ xX])\] +(.*)$", re.MULTILINE)
LONGEST_BOX = 40
"""characters of a box's text on its button"""


def render(text: str) -> Markup:
    """HTML of a body: tables, task lists and folds; of raw HTML only bare harmless tags, comments not at all."""
    shown = _MARKDOWN.render(text)
    return Markup(TASK.sub(_checkbox, shown))  # noqa: S704 - everything in it went through the renderer above


def boxes(text: str) -> list[str]:
    """What stands beside each task-list box, plain and short."""
    return [re.sub(r"[*`_]", "", box[2])[:LONGEST_BOX] for box in TICK_BOX.finditer(text)]


def ticked(text: str, index: int) -> str:
    """The text with its `index`-th task-list box flipped."""
    found = list(TICK_BOX.finditer(text))
    if index >= len(found):
        return text
    box = found[index]
    return f"{text[: box.start(1)]}{'x' if box[1] == ' ' else ' '}{text[box.end(1) :]}"


def _checkbox(found: re.Match[str]) -> str:
    checked = "" if found[2] == " " else " checked"
    return f'{found[1]}<input type="checkbox" class="task" disabled{checked}> '


def _raw(_: RendererHTML, tokens: Sequence[Token], at: int, *_options: object) -> str:
    text = COMMENT.sub("", tokens[at].content)
    pieces, end = [], 0
    for tag in HARMLESS.finditer(text):
        pieces += [html.escape(text[end : tag.start()]), tag[0]]
        end = tag.end()
    return "".join([*pieces, html.escape(text[end:])])


def _markdown() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": True, "breaks": True}).enable(["table", "strikethrough"])
    made.add_render_rule("html_block", _raw)
    made.add_render_rule("html_inline", _raw)
    return made


_MARKDOWN = _markdown()
