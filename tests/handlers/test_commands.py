"""The grammar of `/baro …`."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.commands import NAMES, RESERVED, Goal, Unsure, Word, read

FENCED = "```\n/baro fix this\n```"


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "Thanks, that works.",
        "please run /baro fix this",
        "/barometer is a nice name",
        "/baro-bot fix this",
        "https://example.com/baro fix",
        "> /baro fix this",
        "> quoted\n/baro is still part of the quote, by markdown's rules",
        ">> deeply\n>> /baro fix this",
        FENCED,
        "~~~sh\n/baro fix this\n~~~",
        "```\nnever closed\n\n/baro fix this",
        "An example:\n\n    /baro fix this",
        "inline `code that\n/baro fix this` goes on",
        "<!--\n/baro fix this\n-->",
        "hidden <!-- words\n/baro fix this --> here",
        "<pre>\n/baro fix this\n</pre>",
        "- /baro fix this",
        "# /baro fix this",
        "| /baro fix this |",
        r"\/baro fix this",
    ],
)
def test_what_is_quoted_code_hidden_or_not_first_on_its_line_is_not_for_us(comment: str) -> None:
    assert read(comment) is None


@pytest.mark.parametrize(
    ("comment", "words"),
    [
        ("/baro fix this", "fix this"),
        ("/Baro fix this", "fix this"),
        ("  /baro fix this  ", "fix this"),
        ("/baro\tfix this", "fix this"),
        ("Good point.\n/baro fix this", "fix this"),
        ("Good point.\r\n\r\n/baro fix this\r\nand that", "fix this\nand that"),
        ("> what he said\n\n/baro fix this", "fix this"),
        (f"{FENCED}\n\n/baro fix this", "fix this"),
        ("`/baro status` is not meant\n/baro fix this", "fix this"),
        ("/baro fix this\n\nIt fails so:\n\n```\n/baro help\n```", "fix this\n\nIt fails so:\n\n```\n/baro help\n```"),
        ("/baro fix this\n/baro status", "fix this"),
        ("/baro\nfix this", "fix this"),
        ("/baro help me with the login page", "help me with the login page"),
        ("/baro cancel the timer when the page closes", "cancel the timer when the page closes"),
        ("/baro plan the migration to v2", "plan the migration to v2"),
        ("/baro modernise", "modernise"),
    ],
)
def test_a_goal_is_what_follows_to_the_end_or_to_the_next_command(comment: str, words: str) -> None:
    assert read(comment) == Goal(words)


@pytest.mark.parametrize("name", NAMES)
def test_a_command_stands_alone_on_its_line(name: str) -> None:
    assert read(f"/baro {name}") == Word(name)
    assert read(f"Hm.\n/baro {name.upper()}.\nSorry!") == Word(name)


def test_baro_with_nothing_after_it_asks_for_help() -> None:
    assert read("/baro") == read("/baro\n\nSincerely") == Word("help")


@pytest.mark.parametrize(
    ("said", "meant"),
    [("canel", "cancel"), ("stauts", "status"), ("hlep", "help"), ("stop", "cancel"), ("cancel this please", "cancel")],
)
def test_a_slip_of_the_pen_starts_no_run(said: str, meant: str) -> None:
    assert read(f"/baro {said}") == Unsure(said=said, meant=meant)


@pytest.mark.parametrize("said", [*RESERVED, "retry S3", "skip S4", "mode focused", "aprove"])
def test_a_command_of_a_later_version_starts_no_run(said: str) -> None:
    assert read(f"/baro {said}") == Unsure(said=said, meant="")


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    read(text)
    read(f"/baro {text}")


@given(st.text(), st.integers(1, 30))
def test_nothing_inside_a_quote_is_for_us(text: str, depth: int) -> None:
    assert read("\n".join(f"{'>' * depth} {line}" for line in f"/baro {text}".splitlines())) is None


@given(
    st.lists(st.sampled_from(["/baro fix\n", "> ", "```\n", "<!--", "-->", "`", "\n", "    ", "- ", "a"]), max_size=40)
)
def test_a_command_is_found_only_where_a_line_begins_with_it(parts: list[str]) -> None:
    comment = "".join(parts)
    if read(comment) is not None:
        assert any(line.strip().startswith("/baro") for line in comment.split("\n"))


@pytest.mark.parametrize(
    "hostile", [">" * 19 + "a\n" + "b\n" * 32_000, "<" * 65_000, "`/" * 32_000, "* a\n" * 16_000, "[a\n" * 21_000]
)
def test_the_longest_comment_is_read_in_a_blink(hostile: str) -> None:
    """Anybody may comment, and the web process reads comments one after another. 80 ms where this was written."""
    began = time.process_time()
    read(f"/baro x\n\n{hostile}"[:65_536])
    assert time.process_time() - began < 0.5
