"""Where installers put things: found by manifest, never where code is tracked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.domain.dependencies import above, lineage, movable, places

NAMES = st.sampled_from(["package.json", "composer.json", "Gemfile", "vendor", "node_modules", "a", ".venv", "go.mod"])
PATHS = st.lists(NAMES, min_size=1, max_size=5).map("/".join)


@pytest.mark.parametrize(
    ("manifest", "place"),
    [
        ("package.json", "node_modules"),
        ("apps/web/client/package.json", "apps/web/client/node_modules"),
        ("pyproject.toml", ".venv"),
        ("services/api/requirements-dev.txt", "services/api/.venv"),
        ("tools/setup.py", "tools/venv"),
        ("composer.json", "vendor"),
        ("site/Gemfile", "site/vendor/bundle"),
        ("go.mod", "vendor"),
        ("infra/main.tf", "infra/.terraform"),
    ],
)
def test_a_manifest_names_the_place_beside_it(manifest: str, place: str) -> None:
    assert place in places([manifest, "README.md"])


def test_a_tracked_directory_is_code() -> None:
    found = places(["composer.json", "vendor/acme/x.php", "package.json", "node_modules/a/index.js", "Gemfile"])
    assert "vendor" not in found
    assert "node_modules" not in found
    assert "vendor/bundle" in found, "beside tracked files, yet without any"


def test_at_the_top_packages_may_be_installed_without_a_manifest() -> None:
    assert places(["script.py"]) == (".venv", "node_modules", "venv")


def test_a_place_inside_another_is_part_of_it() -> None:
    assert "vendor/bundle" not in places(["composer.json", "Gemfile"])


@given(st.lists(PATHS, max_size=8))
def test_no_place_holds_anything_tracked_or_lies_in_another(tracked: list[str]) -> None:
    found = places(tracked)
    for place in found:
        assert not any(f"{path}/".startswith(f"{place}/") for path in tracked)
        assert not set(above(place)) & set(found)


def test_virtual_environments_name_their_own_place_and_cannot_be_moved() -> None:
    assert [movable(place) for place in (".venv", "api/venv", "node_modules", "vendor")] == [False, False, True, True]


def test_the_lineage_of_a_story_is_all_it_depends_on_however_indirectly() -> None:
    after = {"S1": (), "S2": ("S1",), "S3": ("S1",), "S4": ("S3", "S2"), "S5": ("S9",)}
    assert lineage(after, "S4") == ("S1", "S2", "S3")
    assert lineage(after, "S1") == ()
    assert lineage(after, "S5") == (), "a story that was dropped"


@given(st.lists(NAMES, min_size=1, max_size=6).map("/".join))
def test_the_directories_above_a_path_lead_to_it(path: str) -> None:
    assert [f"{parent}/" for parent in above(path)] == [
        "/".join(path.split("/")[:depth]) + "/" for depth in range(1, path.count("/") + 1)
    ]
