from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from markdown_it import MarkdownIt

from runner.domain.text import clean, clip, code, did_you_mean, fence, one_line, quote_block, quote_cell, slug, tail

MARKUP = """
    @octocat #12 GH-3 fixes | \\ ` ``` <b> <!-- --> &#64; & ]( ![ [x]
    * _ __ ~~ $ a ü www.evil.example https://evil.example/1
"""
UNSEEN = ("\n", "\r\n", "\u202e", "\u200b", "\x1b[31m", "\x00", "\ud800", "# ", "- ", "1. ", " ")
NASTY = st.lists(st.sampled_from((*MARKUP.split(), *UNSEEN)), max_size=12).map("".join)
TEXTS = NASTY | st.text(max_size=40)

GITHUB = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def words_of(markdown: str) -> str:
    """What a reader sees of one line, without the characters that only keep GitHub from linking."""
    inline = [token for token in GITHUB.parse(markdown) if token.type == "inline"]
    children = [child for token in inline for child in token.children or []]
    assert {child.type for child in children} <= {"text", "text_special"}, "formatting got through"
    return "".join(child.content for child in children).replace("\u200b", "")


@given(TEXTS)
@example("\\|")
@example("@_x_ |`|")
def test_a_quoted_cell_is_one_inert_line_and_shows_the_very_words(text: str) -> None:
    """Nothing in it is a mention, a reference, an address, markup, or a second cell."""
    cell = quote_cell(text)
    assert not re.search(r"@\w|#\w|\bGH-\d|://|www\.|[<>\n\r]", cell)
    assert not re.search(r"(?<!\\)(?:\\\\)*\|", cell)
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in cell)
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", cell)
    assert len([t for t in GITHUB.parse(f"| a | b |\n| - | - |\n| {cell} | end |") if t.type == "td_open"]) == 2
    assert words_of(cell) == one_line(text)


@given(TEXTS, st.integers(2, 30))
def test_a_limit_counts_what_a_reader_sees(text: str, limit: int) -> None:
    assert len(words_of(quote_cell(text, limit))) <= limit


def test_closing_keywords_and_markers_are_shown_but_do_nothing() -> None:
    said = quote_cell("Fixes #12, see @team <!-- run=x --> [a](https://b.example/_c_) __init__.py d|e")
    assert said.replace("\u200b", "·") == snapshot(
        "Fixes #·12, see @·team &lt;\\!-- run=x --&gt; \\[a\\](https:·//b.example/\\_c\\_) \\_\\_init\\_\\_.py d\\|e"
    )


@given(TEXTS)
def test_a_quoted_block_is_only_a_quotation(text: str) -> None:
    block = quote_block(text, 200)
    assert all(line.startswith(">") for line in block.split("\n"))
    kinds = {token.type for token in GITHUB.parse(block)}
    assert kinds <= {"blockquote_open", "blockquote_close", "paragraph_open", "paragraph_close", "inline"}


@given(TEXTS, st.integers(1, 60))
def test_nothing_inside_a_fence_can_close_it(text: str, limit: int) -> None:
    tokens = GITHUB.parse(fence(text, limit) + "\nafter")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert len(tokens[0].content) <= limit + 1


def test_a_fence_keeps_the_end_where_the_cause_stands() -> None:
    assert fence("one\ntwo\nthe cause", 10) == "```\n…the cause\n```"


@given(TEXTS)
def test_a_code_span_stays_one_span_in_a_table(text: str) -> None:
    tokens = GITHUB.parse(f"| a |\n| - |\n| {code(text)} |")
    (cell,) = [token for token in tokens if token.type == "inline"][1:]
    assert [child.type for child in cell.children or []] == ["code_inline"]


@given(st.text(), st.integers(1, 50))
def test_clipping_keeps_short_texts_and_bounds_long_ones(text: str, limit: int) -> None:
    for cut in (clip(text, limit), tail(text, limit)):
        assert cut == text if len(text) <= limit else len(cut) <= limit


@given(TEXTS)
def test_clean_text_can_be_stored_and_hides_nothing(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert clean(cleaned) == cleaned
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs") for char in cleaned if char not in "\n\t")


def test_terminal_colours_and_titles_leave_no_residue() -> None:
    assert clean("\x1b[1;31mred\x1b[0m \x1b]0;title\x07end\r\nnext") == "red end\nnext"


@given(st.text())
def test_a_slug_is_always_fit_for_a_branch(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", slug(text))


@pytest.mark.parametrize(
    ("word", "hint"),
    [("dependsOn", " (did you mean `depends_on`?)"), ("agnet", " (did you mean `agent`?)"), ("zzz", ""), ("", "")],
)
def test_a_slip_of_the_pen_gets_a_hint(word: str, hint: str) -> None:
    assert did_you_mean(word, ("agent", "depends_on")) == hint
