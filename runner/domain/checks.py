"""Finds what says that a repository is well, in its file list and the text of a few manifests, and nowhere else.

A check is found only where the repository has set it up. A directory speaks for everything below it: where the root
runs pytest, no sub-package does so again. A Makefile with `check` or `test` speaks for *all* tools of its directory
and below: it is how its people verify, with flags and an order that we could only guess at.

No text of the repository ever becomes part of a command; the directory is handed over apart from it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from msgspec import Struct

from .verdict import Check

MAX_CHECKS = 12
MAX_PLACES = 8
"""directories of a monorepo that are looked into, the shallow ones first"""
MAX_DEPTH = 3
"""of such a directory below the root"""

_MANIFESTS = frozenset(
    {
        *("GNUmakefile", "makefile", "Makefile", "package.json", "Cargo.toml", "go.mod", "pyproject.toml"),
        *("pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg", "mypy.ini", ".mypy.ini"),
    }
)
_READ = _MANIFESTS | {"conftest.py", "requirements.txt", "requirements-dev.txt", "dev-requirements.txt"}
_NOT_OURS = frozenset(
    {
        *("node_modules", "vendor", "third_party", "testdata", "fixtures", "templates"),
        *("example", "examples", "samples", "docs", "test", "tests"),
    }
)
"""Directories whose manifests belong to somebody else, or to nobody."""


class Place(Struct, frozen=True):
    """One directory that may have checks. `files` are the paths below it, relative to it; `texts` those of its own
    manifests by name; `above` the file names of the directories it lies in, its own included."""

    directory: str
    files: frozenset[str]
    texts: Mapping[str, str]
    above: frozenset[str]

    def check(self, name: str, command: str, source: str) -> Check:
        where = f"{self.directory}/" if self.directory else ""
        return Check(f"{name} ({self.directory})" if self.directory else name, command, where + source, self.directory)


def manifests(files: Sequence[str]) -> tuple[str, ...]:
    """The paths whose texts `discover` wants to see."""
    known = frozenset(files)
    wanted: list[str] = []
    for place in _places(files, {}):
        names = [name for name in sorted(_READ) if name in place.files]
        names += _python_tests(place.files)[:1]
        wanted += [f"{place.directory}/{name}".lstrip("/") for name in names]
    return tuple(path for path in dict.fromkeys(wanted) if path in known)


def discover(files: Sequence[str], texts: Mapping[str, str]) -> tuple[Check, ...]:
    """At most MAX_CHECKS, the same for the same files in any order. A manifest that is not valid sets up nothing."""
    found: list[Check] = []
    for place in _places(files, texts):
        for check in _made(place) or _tools(place):
            if not any(_covers(other, check) for other in found):
                found.append(check)
    return tuple(found[:MAX_CHECKS])


def _tools(place: Place) -> list[Check]:
    return [check for finder in (_python, _node, _rust, _go) for check in finder(place)]


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
    directories = {"", *(str(PurePosixPath(path).parent) for path in files if PurePosixPath(path).name in _MANIFESTS)}
    fit = [directory for directory in directories - {"."} if _ours(directory)]
    fit.sort(key=lambda directory: (directory.count("/") + bool(directory), directory))
    return [_place(directory, files, texts) for directory in fit[:MAX_PLACES]]


def _ours(directory: str) -> bool:
    parts = directory.split("/") if directory else []
    return len(parts) <= MAX_DEPTH and not any(part in _NOT_OURS or part.startswith(".") for part in parts)


def _place(directory: str, files: Sequence[str], texts: Mapping[str, str]) -> Place:
    prefix = f"{directory}/" if directory else ""
    inside = frozenset(path.removeprefix(prefix) for path in files if path.startswith(prefix))
    near = {path.removeprefix(prefix): text for path, text in texts.items() if path.startswith(prefix)}
    own = {path: text for path, text in near.items() if "/" not in path or _TEST_FILE.fullmatch(path)}
    parents = {"", directory, *(str(parent) for parent in PurePosixPath(directory).parents if str(parent) != ".")}
    above = frozenset(PurePosixPath(path).name for path in files if _parent(path) in parents)
    return Place(directory, inside, own, above)


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


# --- make ------------------------------------------------------------------------------------------------------

_RULE = re.compile(r"^([\w./ -]+)::?(?![:=])([^=;#\n]*)", re.MULTILINE)


def _made(place: Place) -> list[Check]:
    file = next((name for name in ("GNUmakefile", "makefile", "Makefile") if name in place.texts), "")
    rules = {
        target: needs.split() for names, needs in _RULE.findall(place.texts.get(file, "")) for target in names.split()
    }
    if not rules.keys() & {"check", "test"}:
        return []
    included = {*rules.get("check", ()), *rules.get("test", ())}  # `check: lint test` runs those already
    targets = [name for name in ("check", "test", "lint", "typecheck") if name in rules and name not in included]
    return [place.check(f"make {target}", f"make {target}", file) for target in targets]


# --- Python ----------------------------------------------------------------------------------------------------

_RUNNERS = {"uv.lock": "uv run ", "poetry.lock": "poetry run ", "pdm.lock": "pdm run ", "Pipfile.lock": "pipenv run "}
_TEST_FILE = re.compile(r"(?:tests?/(?:[\w-]+/)*(?:test_\w+|\w+_test)|test_\w+)\.py")
_UNITTEST = re.compile(r"^[ \t]*(?:import|from)[ \t]+unittest\b(?!\.mock|.*\bmock\b)", re.MULTILINE)


def _python(place: Place) -> Iterator[Check]:
    inside = next((prefix for lock, prefix in _RUNNERS.items() if lock in place.above), "")
    tools = _table(_toml(place, "pyproject.toml"), "tool")
    if source := _pytest_source(place, tools):
        yield place.check("pytest", f"{inside}python3 -m pytest", source)
    elif tests := _unittests(place):
        yield place.check("unittest", f"{inside}python3 -m unittest discover", tests)
    ruff = next((name for name in ("ruff.toml", ".ruff.toml") if name in place.files), "")
    if ruff or "ruff" in tools:
        yield place.check("ruff", f"{inside}ruff check .", ruff or "pyproject.toml")
    if mypy := _mypy_source(place, tools):
        yield place.check("mypy", f"{inside}mypy{_mypy_arguments(place, tools)}", mypy)


def _pytest_source(place: Place, tools: Mapping[str, Any]) -> str:
    """The file that sets pytest up, or shows that the tests there are written for it; empty where there is none."""
    for name in ("pytest.ini", ".pytest.ini"):
        if name in place.texts:
            return name
    if "pytest" in tools:
        return "pyproject.toml"
    for name, section in (("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        if _section(place, name, section) is not None:
            return name
    tests = _python_tests(place.files)
    if not tests:
        return ""
    wanted = (name for name in sorted(place.texts) if re.search(r"\bpytest\b", place.texts[name]))
    plain = tests[0] if tests[0] in place.texts and not _UNITTEST.search(place.texts[tests[0]]) else ""
    return next(wanted, "") or plain


def _unittests(place: Place) -> str:
    """A test file for the standard library's runner, which finds only what lies in packages."""
    tests = [path for path in _python_tests(place.files) if path in place.texts]
    return next((path for path in tests if _UNITTEST.search(place.texts[path]) and _importable(place, path)), "")


def _importable(place: Place, path: str) -> bool:
    return "/" not in path or f"{_parent(path)}/__init__.py" in place.files


def _python_tests(files: Iterable[str]) -> list[str]:
    return sorted(path for path in files if path.count("/") <= MAX_DEPTH and _TEST_FILE.fullmatch(path))


def _mypy_source(place: Place, tools: Mapping[str, Any]) -> str:
    own = next((name for name in ("mypy.ini", ".mypy.ini") if name in place.texts), "")
    if own or "mypy" in tools:
        return own or "pyproject.toml"
    return "setup.cfg" if _section(place, "setup.cfg", "mypy") is not None else ""


def _mypy_arguments(place: Place, tools: Mapping[str, Any]) -> str:
    """Without arguments it checks what its configuration names, and complains where that names nothing."""
    names = {"files", "packages", "modules"}
    sections = [_section(place, name, "mypy") or "" for name in ("mypy.ini", ".mypy.ini", "setup.cfg")]
    written = any(re.search(r"(?m)^(files|packages|modules)\s*=", section) for section in sections)
    return "" if written or names & _table(tools, "mypy").keys() else " ."


# --- Node ------------------------------------------------------------------------------------------------------

_MANAGERS = {"pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn", "bun.lock": "bun", "bun.lockb": "bun"}
_SCRIPTS = (("test:ci", "test"), ("lint",), ("typecheck", "type-check"))
"""of each line the first that is there; `test:ci` where people have one, because their `test` may watch"""
_NO_SCRIPT = re.compile(r"no test specified|--watch(?:-?all)?(?![\w-]|=false)|\bnodemon\b", re.IGNORECASE)
"""What `npm init` puts there, and what never ends."""


def _node(place: Place) -> Iterator[Check]:
    scripts = _table(_json(place, "package.json"), "scripts")
    texts = {name: text for name, text in scripts.items() if isinstance(text, str) and text.strip()}
    fit = {name for name, text in texts.items() if not _NO_SCRIPT.search(text)}
    manager = next((manager for lock, manager in _MANAGERS.items() if lock in place.above), "npm")
    for names in _SCRIPTS:
        for script in [name for name in names if name in fit][:1]:
            yield place.check(f"{manager} run {script}", f"{manager} run {script}", "package.json")


# --- Rust and Go -----------------------------------------------------------------------------------------------


def _rust(place: Place) -> Iterator[Check]:
    if "Cargo.toml" not in place.texts:
        return
    workspace = " --workspace" if "workspace" in _toml(place, "Cargo.toml") else ""
    yield place.check("cargo test", f"cargo test{workspace}", "Cargo.toml")
    for setup, name, command in (
        ("rustfmt.toml", "cargo fmt", "cargo fmt --all --check"),
        ("clippy.toml", "cargo clippy", f"cargo clippy{workspace} --all-targets"),
    ):
        if file := next((path for path in (setup, f".{setup}") if path in place.files), ""):
            yield place.check(name, command, file)


def _go(place: Place) -> Iterator[Check]:
    """`go test` builds and vets as well, packages without tests included."""
    if "go.mod" in place.texts:
        yield place.check("go test", "go test ./...", "go.mod")
    linters = (".golangci.yml", ".golangci.yaml", ".golangci.toml")
    if lint := next((name for name in linters if name in place.files), ""):
        yield place.check("golangci-lint", "golangci-lint run", lint)


# --- reading manifests -----------------------------------------------------------------------------------------


def _toml(place: Place, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(place.texts.get(name, ""))
    except (ValueError, RecursionError):
        return {}


def _json(place: Place, name: str) -> dict[str, Any]:
    try:
        value = json.loads(place.texts.get(name, "{}"))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _table(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The mapping that stands there, an empty one where something else does."""
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}


def _section(place: Place, name: str, section: str) -> str | None:
    """The text of an INI file's section, None where it has none."""
    found = re.search(rf"(?ms)^\[{re.escape(section)}\][^\n]*\n?(.*?)(?=^\[|\Z)", place.texts.get(name, ""))
    return found.group(1) if found else None
