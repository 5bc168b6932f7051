"""Invisible characters: what is held back, and what writing in other scripts and emoji needs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.domain.names import reserved, unfit
from runner.domain.policy import File, Gate
from runner.domain.unseen import unseen

TROJANS = [
    "if admin:  # \u202e } \u2066begin\u2069 \u2066",
    "\u2067abc",
    "name\u200b = 1",
    "na\u2060me",
    "ad\u200dmin = 1",
    "is\u200cAdmin",
    "x = 1 \u200f# honest",
    "hello\U000e0041\U000e0042",
    "x\ufe00\ufe01\ufe02\ufe03",
    "x\U000e0101\U000e0102",
    "const \u3164 = 1",
    "late \ufeffmark",
]
WRITING = [
    "\ufeff# begins with the mark of its encoding",
    "می\u200cخواهم",
    "क्\u200dष",
    "👩\u200d🚀 ❤\ufe0f\u200d🔥 👩🏽\u200d⚕\ufe0f",
    "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "שלום\u200f!",
    "☎\ufe0f naïve Straße 漢\U000e0100字",
]


@pytest.mark.parametrize("line", TROJANS)
def test_what_nobody_sees_is_found_with_its_place(line: str) -> None:
    found = unseen(f"first\n{line}\n")
    assert found is not None
    assert found.line == 2
    assert Gate().reason(File("a.py", "100644", 9, f"first\n{line}\n".encode())) == (
        f"has an invisible character that makes it read otherwise than it is ({found})"
    )


@pytest.mark.parametrize("line", WRITING)
def test_what_writing_needs_is_left_alone(line: str) -> None:
    assert unseen(line) is None


def test_only_new_lines_count_and_a_file_may_go_on_as_it_is() -> None:
    assert unseen("a\n\u202eb\nc\n", before="\u202eb\n") is None
    assert unseen("bo\u200bth\nab\u200bc\n", before="ab\u200bc\n") is None
    assert unseen("a\n\u202eb\n", before="ab\u200bc\n") is not None


def test_what_is_no_text_is_not_read_as_one() -> None:
    assert Gate().reason(File("a.bin", "100644", 9, b"\0" + "\u202e".encode())) is None


@given(st.text(alphabet=st.characters(max_codepoint=0x024F, exclude_categories=("Cf",))))
def test_plain_latin_text_is_never_suspected(text: str) -> None:
    assert unseen(text) is None


# --- names -----------------------------------------------------------------------------------------------------

GITS_OWN = [
    ".git",
    ".GIT/x",
    "a/.Git/config",
    "git~1",
    "GIT~1/x",
    ".g\u200cit/x",
    ".git .",
    ".git:stream",
    "a\\.git\\b",
]


@pytest.mark.parametrize("path", GITS_OWN)
def test_gits_own_directory_is_known_in_every_disguise(path: str) -> None:
    assert reserved(path)
    assert unfit(path) == "has a name that some systems take for git's own directory"


_PART = st.sampled_from([".git", "git~1", ".", "..", " ", "\\", ":", "\u200c", "\ufeff", "x", "IT", ".g", "-"])
_PATHS = st.lists(st.lists(_PART, min_size=1, max_size=4).map("".join), min_size=1, max_size=3).map("/".join)


@settings(max_examples=20)
@given(st.lists(_PATHS, min_size=1, max_size=60, unique=True))
def test_whatever_git_refuses_to_take_is_known_beforehand(
    tmp_path_factory: pytest.TempPathFactory, paths: list[str]
) -> None:
    place: Path = tmp_path_factory.getbasetemp() / "names.git"
    strict = ("-c", "core.protectHFS=true", "-c", "core.protectNTFS=true")
    if not place.exists():
        subprocess.run(["git", "init", "--quiet", "--bare", str(place)], check=True)
    given = "".join(f"100644 {'1' * 40}\t{path}\0" for path in paths if not reserved(path))
    argv = ["git", f"--git-dir={place}", *strict, "update-index", "-z", "--index-info"]
    done = subprocess.run(argv, input=given.encode(), check=True, capture_output=True)
    assert b"Ignoring" not in done.stderr
    (place / "index").unlink(missing_ok=True)
