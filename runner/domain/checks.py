"""Finds what says that a repository is well, in its file list and the text of a few manifests, and nowhere else.

A check is found only where the repository has set it up. A directory speaks for everything below it: where the root
runs pytest, no sub-package does so again. A Makefile with `check` or `test` speaks for *all* tools of its directory
and below: it is how its people verify, with flags and an order that we could only guess at.

No text of the repository ever becomes part of a command; the directory is handed over apart from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .toolchains import MANIFESTS, MAX_DEPTH, READ, TEST_FILE, Place, made, python_tests, tools
from .verdict import Check

MAX_CHECKS = 12
MAX_PLACES = 8
"""directories of a monorepo that are looked into, the shallow ones first"""
_NOT_OURS = frozenset(
    {
        *("node_modules", "vendor", "third_party", "testdata", "fixtures", "templates"),
        *("example", "examples", "samples", "docs", "test", "tests"),
    }
)
"""Directories whose manifests belong to somebody else, or to nobody."""


def manifests(files: Sequence[str]) -> tuple[str, ...]:
    """The paths whose texts `discover` wants to see."""
    known = frozenset(files)
    wanted: list[str] = []
    for place in _places(files, {}):
        names = [name for name in sorted(READ) if name in place.files]
        names += python_tests(place.files)[:1]
        wanted += [f"{place.directory}/{name}".lstrip("/") for name in names]
    return tuple(path for path in dict.fromkeys(wanted) if path in known)


def discover(files: Sequence[str], texts: Mapping[str, str]) -> tuple[Check, ...]:
    """At most MAX_CHECKS, the same for the same files in any order. A manifest that is not valid sets up nothing."""
    found: list[Check] = []
    for place in _places(files, texts):
        for check in made(place) or tools(place):
            if not any(_covers(other, check) for other in found):
                found.append(check)
    return tuple(found[:MAX_CHECKS])


def _covers(other: Check, check: Check) -> bool:
    below = not other.directory or f"{check.directory}/".startswith(f"{other.directory}/")
    makes = other.command.startswith("make ") and other.directory != check.directory
    return below and (_tool(other) == _tool(check) or makes)


def _tool(check: Check) -> str:
    return check.name.removesuffix(f" ({check.directory})")


def named(checks: Iterable[tuple[str, str]], source: str) -> tuple[Check, ...]:
    """Checks that somebody wrote down as name and command; of two with the same command the first."""
    unique: dict[str, Check] = {}
    for name, command in checks:
        unique.setdefault(command, Check(name, command, source))
    return tuple(unique.values())


# --- places ----------------------------------------------------------------------------------------------------


def _places(files: Sequence[str], texts: Mapping[str, str]) -> list[Place]:
    split = [path.rpartition("/") for path in files]
    directories = {"", *(directory for directory, _, name in split if name in MANIFESTS)}
    fit = [directory for directory in directories if _ours(directory)]
    fit.sort(key=lambda directory: (directory.count("/") + bool(directory), directory))
    return [_place(directory, files, texts) for directory in fit[:MAX_PLACES]]


def _ours(directory: str) -> bool:
    parts = directory.split("/") if directory else []
    return len(parts) <= MAX_DEPTH and not any(part in _NOT_OURS or part.startswith(".") for part in parts)


def _place(directory: str, files: Sequence[str], texts: Mapping[str, str]) -> Place:
    prefix = f"{directory}/" if directory else ""
    inside = frozenset(path.removeprefix(prefix) for path in files if path.startswith(prefix))
    near = {path.removeprefix(prefix): text for path, text in texts.items() if path.startswith(prefix)}
    own = {path: text for path, text in near.items() if "/" not in path or TEST_FILE.fullmatch(path)}
    parts = directory.split("/")
    parents = {"", *("/".join(parts[: depth + 1]) for depth in range(len(parts)))}
    split = [path.rpartition("/") for path in files]
    above = frozenset(name for parent, _, name in split if parent in parents)
    return Place(directory, inside, own, above)
