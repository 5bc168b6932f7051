"""From a worktree to a commit: what ships, and what nobody asked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from tests.adapters.git_world import World, git, write

FILES = {
    "README.md": "# toolkit\n",
    "src/a.py": "a = 1\n",
    "vendor/lib/x.go": "package x\n",
    "web/package.json": "{}\n",
    "php/composer.json": "{}\n",
    ".gitignore": "dist/\n",
}
TOKEN = "ghs_" + "a1B2" * 10


pytestmark = pytest.mark.usefixtures("either_way")


@pytest.fixture
async def world(tmp_path: Path) -> World:
    world = World(tmp_path, FILES)
    await world.workspace.prepare(world.spec)
    return world


async def shipped(world: World, files: dict[str, str | bytes | None], writes: tuple[str, ...] = ()) -> set[str]:
    write((await world.sit()).tree, files)
    return {change.path for change in (await world.harvest(writes=writes)).changes}


# --- the commit ------------------------------------------------------------------------------------------------


async def test_a_harvest_is_one_commit_with_our_identity_the_requester_and_trailers(world: World) -> None:
    seat = await world.sit()
    write(seat.tree, {"src/a.py": "a = 2\nb = 3\n", "new.txt": "n\n", "vendor/lib/x.go": None})
    harvest = await world.harvest(message="Teach a to count\n\nBecause it could not.")
    assert [(c.path, c.status, c.added, c.removed) for c in harvest.changes] == snapshot(
        [("new.txt", "added", 1, 0), ("src/a.py", "modified", 2, 1), ("vendor/lib/x.go", "deleted", 0, 1)]
    )
    assert world.log("-1", "--format=%an <%ae> %at%n%cn <%ce> %ct%n%P%n%B", harvest.commit) == "\n".join(
        [
            "baro[bot] <9+baro[bot]@users.noreply.github.com> 1700000000",
            "baro[bot] <9+baro[bot]@users.noreply.github.com> 1700000000",
            seat.base,
            "Teach a to count",
            "",
            "Because it could not.",
            "",
            "Baro-Run: run0000001",
            "Baro-Story: S1",
            "Co-authored-by: maria <11+maria@users.noreply.github.com>",
        ]
    )


async def test_a_repeated_harvest_is_the_same_answer(world: World) -> None:
    write((await world.sit()).tree, {"new.txt": "n\n"})
    first = await world.harvest()
    assert await world.harvest() == first
    world.workspace = world.again()
    assert await world.harvest() == first


async def test_work_of_a_second_attempt_joins_the_same_commit(world: World) -> None:
    seat = await world.sit()
    write(seat.tree, {"one.txt": "1\n"})
    await world.harvest()
    write(seat.tree, {"two.txt": "2\n"})
    harvest = await world.harvest()
    assert {change.path for change in harvest.changes} == {"one.txt", "two.txt"}
    assert world.log("-1", "--format=%P", harvest.commit) == seat.base


async def test_nothing_changed_is_no_commit(world: World) -> None:
    await world.sit()
    harvest = await world.harvest()
    assert (harvest.commit, harvest.changes) == (None, ())


async def test_the_agents_own_commits_are_read_for_their_words_only(world: World) -> None:
    """The tree counts, whatever the agent did to its branches; a trailer it writes is no trailer of ours."""
    seat = await world.sit()
    write(seat.tree, {"one.txt": "1\n"})
    git(seat.tree, "add", "--all")
    git(seat.tree, "commit", "--quiet", "-m", "first draft")
    git(seat.tree, "commit", "--quiet", "--amend", "-m", f"Add one, with {TOKEN}")
    git(seat.tree, "commit", "--quiet", "--allow-empty", "-m", "Baro-Story: S9")
    git(seat.tree, "checkout", "--quiet", "--detach", "main")
    write(seat.tree, {"two.txt": "2\n"})
    harvest = await world.harvest()
    assert [change.path for change in harvest.changes] == ["two.txt"]
    body = world.log("-1", "--format=%B%n--%n%(trailers:key=Baro-Story)", harvest.commit)
    assert body == snapshot("""\
Do the work

- Add one, with [redacted]
- Baro-Story: S9

Baro-Run: run0000001
Baro-Story: S1
Co-authored-by: maria <11+maria@users.noreply.github.com>

--
Baro-Story: S1\
""")


async def test_a_log_that_the_agent_pointed_elsewhere_is_not_read(world: World) -> None:
    seat = await world.sit()
    write(seat.tree, {"one.txt": "1\n"})
    secret = world.root / "hosts-file"
    secret.write_text("x y\tcommit: of the host\n")
    (seat.git / "logs").mkdir(exist_ok=True)
    (seat.git / "logs" / "HEAD").unlink(missing_ok=True)
    (seat.git / "logs" / "HEAD").symlink_to(secret)
    harvest = await world.harvest()
    assert "of the host" not in world.log("-1", "--format=%B", harvest.commit)


async def test_odd_names_ship_and_names_that_do_not_show_what_they_are_stay_here(world: World) -> None:
    odd = {'we ird"name.txt', ":(top)x", "-rf", "$(id)", "né", "👩\u200d🚀.png", "d/" + "/".join(["x" * 200] * 18)}
    hidden = {os.fsdecode(b"caf\xe9.txt"), "two\nlines", "tab\t", "a\u202egpj.exe", "a\u200b.py"}
    seat = await world.sit()
    write(seat.tree, dict.fromkeys(odd | hidden, "x\n"))
    harvest = await world.harvest()
    assert {change.path for change in harvest.changes} == odd
    assert {one.path for one in harvest.held_back} == {"caf�.txt", *hidden} - {os.fsdecode(b"caf\xe9.txt")}
    assert {one.reason for one in harvest.held_back} == {
        "has a name that is no UTF-8, so many systems cannot check it out",
        "has characters in its name that nobody can see",
    }


async def test_a_file_that_became_a_directory_and_the_reverse_ship(world: World) -> None:
    tree = (await world.sit()).tree
    write(tree, {"README.md": None, "src/a.py": None})
    (tree / "src").rmdir()
    write(tree, {"README.md/inside.md": "x\n", "src": "now a file\n"})
    assert [(change.path, change.status) for change in (await world.harvest()).changes] == [
        ("README.md", "deleted"),
        ("README.md/inside.md", "added"),
        ("src", "added"),
        ("src/a.py", "deleted"),
    ]


async def test_what_lies_outside_the_declared_surface_is_reported_and_ships(world: World) -> None:
    write((await world.sit()).tree, {"src/b.py": "b\n", "docs/x.md": "x\n"})
    assert (await world.harvest(writes=("src/**",))).outside == ("docs/x.md",)


# --- what nobody asked for -------------------------------------------------------------------------------------

LEFT_BEHIND: dict[str, str | bytes | None] = {
    "node_modules/m/index.js": "m\n",
    "web/node_modules/.bin/x": "x\n",
    "src/__pycache__/a.cpython-311.pyc": b"\0",
    "deep/er/.pytest_cache/README.md": "x\n",
    "py/.venv/bin/python": "x\n",
    "other-name/pyvenv.cfg": "home = /usr/bin\n",
    "other-name/bin/python": "x\n",
    "crate/target/CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n",
    "crate/target/debug/x": "x\n",
    "toolkit.egg-info/PKG-INFO": "x\n",
    "php/vendor/autoload.php": "<?php\n",
    "php/vendor/acme/lib.php": "<?php\n",
    "dist/bundle.js": "x\n",
    ".DS_Store": "x\n",
    ".mcp.json": "",
}


async def test_what_installers_and_test_runs_left_is_not_committed_at_any_depth(world: World) -> None:
    assert await shipped(world, {**LEFT_BEHIND, "src/a.py": "a = 2\n"}) == {"src/a.py"}


async def test_leftovers_alone_are_nothing_to_merge_and_no_complaint(world: World) -> None:
    write((await world.sit()).tree, LEFT_BEHIND)
    harvest = await world.harvest()
    assert (harvest.commit, harvest.held_back) == (None, ())


async def test_a_link_named_like_a_dependency_directory_is_not_committed(world: World) -> None:
    (await world.sit()).tree.joinpath("node_modules").symlink_to("../elsewhere")
    assert (await world.harvest()).held_back == ()


@pytest.mark.parametrize(
    "path",
    [
        "CLAUDE.md",
        "docs/adr/1.md",
        "sub/AGENTS.md",
        "vendor/lib/y.go",
        "src/vendor/ours.py",
        "build/plan.md",
        "venv.md",
    ],
)
async def test_what_only_looks_like_a_leftover_ships(world: World, path: str) -> None:
    assert await shipped(world, {path: "asked for\n"}) == {path}


async def test_a_dependency_directory_ships_where_the_story_names_it(world: World) -> None:
    wanted = {"tests/fixtures/node_modules/m/index.js": "m\n", "node_modules/x.js": "x\n"}
    assert await shipped(world, wanted, writes=("tests/fixtures/node_modules/**",)) == {
        "tests/fixtures/node_modules/m/index.js"
    }


async def test_a_story_that_declares_everything_does_not_mean_leftovers(world: World) -> None:
    assert await shipped(world, {**LEFT_BEHIND, "x.txt": "x\n"}, writes=("**",)) == {"x.txt"}


async def test_a_tracked_file_ships_whatever_its_name(tmp_path: Path) -> None:
    world = World(tmp_path, {**FILES, "fix/node_modules/m/index.js": "1\n", "old.pyc": "1\n"})
    await world.workspace.prepare(world.spec)
    new = {"fix/node_modules/m/index.js": "2\n", "fix/node_modules/m/more.js": "2\n", "old.pyc": "2\n"}
    assert await shipped(world, new) == set(new)
