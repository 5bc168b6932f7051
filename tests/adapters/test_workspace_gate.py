"""What a harvest holds back, path by path, and what a hostile tree cannot make it do."""

from __future__ import annotations

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


pytestmark = pytest.mark.usefixtures("either_way")


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
            "b.txt": "contains a GitHub token",
            "c.pem": "contains a private key",
        }
    )


async def test_a_key_that_the_repository_already_had_does_not_hold_a_file_back(tmp_path: Path) -> None:
    world = World(tmp_path, {"tests/key.py": f"KEY = '''{PEM}'''\n"})
    await world.workspace.prepare(world.spec)
    assert await shipped(world, {"tests/key.py": f"KEY = '''{PEM}'''\nmore = 1\n"}) == {"tests/key.py"}


async def test_a_file_too_large_to_publish_stays_here(world: World) -> None:
    assert await held(world, {"big.bin": b"\1" * (10 * 1024 * 1024 + 1)}) == {"big.bin": "is larger than 10,240 KiB"}


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
