"""What is found in a repository, and what is not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.domain.checks import MAX_CHECKS, MAX_PLACES, discover, manifests, named
from runner.domain.verdict import Check

TEST = "def test_it():\n    assert True\n"
UNITTEST = "import unittest\n\nclass T(unittest.TestCase): ...\n"


def found(files: dict[str, str]) -> list[str]:
    """Each check as `directory: command`, of a repository with these files."""
    texts = {path: files[path] for path in manifests(sorted(files))}
    return [f"{check.directory}: {check.command}".removeprefix(": ") for check in discover(sorted(files), texts)]


def scripts(**texts: str) -> str:
    return json.dumps({"scripts": {name.replace("_", ":"): text for name, text in texts.items()}})


@pytest.mark.parametrize(
    ("files", "commands"),
    [
        ({"README.md": "# hello\n"}, []),
        ({}, []),
        # pytest
        ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, ["python3 -m pytest"]),
        ({"pytest.ini": "[pytest]\n"}, ["python3 -m pytest"]),
        ({"tox.ini": "[tox]\n\n[pytest]\n"}, ["python3 -m pytest"]),
        ({"tox.ini": "[tox]\n"}, []),
        ({"setup.cfg": "[tool:pytest]\naddopts = -q\n"}, ["python3 -m pytest"]),
        ({"tests/test_a.py": TEST}, ["python3 -m pytest"]),
        ({"tests/unit/test_a.py": TEST}, ["python3 -m pytest"]),
        ({"requirements-dev.txt": "pytest\n", "test/a_test.py": UNITTEST}, ["python3 -m pytest"]),
        ({"requirements-dev.txt": "pytest\n"}, []),
        ({"pyproject.toml": "[project]\nname = 'x'\n", "src/x.py": ""}, []),
        ({"tests/__init__.py": "", "tests/data.json": "{}"}, []),
        # unittest, where that is what the tests are written for
        ({"tests/__init__.py": "", "tests/test_a.py": UNITTEST}, ["python3 -m unittest discover"]),
        ({"test_a.py": UNITTEST}, ["python3 -m unittest discover"]),
        ({"tests/test_a.py": UNITTEST}, []),
        ({"tests/test_a.py": "from unittest.mock import Mock\n" + TEST}, ["python3 -m pytest"]),
        ({"tests/test_a.py": "from unittest import mock\n" + TEST}, ["python3 -m pytest"]),
        # the environment that the lock file is for
        ({"pytest.ini": "", "uv.lock": ""}, ["uv run python3 -m pytest"]),
        ({"pytest.ini": "", "poetry.lock": ""}, ["poetry run python3 -m pytest"]),
        # linters and types
        ({"pyproject.toml": "[tool.ruff]\n"}, ["ruff check ."]),
        ({".ruff.toml": ""}, ["ruff check ."]),
        ({"pyproject.toml": "[tool.mypy]\nstrict = true\n"}, ["mypy ."]),
        ({"pyproject.toml": "[tool.mypy]\npackages = ['x']\n"}, ["mypy"]),
        ({"mypy.ini": "[mypy]\nfiles = src\n"}, ["mypy"]),
        ({"setup.cfg": "[mypy]\n"}, ["mypy ."]),
        ({"pyproject.toml": "[tool.ruff]\n[tool.mypy]\n[tool.pytest.ini_options]\n", "uv.lock": ""},
         ["uv run python3 -m pytest", "uv run ruff check .", "uv run mypy ."]),
        # Node
        ({"package.json": scripts(test="jest")}, ["npm run test"]),
        ({"package.json": scripts(test="jest", lint="eslint .", typecheck="tsc", build="x")},
         ["npm run test", "npm run lint", "npm run typecheck"]),
        ({"package.json": scripts(test="vitest", test_ci="vitest run")}, ["npm run test:ci"]),
        ({"package.json": scripts(test="jest"), "pnpm-lock.yaml": ""}, ["pnpm run test"]),
        ({"package.json": scripts(test="jest"), "yarn.lock": ""}, ["yarn run test"]),
        ({"package.json": scripts(test='echo "Error: no test specified" && exit 1')}, []),
        ({"package.json": scripts(test="jest --watch")}, []),
        ({"package.json": scripts(test="jest --watchAll")}, []),
        ({"package.json": scripts(test="ng test --watch=false")}, ["npm run test"]),
        ({"package.json": scripts(test=" ")}, []),
        ({"package.json": "{}"}, []),
        # Rust and Go
        ({"Cargo.toml": "[package]\n"}, ["cargo test"]),
        ({"Cargo.toml": "[workspace]\n", "a/Cargo.toml": "[package]\n", "rustfmt.toml": ""},
         ["cargo test --workspace", "cargo fmt --all --check"]),
        ({"go.mod": "module x\n", ".golangci.yml": ""}, ["go test ./...", "golangci-lint run"]),
        # Make speaks for the rest
        ({"Makefile": "test:\n\tpytest\n", "pytest.ini": ""}, ["make test"]),
        ({"Makefile": "check: lint test\ntest:\n\tx\nlint:\n\tx\n", "pytest.ini": ""}, ["make check"]),
        ({"Makefile": "check: ## lint and test\n\tx\ntest:\n\tx\n"}, ["make check", "make test"]),
        ({"Makefile": ".PHONY: check test\ncheck test: deps\n"}, ["make check", "make test"]),
        ({"Makefile": "build:\n\tcc\nlint:\n\tx\n", "pytest.ini": ""}, ["python3 -m pytest"]),
        ({"Makefile": "check := yes\ntest ::= no\n\ttest: x\n"}, []),
        ({"Makefile": "test:\n\tx\n", "web/package.json": scripts(test="jest")}, ["make test"]),
    ],
)  # fmt: skip
def test_a_check_is_found_where_the_repository_sets_it_up(files: dict[str, str], commands: list[str]) -> None:
    assert found(files) == commands


def test_the_parts_of_a_monorepo_are_checked_in_their_own_directories() -> None:
    files = {
        "package.json": scripts(lint="eslint ."),
        "pnpm-lock.yaml": "",
        "web/package.json": scripts(test="vitest run", lint="eslint ."),
        "services/api/pyproject.toml": "[tool.pytest.ini_options]\n",
        "services/api/requirements.txt": "flask\n",
        "tool/go.mod": "module tool\n",
    }
    assert found(files) == [
        "pnpm run lint",
        "tool: go test ./...",
        "web: pnpm run test",
        "services/api: python3 -m pytest",
    ]


def test_a_check_says_where_it_comes_from() -> None:
    files = {"services/api/pytest.ini": "[pytest]\n"}
    assert discover(tuple(files), files) == (
        Check("pytest (services/api)", "python3 -m pytest", "services/api/pytest.ini", "services/api"),
    )


def test_a_root_that_only_lints_does_not_silence_the_tests_below_it() -> None:
    files = {"pyproject.toml": "[tool.ruff]\n", "api/pyproject.toml": "[tool.ruff]\n[tool.pytest.ini_options]\n"}
    assert found(files) == ["ruff check .", "api: python3 -m pytest"]


@pytest.mark.parametrize("directory", ["node_modules/x", "vendor/y", "examples/z", ".github/w", "a/b/c/d", "tests/q"])
def test_manifests_that_are_not_the_projects_own_set_nothing_up(directory: str) -> None:
    assert found({f"{directory}/package.json": scripts(test="jest"), f"{directory}/pytest.ini": ""}) == []


def test_a_large_monorepo_stays_bounded() -> None:
    files = {f"p{n:02}/package.json": scripts(test="jest", lint="eslint") for n in range(40)}
    assert len(manifests(sorted(files))) == MAX_PLACES - 1
    assert len(found(files)) == MAX_CHECKS


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[tool.ruff"),
        ("pyproject.toml", "tool = 3\n"),
        ("pyproject.toml", "a = " + "[" * 5000),
        ("package.json", "{"),
        ("package.json", "[" * 100_000),
        ("package.json", '{"scripts": ["test"]}'),
        ("package.json", '{"scripts": {"test": 3}}'),
        ("package.json", "null"),
    ],
)
def test_a_manifest_that_is_none_sets_nothing_up(name: str, text: str) -> None:
    assert found({name: text}) == []


def test_a_manifest_whose_text_was_too_long_to_read_sets_nothing_up() -> None:
    assert discover(("package.json", "Makefile", "go.mod"), {}) == ()


def test_of_two_written_checks_with_one_command_the_first_counts() -> None:
    assert named([("a", "x"), ("b", "y"), ("c", "x")], "baro.yml") == (
        Check("a", "x", "baro.yml"),
        Check("b", "y", "baro.yml"),
    )


# --- for any repository ----------------------------------------------------------------------------------------

names = st.sampled_from(
    ["pyproject.toml", "package.json", "Makefile", "go.mod", "Cargo.toml", "pytest.ini", "tox.ini", "tests/test_a.py"]
)
directories = st.sampled_from(["", "a/", "b/", "a/b/", "$(id)/", "x y/", "-rf/", "vendor/"])
texts = st.one_of(
    st.text(max_size=80),
    st.text(alphabet='[]{}":,=#\n\ttool.pytest scripts check test: $()', max_size=120),
    st.sampled_from(["[tool.pytest.ini_options]\n", "[tool.ruff]\n", "check: test\ntest:\n", scripts(test="$(id)")]),
)
repositories = st.dictionaries(st.builds(str.__add__, directories, names), texts, max_size=12)
WORDS = {
    *("python3", "-m", "pytest", "unittest", "discover", "ruff", "check", ".", "mypy"),
    *("npm", "run", "test", "lint", "typecheck", "cargo", "--workspace", "go", "./...", "make"),
}


@given(repositories)
def test_no_text_of_a_repository_becomes_part_of_a_command(files: dict[str, str]) -> None:
    for check in discover(tuple(files), files):
        assert set(check.command.split(" ")) <= WORDS
        assert check.source in files
        assert check.source.startswith(check.directory)


@given(repositories, st.randoms())
def test_what_is_found_does_not_depend_on_the_order_of_files(files: dict[str, str], chance: st.DataObject) -> None:
    shuffled = list(files)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert discover(shuffled, files) == discover(sorted(files), files)


@given(repositories)
def test_no_command_runs_twice_in_one_place_and_their_number_is_bounded(files: dict[str, str]) -> None:
    checks = discover(tuple(files), files)
    assert len({(check.directory, check.command) for check in checks}) == len(checks) <= MAX_CHECKS
    assert len({check.name for check in checks}) == len(checks)
