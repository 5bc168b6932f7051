"""Where installers put what a project depends on: found by its manifests, at any depth, never where code is tracked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from posixpath import basename, dirname, join

_VENV = (".venv", "venv")
_PYTHON = (*_VENV, "__pypackages__")
_NODE = ("node_modules", ".pnpm-store", ".yarn/cache", ".yarn/unplugged", ".pnp.cjs", ".pnp.loader.mjs")

_PLACES: Mapping[str, tuple[str, ...]] = {
    "package.json": _NODE,
    "deno.json": ("node_modules", "vendor"),
    "deno.jsonc": ("node_modules", "vendor"),
    "bower.json": ("bower_components",),
    "pyproject.toml": _PYTHON,
    "setup.py": _PYTHON,
    "setup.cfg": _PYTHON,
    "Pipfile": _PYTHON,
    "composer.json": ("vendor",),
    "Gemfile": ("vendor/bundle", ".bundle"),
    "go.mod": ("vendor",),
    "Cargo.toml": ("vendor",),
    "mix.exs": ("deps",),
    "Podfile": ("Pods",),
    "pubspec.yaml": (".dart_tool",),
    "elm.json": ("elm-stuff",),
    "renv.lock": ("renv/library",),
}
"""Beside a manifest of this name, its installer fills these."""
_PATTERNS: Mapping[str, tuple[str, ...]] = {"requirements*.txt": _PYTHON, "*.tf": (".terraform",)}
_ANYWAY = ("node_modules", *_VENV)
"""At the top these are looked for even without a manifest: a plain script may need a package, too."""


def places(tracked: Collection[str]) -> tuple[str, ...]:
    """The paths installers would fill in a repository with these tracked files, whether they exist or not.

    A path that holds anything tracked is code and never among them, nor is one that lies inside another.
    """
    wanted = {place for path in tracked for place in _beside(path)} | set(_ANYWAY)
    left = wanted - _with_parents(tracked)
    return tuple(sorted(place for place in left if left.isdisjoint(above(place))))


def movable(place: str) -> bool:
    """May it be used from another path than the one it was installed at? Virtual environments name their own place in
    every script."""
    return basename(place) not in _VENV


def above(path: str) -> Iterator[str]:
    """The directories a path lies in, outermost first."""
    names = path.split("/")
    return ("/".join(names[:depth]) for depth in range(1, len(names)))


def lineage(after: Mapping[str, Iterable[str]], story: str) -> tuple[str, ...]:
    """Everything the story depends on, however indirectly, in the plan's order."""
    found: set[str] = set()
    waiting = list(after[story])
    while waiting:
        other = waiting.pop()
        if other not in found:
            found.add(other)
            waiting += after.get(other, ())
    return tuple(other for other in after if other in found)


def _beside(path: str) -> Iterator[str]:
    name = basename(path)
    directory = path[: -len(name)]
    for place in _PLACES.get(name) or _by_pattern(name):
        yield join(directory, place)


def _by_pattern(name: str) -> tuple[str, ...]:
    for pattern, found in _PATTERNS.items():
        if fnmatchcase(name, pattern):
            return found
    return ()


def _with_parents(paths: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for path in paths:
        while path and path not in found:
            found.add(path)
            path = dirname(path)
    return found
