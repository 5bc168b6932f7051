"""What installers leave is not shipped, and nothing that was asked for is taken for it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runner.domain.residue import kept


def keeps(
    path: str, *, tracked: set[str] = frozenset(), declared: tuple[str, ...] = (), beside: tuple[str, ...] = ()
) -> bool:  # type: ignore[assignment]
    return path in kept([path, *beside], tracked, declared, frozenset())


def test_vendor_is_an_installers_only_with_its_mark_and_its_manifest() -> None:
    assert keeps("vendor/a.php")
    assert keeps("vendor/a.php", tracked={"composer.json"})
    assert keeps("vendor/a.php", beside=("vendor/autoload.php",))
    assert not keeps("vendor/a.php", beside=("vendor/autoload.php",), tracked={"composer.json"})
    assert not keeps("api/vendor/a.php", beside=("api/vendor/autoload.php",), tracked={"api/composer.json"})
    assert not keeps("vendor/bundle/ruby/x.rb", tracked={"Gemfile"})


def test_a_committed_vendor_directory_is_code() -> None:
    tracked = {"composer.json", "vendor/acme/x.php"}
    assert keeps("vendor/a.php", beside=("vendor/autoload.php",), tracked=tracked)


def test_what_lies_where_an_earlier_story_installed_is_installed_too() -> None:
    """It may be no more than the difference, with no mark of an environment in it."""
    new = ["venv/lib/python3.11/site-packages/part/__init__.py", "src/a.py", "api/vendor/x.php"]
    assert kept(new, {"src/b.py"}, (), set(), installed=("venv", "api/vendor")) == ["src/a.py"]
    assert kept(new, {"api/vendor/y.php"}, (), set(), installed=("venv", "api/vendor")) == new[1:]


def test_a_cache_is_a_cache_even_where_somebody_once_committed_one() -> None:
    assert not keeps("a/__pycache__/y.pyc", tracked={"a/__pycache__/x.pyc"})


def test_a_story_ships_leftovers_only_by_their_name() -> None:
    path = "fixtures/node_modules/m/i.js"
    assert keeps(path, declared=("fixtures/node_modules/**",))
    assert keeps(path, declared=("fixtures/node_modules/m/i.js",))
    for declared in (("**",), ("fixtures/**",), ("*",), ("node_modules",)):
        assert not keeps(path, declared=declared)


def test_an_empty_file_where_agent_settings_would_be_is_the_sandboxs_mount_point() -> None:
    assert kept([".mcp.json", "src/empty.py"], set(), (), {".mcp.json", "src/empty.py"}) == ["src/empty.py"]
    assert kept([".mcp.json"], set(), (), set()) == [".mcp.json"], "one with contents is for the gate to judge"


_NAMES = st.sampled_from(["src", "docs", "build", "dist", "lib", "a.py", "CLAUDE.md", "target", "env", "vendor", "x"])


@given(st.lists(st.lists(_NAMES, min_size=1, max_size=4).map("/".join), unique=True))
def test_ordinary_names_are_never_taken_for_leftovers(paths: list[str]) -> None:
    assert kept(paths, set(), (), set()) == paths
