"""What one story has installed, as other stories find it: with real installers in the real sandbox."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest

from runner.adapters.sandbox.bubblewrap import Bubblewrap
from runner.adapters.sandbox.room import Sharing
from tests.adapters.dependency_world import (
    NODE,
    PIP,
    PYTHON,
    PYTHONIC,
    UV,
    Stories,
    package_json,
    tarball,
    wheel,
)
from tests.adapters.git_world import git

LEFT = "node -p \"require('left')\""
RIGHT = "node -p \"require('right')\""
ADD_RIGHT = "npm install --silent ./packages/right.tgz"
both = pytest.mark.parametrize("sharing", ["overlay", "copies"])


async def prepared(root: Path, files: dict[str, str | bytes], sharing: Sharing = "overlay") -> Stories:
    stories = Stories(root, files, sharing)
    await stories.workspace.prepare(stories.spec)
    return stories


def committed(stories: Stories) -> set[str]:
    branch = f"refs/heads/{stories.spec.branch}"
    return set(git(stories.clone, f"--git-dir={stories.clone}", "ls-tree", "-r", "--name-only", branch).splitlines())


def test_this_machine_offers_overlays(tmp_path: Path) -> None:
    """Otherwise half of what follows would not be tested."""
    assert Bubblewrap(os.environ["PATH"]).sharing(tmp_path / "home") == "overlay"
    assert list((tmp_path / "home").iterdir()) == []


# --- npm -------------------------------------------------------------------------------------------------------


@both
async def test_dependents_use_what_a_setup_story_installed(tmp_path: Path, sharing: Sharing) -> None:
    stories = await prepared(tmp_path, dict(NODE), sharing)
    assert "[" not in await stories.done("S1", "npm install --silent")
    assert await stories.story("S2", f"{LEFT}; node_modules/.bin/left", "S1") == "left 1.0.0\nleft 1.0.0"


@both
async def test_a_story_sees_nothing_of_stories_it_does_not_depend_on(tmp_path: Path, sharing: Sharing) -> None:
    stories = await prepared(tmp_path, dict(NODE), sharing)
    await stories.done("S1", "npm install --silent")
    assert "Cannot find module" in await stories.story("S2", LEFT)


@both
async def test_an_installer_in_one_story_reaches_its_dependents_and_no_sibling(
    tmp_path: Path, sharing: Sharing
) -> None:
    stories = await prepared(tmp_path, dict(NODE), sharing)
    await stories.done("S1", "npm install --silent")
    added = await stories.done("S2", f"{ADD_RIGHT}; {LEFT}; {RIGHT}", "S1")
    assert added == "left 1.0.0\nright 1.0.0"
    sibling = await stories.story("S3", f"{LEFT}; {RIGHT}", "S1")
    assert sibling.startswith("left 1.0.0")
    assert "Cannot find module 'right'" in sibling
    assert await stories.story("S4", f"{LEFT}; {RIGHT}", "S1", "S2") == "left 1.0.0\nright 1.0.0"


@both
async def test_npm_ci_empties_nobody_elses_directory(tmp_path: Path, sharing: Sharing) -> None:
    stories = await prepared(tmp_path, dict(NODE), sharing)
    await stories.done("S1", "npm install --silent && test -f package-lock.json")
    using = f"for n in $(seq 25); do {LEFT} || exit; done"
    again, said = await asyncio.gather(
        stories.story("S2", f"npm ci --silent && npm ci --silent && {LEFT}", "S1"), stories.story("S3", using, "S1")
    )
    assert again == "left 1.0.0"
    assert said.split("\n") == ["left 1.0.0"] * 25


@both
async def test_a_directory_may_be_deleted_and_installed_again(tmp_path: Path, sharing: Sharing) -> None:
    stories = await prepared(tmp_path, dict(NODE), sharing)
    await stories.done("S1", f"npm install --silent && {ADD_RIGHT} --no-save")
    anew = await stories.done("S2", f"rm -rf node_modules && ls -A && npm ci --silent && {RIGHT}", "S1")
    assert "node_modules" not in anew.splitlines()
    assert "Cannot find module 'right'" in anew, "npm ci does not know it"
    assert await stories.story("S3", f"{LEFT}; ls node_modules", "S1", "S2") == "left 1.0.0\nleft"


async def test_two_installers_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    stories = await prepared(tmp_path, dict(NODE))
    await stories.done("S1", "npm install --silent")
    siblings = [f"S{n}" for n in range(2, 6)]
    said = await asyncio.gather(
        *(stories.story(one, f"{ADD_RIGHT} && npm ci --silent && {LEFT} && {RIGHT}", "S1") for one in siblings)
    )
    assert said == ["left 1.0.0\nright 1.0.0"] * 4


async def test_nothing_is_copied_where_the_sandbox_has_overlays(tmp_path: Path) -> None:
    stories = await prepared(tmp_path, dict(NODE))
    await stories.done("S1", "npm install --silent")
    before = (stories.tree("S1") / "node_modules/left/index.js").stat().st_ino
    seat = await stories.workspace.seat(stories.spec, "S2", 1, fresh=True, after=("S1",))
    assert seat.view is not None
    assert (seat.view.layers[0] / "node_modules/left/index.js").stat().st_ino == before
    assert not (seat.tree / "node_modules").exists()


@both
async def test_packages_of_a_monorepo_have_their_own_directories_at_any_depth(tmp_path: Path, sharing: Sharing) -> None:
    files = {
        "apps/web/client/package.json": package_json("left", root="../../.."),
        "apps/api/package.json": package_json("right", root="../.."),
        "packages/left.tgz": tarball("left"),
        "packages/right.tgz": tarball("right"),
    }
    stories = await prepared(tmp_path, files, sharing)
    await stories.done("S1", "(cd apps/web/client && npm install --silent) && (cd apps/api && npm install --silent)")
    used = f"(cd apps/web/client && {LEFT}; {RIGHT}); (cd apps/api && {RIGHT})"
    said = await stories.story("S2", used, "S1")
    assert said.startswith("left 1.0.0")
    assert "Cannot find module 'right'" in said
    assert said.endswith("right 1.0.0")
    assert committed(stories) == {*files, "apps/web/client/package-lock.json", "apps/api/package-lock.json"}


async def test_workspaces_of_npm_link_to_the_storys_own_sources(tmp_path: Path) -> None:
    """The links npm makes would lead into the tree of whoever installed, were the trees not at one place inside."""
    root = '{"name": "app", "private": true, "workspaces": ["libs/*"]}'
    files = {"package.json": root, "libs/own/package.json": '{"name": "own", "version": "1.0.0", "main": "i.js"}'}
    stories = await prepared(tmp_path, files | {"libs/own/i.js": "module.exports = 'as it was'\n"})
    await stories.done("S1", "npm install --silent")
    changed = "echo \"module.exports = 'mine'\" > libs/own/i.js; node -p \"require('own')\""
    assert await stories.story("S2", changed, "S1") == "mine"
    assert await stories.story("S3", "node -p \"require('own')\"", "S1") == "as it was"


# --- Python ----------------------------------------------------------------------------------------------------


@both
async def test_a_virtual_environment_works_in_every_dependent(tmp_path: Path, sharing: Sharing) -> None:
    stories = await prepared(tmp_path, dict(PYTHONIC), sharing)
    assert await stories.done("S1", f"{PYTHON} -m venv .venv && {PIP} greet") == ""
    used = ".venv/bin/greet && .venv/bin/python -c 'import sys; print(sys.prefix)'"
    assert await stories.story("S2", used, "S1") == "greet 1.0\n/workspace/.venv"
    assert await stories.story("S3", f"{PIP} part && .venv/bin/part && .venv/bin/greet", "S1") == "part 1.0\ngreet 1.0"
    assert "not found" in await stories.story("S4", ".venv/bin/part", "S1")


@both
async def test_an_environment_may_be_made_again_over_the_one_that_is_there(tmp_path: Path, sharing: Sharing) -> None:
    stories = await prepared(tmp_path, dict(PYTHONIC), sharing)
    await stories.done("S1", f"{PYTHON} -m venv .venv && {PIP} greet")
    assert await stories.story("S2", f"{PYTHON} -m venv .venv && .venv/bin/greet", "S1") == "greet 1.0"
    bare = f"{PYTHON} -m venv --without-pip"
    for story, anew in (("S3", f"{bare} --clear .venv"), ("S4", f"rm -rf .venv && {bare} .venv")):
        binaries = await stories.story(story, f"{anew} && ls .venv/bin", "S1")
        assert "python" in binaries
        assert "greet" not in binaries
    assert await stories.story("S5", ".venv/bin/pip uninstall -qy greet; ls .venv/bin/greet", "S1") != ""
    assert await stories.story("S6", ".venv/bin/greet", "S1") == "greet 1.0"


async def test_an_editable_installation_means_the_storys_own_sources(tmp_path: Path) -> None:
    path = "for d in .venv/lib/python3.*/site-packages; do echo /workspace/src > $d/app.pth; done"
    stories = await prepared(tmp_path, dict(PYTHONIC))
    await stories.done("S1", f"{PYTHON} -m venv --without-pip .venv && {path}")
    mine = "echo 'A = 7' > src/a.py; .venv/bin/python -c 'import a; print(a.A)'"
    assert await stories.story("S2", mine, "S1") == "7"
    assert await stories.story("S3", ".venv/bin/python -c 'import a; print(a.A)'", "S1") == "1"


@both
async def test_uv_syncs_over_what_an_earlier_story_installed(tmp_path: Path, sharing: Sharing) -> None:
    assert UV.exists(), "make puts it there"
    project = '[project]\nname = "app"\nversion = "0"\nrequires-python = ">=3.9"\ndependencies = ["greet"]\n'
    files = {"pyproject.toml": project, **wheel("greet"), **wheel("part")}
    stories = await prepared(tmp_path, files, sharing)
    uv = f"export UV_PYTHON={PYTHON} UV_NO_INDEX=1 UV_FIND_LINKS=wheels UV_OFFLINE=1 UV_NO_PROGRESS=1; {UV}"
    assert "[" not in (await stories.done("S1", f"{uv} sync --quiet"))
    assert await stories.story("S2", ".venv/bin/greet", "S1") == "greet 1.0"
    assert await stories.story("S3", f"{uv} add --quiet part && .venv/bin/part", "S1") == "part 1.0"
    assert (
        await stories.story("S4", f"{uv} venv --quiet --clear && {UV} sync --quiet && .venv/bin/greet", "S1")
        == "greet 1.0"
    )
    assert await stories.story("S5", f"rm -rf .venv && {uv} sync --quiet && .venv/bin/greet", "S1") == "greet 1.0"
    assert "not found" in await stories.story("S6", ".venv/bin/part", "S1")
    assert committed(stories) == {*files, "uv.lock"}


# --- what is never committed, and what is ------------------------------------------------------------------------


@both
async def test_what_is_added_to_an_earlier_installation_is_not_committed_either(
    tmp_path: Path, sharing: Sharing
) -> None:
    """There is no ignore file here, and what the second story adds holds nothing that tells it is an environment."""
    stories = await prepared(tmp_path, dict(PYTHONIC), sharing)
    await stories.done("S1", f"{PYTHON} -m venv venv")
    pip = PIP.replace(".venv", "venv")
    assert await stories.done("S2", f"{pip} part && echo 2 > src/a.py && venv/bin/part", "S1") == "part 1.0"
    assert committed(stories) == set(PYTHONIC)
    assert stories.at_head("src/a.py") == "2"
    assert await stories.story("S3", "venv/bin/part", "S1", "S2") == "part 1.0"


@both
async def test_a_tracked_vendor_directory_is_code(tmp_path: Path, sharing: Sharing) -> None:
    files = {"go.mod": "module app\n", "vendor/modules.txt": "# ours\n", "vendor/a/a.go": "package a\n"}
    stories = await prepared(tmp_path, files, sharing)
    await stories.done("S1", "echo 'package b' > vendor/a/b.go")
    assert "vendor/a/b.go" in committed(stories)
    assert await stories.story("S2", "cat vendor/a/b.go vendor/modules.txt", "S1") == "package b\n# ours"
    assert not (stories.tree("S1").parents[1] / "layers/S1/tree/vendor").exists()


async def test_composers_vendor_directory_is_shared_and_stays_here(tmp_path: Path) -> None:
    """Without composer itself: what counts is where the manifest lies and what it leaves behind."""
    stories = await prepared(tmp_path, {"api/composer.json": "{}\n"})
    await stories.done(
        "S1", "mkdir -p api/vendor/acme && echo 1 > api/vendor/autoload.php && echo 1 > api/vendor/acme/x"
    )
    await stories.done("S2", "echo 2 > api/vendor/acme/y && echo 2 > api/a.php && cat api/vendor/autoload.php", "S1")
    assert committed(stories) == {"api/composer.json", "api/a.php"}
    assert await stories.story("S3", "cat api/vendor/acme/*", "S1", "S2") == "1\n2"


@both
async def test_code_around_installed_packages_can_be_deleted_and_renamed(tmp_path: Path, sharing: Sharing) -> None:
    files = {
        "libs/a/package.json": package_json("left", root="../.."),
        "libs/b/package.json": package_json("left", root="../.."),
        "packages/left.tgz": tarball("left"),
    }
    stories = await prepared(tmp_path, files, sharing)
    await stories.done("S1", "for lib in libs/*; do (cd $lib && npm install --silent); done")
    assert await stories.done("S2", "rm -rf libs/a && mv libs/b libs/c && ls libs", "S1") == "c"
    assert {path for path in committed(stories) if path.startswith("libs")} == {
        "libs/c/package.json",
        "libs/c/package-lock.json",
    }
    assert await stories.story("S3", f"ls libs; cd libs/c && {LEFT}", "S1", "S2") == "c\nleft 1.0.0"
    assert await stories.done("S4", "mkdir libs/a && echo 1 > libs/a/x.js && ls libs/a", "S1", "S2") == "x.js"
    assert "libs/a/x.js" in committed(stories), "code, wherever something was installed once"


# --- stories that fail, meet, or die ----------------------------------------------------------------------------


@both
async def test_what_a_failed_attempt_installed_is_gone_with_it(tmp_path: Path, sharing: Sharing) -> None:
    stories = await prepared(tmp_path, dict(NODE), sharing)
    await stories.done("S1", "npm install --silent")
    await stories.story("S2", f"rm -rf node_modules; {ADD_RIGHT} --no-save && false", "S1")
    again = await stories.story("S2", f"{LEFT}; {RIGHT}", "S1", attempt=2)
    assert again.startswith("left 1.0.0")
    assert "Cannot find module 'right'" in again


@both
async def test_an_attempt_that_goes_on_finds_what_it_installed(tmp_path: Path, sharing: Sharing) -> None:
    stories = await prepared(tmp_path, dict(NODE), sharing)
    await stories.done("S1", "npm install --silent")
    await stories.story("S2", f"{ADD_RIGHT} --no-save", "S1")
    stories.workspace = stories.shared()
    kept = await stories.story("S2", f"{LEFT}; {RIGHT}", "S1", attempt=2, fresh=False)
    assert kept == "left 1.0.0\nright 1.0.0"


@both
async def test_stories_that_installed_apart_are_seen_together(tmp_path: Path, sharing: Sharing) -> None:
    stories = await prepared(tmp_path, dict(PYTHONIC), sharing)
    await stories.done("S1", f"{PYTHON} -m venv .venv")
    await stories.done("S2", f"{PIP} greet", "S1")
    await stories.done("S3", f"{PIP} part", "S1")
    assert await stories.story("S4", ".venv/bin/greet; .venv/bin/part", "S1", "S2", "S3") == "greet 1.0\npart 1.0"


@both
async def test_two_versions_of_a_package_are_never_mixed(tmp_path: Path, sharing: Sharing) -> None:
    """The stories did not know of each other: the later one's installation counts, as a whole."""
    files = dict(NODE) | {"packages/left@2.tgz": tarball("left", "2.0.0")}
    stories = await prepared(tmp_path, files, sharing)
    await stories.done("S1", "npm install --silent")
    one = "npm install --silent --no-save ./packages/left@2.tgz && touch node_modules/left/only-in-2"
    await stories.done("S2", one, "S1")
    other = "npm install --silent --no-save ./packages/right.tgz && echo '// seen' >> node_modules/left/index.js"
    await stories.done("S3", other, "S1")
    said = await stories.story("S4", f"{LEFT}; {RIGHT}; ls node_modules/left", "S1", "S2", "S3")
    assert said == "left 1.0.0\nright 1.0.0\ncli.js\nindex.js\npackage.json"
    assert await stories.done("S5", f"rm -rf node_modules/left; {RIGHT}", "S1", "S2", "S3", "S4") == "right 1.0.0"
    assert await stories.story("S6", "ls node_modules", "S1", "S2", "S3", "S4", "S5") == "right"


async def test_a_layer_that_a_crash_left_half_made_is_finished(tmp_path: Path) -> None:
    stories = await prepared(tmp_path, dict(NODE) | dict(PYTHONIC))
    await stories.done("S1", f"npm install --silent && {PYTHON} -m venv .venv && {PIP} greet")
    half = stories.tree("S1").parents[1] / "layers/S1.building/tree"
    half.mkdir(parents=True)
    (stories.tree("S1") / ".venv").rename(half / ".venv")
    assert await stories.story("S2", f".venv/bin/greet; {LEFT}", "S1") == "greet 1.0\nleft 1.0.0"


@both
async def test_a_link_that_leads_out_of_the_tree_takes_nothing_with_it(tmp_path: Path, sharing: Sharing) -> None:
    outside = tmp_path / "outside/node_modules"
    outside.mkdir(parents=True)
    stories = await prepared(tmp_path, dict(NODE) | {"app/package.json": "{}"}, sharing)
    await stories.done("S1", f"rm -rf app && ln -s {tmp_path}/outside app && ln -s {tmp_path}/outside node_modules")
    await stories.story("S2", "true", "S1")
    assert outside.is_dir()
    assert not list((stories.tree("S1").parents[1] / "layers/S1/tree").iterdir())


# --- readers, checks, and hosts without a sandbox ---------------------------------------------------------------


async def test_readers_see_what_has_landed_and_change_nothing(tmp_path: Path) -> None:
    stories = await prepared(tmp_path, dict(NODE))
    await stories.done("S1", "npm install --silent")
    await stories.done("S2", f"{ADD_RIGHT}", "S1")
    await stories.story("S3", "npm install --silent --no-save ./packages/left.tgz && touch node_modules/unlanded", "S1")
    reading = await stories.workspace.reading(stories.spec)
    said = await stories.sh(reading, f"{LEFT}; {RIGHT}; ls node_modules; touch node_modules/x; git status --short")
    assert said.splitlines()[:4] == ["left 1.0.0", "right 1.0.0", "left", "right"]
    assert "Read-only file system" in said
    assert not (reading.tree / "node_modules").exists()


@both
async def test_checks_see_what_has_landed_in_a_tree_of_their_own(tmp_path: Path, sharing: Sharing) -> None:
    stories = await prepared(tmp_path, dict(NODE), sharing)
    await stories.done("S1", "npm install --silent")
    head = git(stories.clone, f"--git-dir={stories.clone}", "rev-parse", f"refs/heads/{stories.spec.branch}")
    checking = await stories.workspace.examine(stories.spec, head)
    assert await stories.sh(checking, f"{LEFT} && npm ci --silent && rm -rf node_modules") == "left 1.0.0"
    again = await stories.workspace.examine(stories.spec, head)
    assert await stories.sh(again, LEFT) == "left 1.0.0"
    assert await stories.story("S2", LEFT, "S1") == "left 1.0.0"


async def test_without_a_sandbox_only_what_may_be_moved_is_copied(tmp_path: Path) -> None:
    """Every script in a virtual environment names the tree it was made in: it would run a sibling's code."""
    stories = await prepared(tmp_path, dict(NODE) | dict(PYTHONIC), "portable")
    await stories.done(
        "S1", f"npm install --silent && {PYTHON} -m venv .venv && {PIP} greet && ln -s $PWD/src node_modules/own"
    )
    said = await stories.story("S2", f"{LEFT}; ls .venv; readlink node_modules/own", "S1")
    assert said.splitlines()[0] == "left 1.0.0"
    assert "cannot access '.venv'" in said
    assert said.splitlines()[-1] == f"{stories.tree('S2')}/src"


async def test_copies_are_never_the_same_file(tmp_path: Path) -> None:
    stories = await prepared(tmp_path, dict(NODE), "copies")
    await stories.done("S1", "npm install --silent")
    await stories.story("S2", "echo changed > node_modules/left/index.js", "S1")
    assert await stories.story("S3", LEFT, "S1") == "left 1.0.0"


async def test_tidying_up_removes_layers_and_what_overlays_left(tmp_path: Path) -> None:
    stories = await prepared(tmp_path, dict(NODE))
    await stories.done("S1", "npm install --silent && chmod -R a-w node_modules")
    await stories.done("S2", f"{LEFT}; rm -rf node_modules", "S1")
    await stories.story("S3", "ls -A", "S1", "S2")
    root = stories.tree("S1").parents[1]
    assert any(stat.S_ISCHR(path.lstat().st_mode) for path in root.rglob("*")), "a word that something is gone"
    await stories.workspace.tidy(stories.spec)
    assert not root.exists()


async def test_more_layers_than_a_mount_can_name_are_copied(tmp_path: Path) -> None:
    """All paths of an overlay have to fit on one page of memory."""
    stories = await prepared(tmp_path, dict(NODE))
    ids: list[str] = []
    kinds: set[bool] = set()
    while len(kinds) < 2:
        seat = await stories.workspace.seat(stories.spec, f"S{len(ids)}", 1, fresh=True, after=ids)
        said = await stories.sh(seat, f"ls node_modules; mkdir -p node_modules && touch node_modules/S{len(ids)}")
        assert [line for line in said.splitlines() if line in ids] == sorted(ids)
        kinds |= {seat.view is None} if ids else set()
        ids.append(f"S{len(ids)}")
    assert len(ids) > 10
