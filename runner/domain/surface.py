"""Write surfaces: what the paths and globs of two stories have in common.

A pattern is a repository-relative path. `*` and `?` stay within one name, `[ab]` and `[!a-z]` are one character,
`{a,b}` are alternatives, and `**` is any number of directories. **It means the paths it matches and everything below
them**, so `src`, `src/` and `src/**` are the same surface.

Two stories run side by side only where this module shows that they cannot meet. Whatever has no agreed meaning is
therefore read in its widest sense: a wrong "yes" costs some time, a wrong "no" costs somebody's work.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from msgspec import Struct

MAX_PATH = 300
"""characters of one pattern"""
_MAX_ALTERNATIVES = 64
_MAX_RANGE = 1024
_ANY_DEPTH = "**"


def overlap(a: str, b: str) -> bool:
    """Could one path belong to both patterns?"""
    return any(_meet(x, y, below=True) for x in _readings(a) for y in _readings(b))


def covers(surface: Iterable[str], path: str) -> bool:
    """Does `path`, taken literally, belong to one of the patterns?"""
    literal = tuple(tuple(_only(char) for char in name) for name in _names(path))
    return any(_meet(reading, literal, below=False) for pattern in surface for reading in _readings(pattern))


def meeting(a: Sequence[str], b: Sequence[str]) -> tuple[str, str] | None:
    """The first two patterns that overlap, or None."""
    return next(((x, y) for x in a for y in b if overlap(x, y)), None)


def disjoint(a: Sequence[str], b: Sequence[str]) -> bool:
    """Shown not to meet: both surfaces are declared and no two of their patterns overlap."""
    return bool(a) and bool(b) and meeting(a, b) is None


# --- what may be declared at all -------------------------------------------------------------------------------

_UNFIT = re.compile(r"""[\\`<>|"]""")
_GIT_ALIASES = (".git", "git~1")
_WORKFLOWS = ".github/workflows"


def path_problem(pattern: str) -> str | None:
    """Why this pattern may not be declared, as the end of a sentence; None if it may."""
    if not pattern.strip():
        return "is empty"
    if len(pattern) > MAX_PATH:
        return f"is longer than {MAX_PATH} characters"
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in pattern):
        return "has invisible characters"
    if _UNFIT.search(pattern):
        return 'has a character that does not belong into a path (one of \\ ` < > | ")'
    return next((why for reading in _alternatives(pattern) if (why := _way_out(reading))), None)


def _way_out(pattern: str) -> str | None:
    """Where a pattern without alternatives leads that no story may go."""
    names = pattern.split("/")
    if re.match("[/~]|[A-Za-z]:", pattern):
        return "is not relative to the repository's root"
    if any(_upwards(name) for name in names):
        return "leaves the repository"
    if any(_into_git(name) for name in names):
        return "reaches into `.git`"
    if _into_workflows(pattern):
        return "reaches into `.github/workflows`, which baro never changes"
    return None


def _bare(name: str) -> str:
    """The name as a case-insensitive file system that drops trailing dots and spaces, or streams, would see it."""
    return name.split(":")[0].rstrip(" .").casefold()


def _upwards(name: str) -> bool:
    return name.startswith("..") and not _bare(name)


def _into_git(name: str) -> bool:
    if name.startswith("*"):
        return False  # nobody who writes `*` means `.git`, and the publish gate would hold it back
    return bool(_bare(name)) and any(overlap(_bare(name), alias) for alias in _GIT_ALIASES)


def _into_workflows(pattern: str) -> bool:
    lowered = "/".join(_bare(name) for name in pattern.split("/"))
    return bool(lowered.strip("/")) and not lowered.startswith("*") and overlap(lowered, _WORKFLOWS)


# --- patterns as automata --------------------------------------------------------------------------------------


class _Chars(Struct, frozen=True):
    """One character: one of `chars`, or any but these. `many`: any number of them, which is `*`."""

    chars: frozenset[str] = frozenset()
    negated: bool = False
    many: bool = False


_Name = tuple[_Chars, ...]
_Pattern = tuple[_Name | str, ...]

_ONE = _Chars(negated=True)
_MANY = _Chars(negated=True, many=True)
_TOKEN = re.compile(
    r"(?P<many>\*)|(?P<one>\?)|\[(?P<negated>[!^])?(?P<chars>\]?(?:\[:\w+:\]|[^]])*)\]|(?P<char>.)", re.DOTALL
)


def _only(char: str) -> _Chars:
    return _Chars(frozenset(char))


def _names(pattern: str) -> list[str]:
    return [name for name in pattern.split("/") if name not in ("", ".")]


@lru_cache(maxsize=4096)
def _readings(pattern: str) -> tuple[_Pattern, ...]:
    """All that the pattern may mean: `[id].tsx` is a class to a glob and a plain name to a web framework."""
    readings = dict.fromkeys(_alternatives(pattern)[: _MAX_ALTERNATIVES + 1])
    if len(readings) > _MAX_ALTERNATIVES:
        return ((_ANY_DEPTH,),)
    globs = [tuple(_name(name) for name in _names(reading)) for reading in readings]
    literal = [tuple(_name(name, classes=False) for name in _names(pattern))] if set("[{") & set(pattern) else []
    return (*globs, *literal)


def _alternatives(pattern: str) -> list[str]:
    """Braces expanded, innermost first; one more than the maximum tells that there are too many."""
    done: list[str] = []
    todo = [pattern]
    while todo and len(done) + len(todo) <= _MAX_ALTERNATIVES:
        reading = todo.pop()
        if group := re.search(r"\{([^{}]*,[^{}]*)\}", reading):
            todo += [reading[: group.start()] + part + reading[group.end() :] for part in group[1].split(",")]
        else:
            done.append(reading)
    return done + todo


def _name(name: str, *, classes: bool = True) -> _Name | str:
    if "**" in name:
        return _ANY_DEPTH  # beside other characters `**` has no agreed meaning
    if not classes:
        return tuple(_MANY if char == "*" else _ONE if char == "?" else _only(char) for char in name)
    return tuple(_token(match) for match in _TOKEN.finditer(name))


def _token(match: re.Match[str]) -> _Chars:
    if match["many"]:
        return _MANY
    if match["one"]:
        return _ONE
    if match["chars"] is None:
        return _only(match["char"])
    members = _members(match["chars"])
    return _ONE if members is None else _Chars(members, negated=bool(match["negated"]))


def _members(inside: str) -> frozenset[str] | None:
    """The characters of a class; None when it is too large to list, or too odd to be sure of."""
    members: set[str] = set()
    for low, high, char in re.findall(r"(.)-(.)|(.)", inside, re.DOTALL):
        if low and not 0 <= ord(high) - ord(low) <= _MAX_RANGE:
            return None
        members.update(map(chr, range(ord(low), ord(high) + 1)) if low else char)
    return frozenset(members) if members and "[:" not in inside else None


def _meet(a: _Pattern, b: _Pattern, *, below: bool) -> bool:
    """Is there a path in both? With `below`, what lies below `b` belongs to it; below `a` always does."""
    todo, seen = [(0, 0)], set[tuple[int, int]]()
    while todo:
        i, j = place = todo.pop()
        if place in seen:
            continue
        seen.add(place)
        if i == len(a) or (below and j == len(b)):
            return True
        if a[i] == _ANY_DEPTH:
            todo += [(i + 1, j), (i, j + 1)] if j < len(b) else [(i + 1, j)]
        elif j == len(b):
            continue
        elif b[j] == _ANY_DEPTH:
            todo += [(i, j + 1), (i + 1, j)]
        elif _names_meet(a[i], b[j]):
            todo.append((i + 1, j + 1))
    return False


def _names_meet(a: _Name | str, b: _Name | str) -> bool:
    """Is there one name that both match?"""
    assert not isinstance(a, str)
    assert not isinstance(b, str)
    todo, seen = [(0, 0)], set[tuple[int, int]]()
    while todo:
        i, j = place = todo.pop()
        if place in seen:
            continue
        seen.add(place)
        if (i, j) == (len(a), len(b)):
            return True
        if i < len(a) and a[i].many:
            todo += [(i + 1, j), (i, j + 1)] if j < len(b) else [(i + 1, j)]
        elif j < len(b) and b[j].many:
            todo += [(i, j + 1), (i + 1, j)] if i < len(a) else [(i, j + 1)]
        elif i < len(a) and j < len(b) and _share(a[i], b[j]):
            todo.append((i + 1, j + 1))
    return False


def _share(a: _Chars, b: _Chars) -> bool:
    if a.negated and b.negated:
        return True  # Unicode is larger than any class
    if a.negated:
        return bool(b.chars - a.chars)
    if b.negated:
        return bool(a.chars - b.chars)
    return bool(a.chars & b.chars)
