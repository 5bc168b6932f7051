"""What of a text a person sees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.reading import visible


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain", "plain"),
        ("<!-- Describe the bug -->", ""),
        ("<!--\nmany\n\nlines\n-->\nIt fails.", "It fails."),
        ("before <!-- hidden --> after", "before  after"),
        ("a <!-- never closed", "a"),
        ("the marker `<!-- baro -->` is shown", "the marker `<!-- baro -->` is shown"),
        ("```html\n<!-- code -->\n```", "```html\n<!-- code -->\n```"),
        ("    <!-- code -->\n\nx", "<!-- code -->\n\nx"),
        ("<!-- a --> b <!-- c -->", "b"),
    ],
)
def test_hidden_comments_go_and_code_stays(text: str, seen: str) -> None:
    assert visible(text) == seen


@given(st.text(alphabet="ab \n"))
def test_text_without_markup_stays_as_it_is(text: str) -> None:
    assert visible(text) == text.strip()
