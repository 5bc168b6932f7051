"""What each kind of project says about its own checks: Make, Python, Node, Rust and Go.

Commands are made of our words only; what a manifest says decides which of them, never what they say.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from .verdict import Check

MAX_DEPTH = 3
"""directories between a place and its tests, and between the root and a place"""
MANIFESTS = frozenset(
    {
        *("GNUmakefile", "makefile", "Makefile", "package.json", "Cargo.toml", "go.mod", "pyproject.toml"),
        *("pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg", "mypy.ini", ".mypy.ini"),
    }
)
READ = MANIFESTS | {"conftest.py", "requirements.txt", "requirements-dev.txt", "dev-requirements.txt"}


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


def tools(place: Place) -> list[Check]:
    """What is set up there beside a Makefile."""
    return [check for finder in (_python, _node, _rust, _go) for check in finder(place)]


# --- make ------------------------------------------------------------------------------------------------------

_RULE = re.compile(r"^([\w./ -]+)::?(?![:=])([^=;#\n]*)", re.MULTILINE)


def made(place: Place) -> list[Check]:
    file = next((name for name in ("GNUmakefile", "makefile", "Makefile") if name in place.texts), "")
    lines = _RULE.findall(place.texts.get(file, ""))
    rules = {target: needs.split() for names, needs in lines for target in names.split()}
    if not rules.keys() & {"check", "test"}:
        return []
    included = {*rules.get("check", ()), *rules.get("test", ())}  # `check: lint test` runs those already
    targets = [name for name in ("check", "test", "lint", "typecheck") if name in rules and name not in included]
    return [place.check(f"make {target}", f"make {target}", file) for target in targets]


# --- Python ----------------------------------------------------------------------------------------------------

_RUNNERS = {"uv.lock": "uv run ", "poetry.lock": "poetry run ", "pdm.lock": "pdm run ", "Pipfile.lock": "pipenv run "}
TEST_FILE = re.compile(r"(?:tests?/(?:[\w-]+/)*(?:test_\w+|\w+_test)|test_\w+)\.py")
_UNITTEST = re.compile(r"^[ \t]*(?:import|from)[ \t]+unittest\b(?!\.mock|.*\bmock\b)", re.MULTILINE)


def _python(place: Place) -> Iterator[Check]:
    inside = next((prefix for lock, prefix in _RUNNERS.items() if lock in place.above), "")
    settings = _table(_toml(place, "pyproject.toml"), "tool")
    if source := _pytest_source(place, settings):
        yield place.check("pytest", f"{inside}python3 -m pytest", source)
    elif tests := _unittests(place):
        yield place.check("unittest", f"{inside}python3 -m unittest discover", tests)
    ruff = next((name for name in ("ruff.toml", ".ruff.toml") if name in place.files), "")
    if ruff or "ruff" in settings:
        yield place.check("ruff", f"{inside}ruff check .", ruff or "pyproject.toml")
    if mypy := _mypy_source(place, settings):
        yield place.check("mypy", f"{inside}mypy{_mypy_arguments(place, settings)}", mypy)


def _pytest_source(place: Place, settings: Mapping[str, Any]) -> str:
    """The file that sets pytest up, or shows that the tests there are written for it; empty where there is none."""
    for name in ("pytest.ini", ".pytest.ini"):
        if name in place.texts:
            return name
    if "pytest" in settings:
        return "pyproject.toml"
    for name, section in (("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        if _section(place, name, section) is not None:
            return name
    tests = python_tests(place.files)
    if not tests:
        return ""
    wanted = (name for name in sorted(place.texts) if re.search(r"\bpytest\b", place.texts[name]))
    plain = tests[0] if tests[0] in place.texts and not _UNITTEST.search(place.texts[tests[0]]) else ""
    return next(wanted, "") or plain


def _unittests(place: Place) -> str:
    """A test file for the standard library's runner, which finds only what lies in packages."""
    tests = [path for path in python_tests(place.files) if path in place.texts]
    return next((path for path in tests if _UNITTEST.search(place.texts[path]) and _importable(place, path)), "")


def _importable(place: Place, path: str) -> bool:
    return "/" not in path or f"{path.rpartition('/')[0]}/__init__.py" in place.files


def python_tests(files: Iterable[str]) -> list[str]:
    return sorted(path for path in files if path.count("/") <= MAX_DEPTH and TEST_FILE.fullmatch(path))


def _mypy_source(place: Place, settings: Mapping[str, Any]) -> str:
    own = next((name for name in ("mypy.ini", ".mypy.ini") if name in place.texts), "")
    if own or "mypy" in settings:
        return own or "pyproject.toml"
    return "setup.cfg" if _section(place, "setup.cfg", "mypy") is not None else ""


def _mypy_arguments(place: Place, settings: Mapping[str, Any]) -> str:
    """Without arguments it checks what its configuration names, and complains where that names nothing."""
    names = {"files", "packages", "modules"}
    sections = [_section(place, name, "mypy") or "" for name in ("mypy.ini", ".mypy.ini", "setup.cfg")]
    written = any(re.search(r"(?m)^(files|packages|modules)\s*=", section) for section in sections)
    return "" if written or names & _table(settings, "mypy").keys() else " ."


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
