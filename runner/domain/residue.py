"""What installers, test runners and sandboxes leave behind in a worktree, which nobody asked to commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from functools import lru_cache
from posixpath import basename, dirname, join

from .policy import agent_configuration
from .surface import covers

_NODE = {"node_modules", "bower_components", ".pnpm-store", ".yarn", ".npm"}
_PYTHON = {".venv", "__pypackages__", ".eggs"}
_OTHERS = {".bundle", ".gradle", ".terraform"}
_DEPENDENCIES = frozenset(_NODE | _PYTHON | _OTHERS)
_CACHES = frozenset({"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".tox", ".nox"})
_BUILT = (".egg-info", ".dist-info")
_FILES = frozenset({".ds_store", "thumbs.db", ".coverage", "npm-debug.log", "yarn-error.log", ".pnp.cjs"})
_FILE_SUFFIXES = (".pyc", ".pyo")

_SELF_DECLARED = ("pyvenv.cfg", "CACHEDIR.TAG")
"""A directory that holds one of these says itself that it is a virtual environment or a cache, whatever its name."""
_VENDORS = (("composer.json", "autoload.php"), ("Gemfile", "bundle"), ("go.mod", "modules.txt"))
"""`vendor/` is an installer's only if its manifest lies beside it and the installer's own mark in it."""


def kept(
    untracked: Sequence[str],
    tracked: Set[str],
    declared: Sequence[str],
    empty: Set[str],
    installed: Iterable[str] = (),
) -> list[str]:
    """The new paths a story may ship: those that are no residue, that it declared by name, or that join dependencies
    which are committed already (a tracked `vendor/` is code).

    `untracked` are the paths the repository's own ignore rules let through, `empty` those without a byte in them,
    `installed` the places of which the tree may hold only what differs from an earlier story's installation: nothing
    in there tells any more what it is a part of.
    """
    vendored = _vendored(untracked, frozenset(untracked) | tracked)
    marked = frozenset(_self_declared(untracked)).union(vendored, installed)
    committed = _directories(tracked)

    def ships(path: str) -> bool:
        if path in empty and agent_configuration(path):
            return False  # a mount point that the sandbox needed to hide agent settings
        root = _residue(path, marked)
        return root is None or _named(declared, root, path) or (root in committed and basename(root) not in _CACHES)

    return [path for path in untracked if ships(path)]


def _residue(path: str, marked: frozenset[str]) -> str | None:
    """The outermost directory (or the file itself) that makes this path residue."""
    names = path.split("/")
    for depth, name in enumerate(names, start=1):
        here = "/".join(names[:depth])
        if here in marked or _is_residue(name.casefold(), last=depth == len(names)):
            return here
    return None


def _is_residue(name: str, *, last: bool) -> bool:
    # A file with a dependency directory's name is a link to one.
    if name in _DEPENDENCIES or name in _CACHES:
        return True
    return name in _FILES or name.endswith(_FILE_SUFFIXES) if last else name.endswith(_BUILT)


def _self_declared(untracked: Iterable[str]) -> Iterable[str]:
    return (dirname(path) for path in untracked if basename(path) in _SELF_DECLARED and "/" in path)


def _vendored(untracked: Iterable[str], present: Set[str]) -> Iterable[str]:
    for path in untracked:
        parent, vendor, inside = f"/{path}".rpartition("/vendor/")
        if vendor and any(
            inside.split("/")[0] == mark and join(parent[1:], manifest) in present for manifest, mark in _VENDORS
        ):
            yield join(parent[1:], "vendor")


def _directories(tracked: Set[str]) -> frozenset[str]:
    found: set[str] = set()
    for path in tracked:
        directory = dirname(path)
        while directory and directory not in found:
            found.add(directory)
            directory = dirname(directory)
    return frozenset(found)


def _named(declared: Sequence[str], root: str, path: str) -> bool:
    """Was it asked for by name? `**` covers everything, and nobody means `node_modules` by it."""
    name = basename(root).casefold()
    return any(_mentions(pattern, name) and covers((pattern,), path) for pattern in declared)


@lru_cache(maxsize=1024)
def _mentions(pattern: str, name: str) -> bool:
    return name in pattern.casefold().split("/")
