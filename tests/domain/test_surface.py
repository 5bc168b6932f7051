from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.domain.surface import covers, disjoint, meeting, overlap, path_problem

NAMES = ["".join(chars) for size in (1, 2) for chars in product("ab", repeat=size)]
PATHS = ["/".join(names) for depth in (1, 2, 3) for names in product(NAMES, repeat=depth)]
"""Every path of up to three names of up to two letters: small patterns that meet at all meet in here."""

ATOMS = {"a": "a", "b": "b", "?": "[^/]", "*": "[^/]*", "[ab]": "[ab]", "[!a]": "[^a/]", "[a-c]": "[a-c]"}

names = st.lists(st.sampled_from(sorted(ATOMS)), min_size=1, max_size=2).filter(lambda atoms: atoms != ["*", "*"])
patterns = st.lists(st.just(["**"]) | names, min_size=1, max_size=2)


def spelled(pattern: list[list[str]]) -> str:
    return "/".join("".join(atoms) for atoms in pattern)


def oracle(pattern: list[list[str]]) -> re.Pattern[str]:
    """The same meaning by another way: a regular expression over paths that end in a slash."""
    parts = ["(?:[^/]+/)*" if atoms == ["**"] else "".join(ATOMS[atom] for atom in atoms) + "/" for atoms in pattern]
    return re.compile("".join(parts) + "(?:[^/]+/)*")


@given(patterns, patterns)
def test_two_patterns_overlap_exactly_where_one_path_belongs_to_both(a: list[list[str]], b: list[list[str]]) -> None:
    both = [path for path in PATHS if oracle(a).fullmatch(path + "/") and oracle(b).fullmatch(path + "/")]
    assert overlap(spelled(a), spelled(b)) == overlap(spelled(b), spelled(a)) == bool(both)


@given(patterns, st.sampled_from(PATHS))
def test_a_surface_covers_what_its_patterns_match_and_everything_below(pattern: list[list[str]], path: str) -> None:
    assert covers([spelled(pattern)], path) == bool(oracle(pattern).fullmatch(path + "/"))


WILD = st.text(alphabet="ab/*?[]!{},-.", max_size=12)


@given(WILD, WILD, st.sampled_from(PATHS))
def test_no_pattern_however_odd_hides_a_common_path(a: str, b: str, path: str) -> None:
    if covers([a], path) and covers([b], path):
        assert overlap(a, b)


@given(WILD)
def test_every_pattern_covers_the_path_of_its_own_name(pattern: str) -> None:
    """A web framework's `[id].tsx` is a class to a glob; the file of that name belongs to it all the same."""
    assert covers([pattern], pattern)
    assert overlap(pattern, pattern)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("src/", "src/a.py", True),
        ("src", "src/deep/a.py", True),
        ("src", "srcs/a.py", False),
        ("src/*", "src/deep/a.py", True),
        ("src/*.py", "src/a.py", True),
        ("src/*.py", "src/a.md", False),
        ("src/*.py", "docs/*.py", False),
        ("**/test_*.py", "tests/unit/test_a.py", True),
        ("**/*.md", "src/**", True),
        ("./src/a.py", "src//a.py", True),
        ("src/**.py", "src/deep/a.py", True),
        ("src/{a,b}.ts", "src/b.ts", True),
        ("src/{a,b}.ts", "src/c.ts", False),
        ("{a,b/c}/x", "b/c/x", True),
        ("app/[id]/page.tsx", "app/[slug]/page.tsx", False),
        ("app/[id]/page.tsx", "app/i/page.tsx", True),
        ("[a-f]*.py", "z.py", False),
        ("[!a]b", "ab", False),
        ("[^a]b", "cb", True),
        ("[[:alpha:]]", "x", True),
        ("[z-a]", "x", True),
        ("[]a]x", "]x", True),
        (".", "anything/at/all", True),
        ("README.md", "readme.md", False),
    ],
)
def test_what_people_write_means_what_they_expect(a: str, b: str, expected: bool) -> None:
    assert overlap(a, b) is overlap(b, a) is expected


def test_more_alternatives_than_one_can_list_are_read_as_everything() -> None:
    assert overlap("{a,b}" * 8, "zzz")


def test_a_hostile_pattern_costs_no_more_than_a_plain_one() -> None:
    assert not overlap("*a" * 100 + "b", "a*" * 100 + "c")


def test_surfaces_are_disjoint_only_when_both_are_declared() -> None:
    assert disjoint(["src/a.py"], ["src/b.py", "docs/"])
    assert not disjoint([], ["src/b.py"])
    assert not disjoint(["src/a.py"], [])
    assert meeting(["a", "src/*.py"], ["b", "src/x.py"]) == ("src/*.py", "src/x.py")


@pytest.mark.parametrize(
    "path", [".", "**", "*", "src/a.py", "docs/**", ".gitignore", ".github/x.md", "app/[id]/p.tsx", "@scope/x"]
)
def test_ordinary_paths_may_be_declared(path: str) -> None:
    assert path_problem(path) is None


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("a" * 301, "is longer than 300 characters"),
        ("a\x00b", "has invisible characters"),
        ("a\nb", "has invisible characters"),
        ("a\u202eb", "has invisible characters"),
        (".g\u200bit/config", "has invisible characters"),
        ("a\\b", "does not belong into a path"),
        ("a`b", "does not belong into a path"),
        ("/etc/passwd", "not relative"),
        ("~/x", "not relative"),
        ("C:/x", "not relative"),
        ("c:x", "not relative"),
        ("..", "leaves the repository"),
        ("a/../../b", "leaves the repository"),
        ("a/.. /b", "leaves the repository"),
        ("a/.../b", "leaves the repository"),
        (".git/config", "reaches into `.git`"),
        ("a/.GIT/hooks/x", "reaches into `.git`"),
        (".git. /x", "reaches into `.git`"),
        (".git::$INDEX_ALLOCATION/x", "reaches into `.git`"),
        ("GIT~1/x", "reaches into `.git`"),
        (".gi?/config", "reaches into `.git`"),
        ("[.]git/config", "reaches into `.git`"),
        (".github/workflows/ci.yml", "`.github/workflows`"),
        (".GitHub/Workflows/ci.yml", "`.github/workflows`"),
        (".github/**", "`.github/workflows`"),
        (".github", "`.github/workflows`"),
        ("{a,..}/b", "leaves the repository"),
        ("{a/.git,b}/c", "reaches into `.git`"),
        ("{/etc,a}", "not relative"),
        ("{a,.github}/workflows", "`.github/workflows`"),
    ],
)
def test_paths_that_could_escape_may_not_be_declared(path: str, problem: str) -> None:
    assert problem in (path_problem(path) or "")


@given(st.text(max_size=30))
def test_any_text_is_judged_without_an_error(path: str) -> None:
    path_problem(path)
    assert overlap(path, path)
