"""From a worktree to a commit: what ships, what is held back, and what nobody asked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from tests.adapters.git_world import SECRET, World, git, write

FILES = {
    "README.md": "# toolkit\n",
    "src/a.py": "a = 1\n",
    "vendor/lib/x.go": "package x\n",
    "web/package.json": "{}\n",
    "php/composer.json": "{}\n",
    ".gitignore": "dist/\n",
}
TOKEN = "ghs_" + "a1B2" * 10
PEM = (
    "-----BEGIN PRIVATE KEY-----\n"
    + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n" * 3
    + "-----END PRIVATE KEY-----\n"
)


@pytest.fixture
async def world(tmp_path: Path) -> World:
    world = World(tmp_path, FILES)
    await world.workspace.prepare(world.spec)
    return world


async def shipped(world: World, files: dict[str, str | bytes | None], writes: tuple[str, ...] = ()) -> set[str]:
    write((await world.sit()).tree, files)
    return {change.path for change in (await world.harvest(writes=writes)).changes}


async def held(world: World, files: dict[str, str | bytes | None]) -> dict[str, str]:
    """Reasons by path, for a story that also does honest work."""
    write((await world.sit()).tree, {**files, "honest.txt": "work\n"})
    harvest = await world.harvest()
    assert "honest.txt" in {change.path for change in harvest.changes}
    reasons = {one.path: one.reason for one in harvest.held_back}
    for path in reasons.keys() - FILES.keys():
        assert git(world.clone, f"--git-dir={world.clone}", "ls-tree", harvest.commit, path) == ""
    return reasons


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


async def test_paths_that_are_no_utf8_and_odd_ones_survive(world: World) -> None:
    seat = await world.sit()
    Path(os.fsdecode(bytes(seat.tree) + b"/caf\xe9.txt")).write_bytes(b"x\n")
    write(seat.tree, {'we ird\n"name\t.txt': "x\n", ":(top)x": "x\n", "-rf": "x\n"})
    harvest = await world.harvest()
    assert {change.path for change in harvest.changes} == {"caf�.txt", 'we ird\n"name\t.txt', ":(top)x", "-rf"}


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


# --- the gate --------------------------------------------------------------------------------------------------


async def test_protected_paths_stay_here_and_the_rest_ships(world: World) -> None:
    paths = (".github/workflows/ci.yml", "CODEOWNERS", "docs/CODEOWNERS", ".claude/settings.json", "sub/.mcp.json")
    assert await held(world, dict.fromkeys(paths, "x\n")) == snapshot(
        {
            ".claude/settings.json": "is configuration of a coding agent, which only people change",
            ".github/workflows/ci.yml": "is under `.github/`, which only people change",
            "CODEOWNERS": "decides who reviews what, which only people change",
            "docs/CODEOWNERS": "decides who reviews what, which only people change",
            "sub/.mcp.json": "is configuration of a coding agent, which only people change",
        }
    )


async def test_a_protected_file_that_was_changed_or_deleted_is_put_back(tmp_path: Path) -> None:
    world = World(tmp_path, {".github/workflows/ci.yml": "on: push\n", "CODEOWNERS": "* @ann\n", "x.txt": "x\n"})
    await world.workspace.prepare(world.spec)
    write((await world.sit()).tree, {".github/workflows/ci.yml": "on: never\n", "CODEOWNERS": None, "x.txt": "y\n"})
    harvest = await world.harvest()
    assert [change.path for change in harvest.changes] == ["x.txt"]
    assert [one.path for one in harvest.held_back] == [".github/workflows/ci.yml", "CODEOWNERS"]


async def test_secrets_stay_here(world: World) -> None:
    leaks: dict[str, str | bytes | None] = {"a.env": f"KEY={SECRET}\n", "b.txt": f"x {TOKEN} y\n", "c.pem": PEM}
    assert await held(world, leaks) == snapshot(
        {
            "a.env": "contains a secret of this installation",
            "b.txt": "contains an access token",
            "c.pem": "contains a private key",
        }
    )


async def test_a_key_that_the_repository_already_had_does_not_hold_a_file_back(tmp_path: Path) -> None:
    world = World(tmp_path, {"tests/key.py": f"KEY = '''{PEM}'''\n"})
    await world.workspace.prepare(world.spec)
    assert await shipped(world, {"tests/key.py": f"KEY = '''{PEM}'''\nmore = 1\n"}) == {"tests/key.py"}


async def test_a_file_too_large_to_publish_stays_here(world: World) -> None:
    assert await held(world, {"big.bin": b"\1" * (10 * 1024 * 1024 + 1)}) == {"big.bin": "is larger than 10240 KiB"}


async def test_links_out_of_the_repository_stay_here_and_links_inside_ship(world: World) -> None:
    seat = await world.sit()
    for name, target in {
        "src/in": "../README.md",
        "out": "../x",
        "abs": "/etc/passwd",
        "src/up": "a/../../../x",
    }.items():
        (seat.tree / name).symlink_to(target)
    harvest = await world.harvest()
    assert [change.path for change in harvest.changes] == ["src/in"]
    assert {one.reason for one in harvest.held_back} == {"is a symbolic link that leads out of the repository"}


async def test_a_lock_file_ships_only_with_its_manifest_or_by_name(world: World) -> None:
    lock: dict[str, str | bytes | None] = {"web/package-lock.json": "{}\n"}
    assert list(await held(world, lock)) == ["web/package-lock.json"]
    assert "web/package-lock.json" in await shipped(world, lock, writes=("web/package-lock.json",))
    assert "web/package-lock.json" in await shipped(world, {**lock, "web/package.json": '{"a": 1}\n'})


async def test_a_repository_inside_the_repository_is_held_back(world: World) -> None:
    tree = (await world.sit()).tree
    for name in ("nested", "empty"):
        (tree / name).mkdir()
        git(tree / name, "init", "--quiet")
    write(tree, {"nested/x.txt": "x\n", "honest.txt": "x\n"})
    git(tree / "nested", "add", "--all")
    git(tree / "nested", "commit", "--quiet", "-m", "x")
    harvest = await world.harvest()
    assert [change.path for change in harvest.changes] == ["honest.txt"]
    assert {(one.path, one.reason) for one in harvest.held_back} >= {
        ("nested", "is a repository inside the repository")
    }


async def test_a_tracked_file_replaced_by_a_repository_is_put_back(world: World) -> None:
    tree = (await world.sit()).tree
    write(tree, {"README.md": None})
    (tree / "README.md").mkdir()
    git(tree / "README.md", "init", "--quiet")
    git(tree / "README.md", "commit", "--quiet", "--allow-empty", "-m", "x")
    harvest = await world.harvest()
    assert harvest.commit is None
    assert "README.md" in {one.path for one in harvest.held_back}


# --- hostile trees ---------------------------------------------------------------------------------------------


async def test_nothing_an_agent_plants_runs_when_its_work_is_taken(world: World) -> None:
    """Hooks and programs named in the decoy's configuration, in a nested repository's, and in attributes."""
    seat = await world.sit()
    ran = world.root / "ran"
    program = seat.tree / "evil.sh"
    write(seat.tree, {"evil.sh": f"#!/bin/sh\ntouch {ran}\n", ".gitattributes": "* filter=evil diff=evil merge=evil\n"})
    program.chmod(0o755)
    (seat.tree / "nested").mkdir()
    git(seat.tree / "nested", "init", "--quiet")
    git(seat.tree / "nested", "commit", "--quiet", "--allow-empty", "-m", "x")
    for place in (seat.tree, seat.tree / "nested"):
        for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "diff.evil.command", "gpg.program"):
            git(place, "config", key, str(program))
        git(place, "config", "commit.gpgsign", "true")
        git(place, "config", "log.showSignature", "true")
    for hook in ("pre-commit", "post-checkout", "reference-transaction", "post-index-change"):
        path = seat.git / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.symlink_to(program)
    harvest = await world.harvest()
    assert harvest.commit
    await world.land(harvest.commit)
    await world.workspace.reading(world.spec)
    await world.workspace.push(world.spec, aside=False)
    await world.sit(attempt=2, fresh=True)
    assert not ran.exists()


async def test_a_submodule_is_never_looked_into(tmp_path: Path) -> None:
    """git itself would run `git status` in a submodule that the agent has populated, under the agent's settings."""
    world = World(tmp_path, FILES)
    anns, source = world.origin.anns, tmp_path / "source"
    source.mkdir()
    git(source, "init", "--quiet")
    write(source, {".gitattributes": "* filter=evil\n", "x.txt": "x\n"})
    git(source, "add", "--all")
    git(source, "commit", "--quiet", "-m", "x")
    git(anns, "update-index", "--add", "--cacheinfo", f"160000,{git(source, 'rev-parse', 'HEAD')},sub")
    git(anns, "commit", "--quiet", "-m", "a submodule")
    git(anns, "push", "--quiet", "origin", "HEAD:main")
    await world.workspace.prepare(world.spec)
    tree = (await world.sit()).tree
    git(tree, "clone", "--quiet", str(source), "sub")
    ran = tmp_path / "ran"
    git(tree / "sub", "config", "filter.evil.clean", f"touch {ran}; cat")
    write(tree, {"sub/x.txt": "y\n", "honest.txt": "x\n"})
    harvest = await world.harvest()
    assert [change.path for change in harvest.changes] == ["honest.txt"]
    assert not ran.exists()


async def test_a_git_file_replaced_by_the_agent_misleads_nobody(world: World) -> None:
    seat = await world.sit()
    (seat.tree / ".git").unlink()
    git(seat.tree, "init", "--quiet")
    ran = world.root / "ran"
    git(seat.tree, "config", "core.fsmonitor", f"touch {ran}; false")
    write(seat.tree, {"x.txt": "x\n"})
    assert [change.path for change in (await world.harvest()).changes] == ["x.txt"]
    assert not ran.exists()
