"""Repositories that strangers have prepared: baro fetches and checks them out, or says in plain words why it does not,
and runs nothing that they bring."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from runner.adapters.git import Git
from runner.adapters.workspace.weight import Weight, weigh
from runner.errors import BaroError
from tests.adapters.git_world import World, git, write


def commit_tree(world: World, tree: str) -> None:
    """Make a tree object of the bare repository the head of `main`."""
    commit = git(world.origin.bare, "commit-tree", tree, "-m", "by a stranger")
    git(world.origin.bare, "update-ref", "refs/heads/main", commit)


def tree_of(world: World, *entries: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(world.origin.bare), "mktree", "--missing"],
        input="".join(f"{entry}\n" for entry in entries),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, {"README.md": "# toolkit\n"})


async def test_a_small_pack_that_unfolds_to_ten_million_files_is_refused_before_anything_is_checked_out(
    world: World,
) -> None:
    blob = git(world.origin.bare, "rev-parse", "main:README.md")
    entry = f"100644 blob {blob}"
    for _ in range(7):
        tree = tree_of(world, *(f"{entry}\t{number}" for number in range(10)))
        entry = f"040000 tree {tree}"
    commit_tree(world, tree)
    assert (await weigh(Git(world.origin.bare), "refs/heads/main")) == Weight(10**7, 10**8, 7)
    with pytest.raises(BaroError, match="too large for this baro: checked out it is 10,000,000 files"):
        await world.workspace.prepare(world.spec)
    assert not (world.root / "home/runs" / world.spec.id / "integration").exists()


async def test_directories_nested_without_end_are_refused(world: World) -> None:
    blob = git(world.origin.bare, "rev-parse", "main:README.md")
    index = {"GIT_INDEX_FILE": str(world.root / "index")}
    git(world.origin.bare, "update-index", "--add", "--cacheinfo", f"100644,{blob},{'d/' * 1200}x", env=index)
    commit_tree(world, git(world.origin.bare, "write-tree", env=index))
    with pytest.raises(BaroError, match="1,201 directories deep"):
        await world.workspace.prepare(world.spec)


async def test_a_file_of_zeros_that_fills_the_disk_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runner.adapters.workspace.weight.MAX_BYTES", 1 << 20)
    world.origin.push({"zeros.bin": b"\0" * (3 << 20)})
    with pytest.raises(BaroError, match=r"2 files, 0\.0 GiB"):
        await world.workspace.prepare(world.spec)


@pytest.mark.parametrize("url", ["--upload-pack=touch ran", "ext::sh -c touch% ran", "file:///etc", "../../.."])
async def test_submodules_are_never_asked_for(world: World, url: str) -> None:
    canary = world.root / "ran"
    modules = f'[submodule "x"]\n\tpath = x\n\turl = {url.replace("ran", str(canary))}\n\tupdate = !touch {canary}\n'
    anns = world.origin.anns
    write(anns, {".gitmodules": modules})
    git(anns, "add", "--all")
    git(anns, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},x")
    git(anns, "commit", "--quiet", "-m", "submodules")
    git(anns, "push", "--quiet", "origin", "HEAD:main")
    with suppress(BaroError):  # an address that is an option is stopped by fsck already
        await world.workspace.prepare(world.spec)
        write((await world.sit()).tree, {"honest.txt": "x\n"})
        assert [change.path for change in (await world.harvest()).changes] == ["honest.txt"]
    assert not canary.exists()


async def test_links_out_of_the_repository_are_links_and_are_not_followed(world: World) -> None:
    outside = world.root / "outside"
    write(outside, {"config.yml": "of the host\n"})
    anns = world.origin.anns
    (anns / "conf").symlink_to(outside)
    (anns / "package.json").symlink_to(outside / "config.yml")
    world.origin.push({})
    await world.workspace.prepare(world.spec)
    assert await world.workspace.texts(world.spec, ["package.json", "conf/config.yml"]) == {}
    write((await world.sit()).tree, {"honest.txt": "x\n"})
    assert {change.path for change in (await world.harvest()).changes} == {"honest.txt"}
    assert (outside / "config.yml").read_text() == "of the host\n"


@pytest.mark.parametrize("attributes", ["* working-tree-encoding\n", "* working-tree-encoding=UTF-7-BOGUS\n"])
async def test_attributes_that_make_git_give_up_stop_no_checkout(world: World, attributes: str) -> None:
    write(world.root, {"attributes": f"{attributes}* filter=evil ident export-subst\n"})
    evil = git(world.origin.bare, "hash-object", "-w", "--no-filters", str(world.root / "attributes"))
    blob = git(world.origin.bare, "rev-parse", "main:README.md")
    commit_tree(world, tree_of(world, f"100644 blob {evil}\t.gitattributes", f"100644 blob {blob}\tREADME.md"))
    await world.workspace.prepare(world.spec)
    tree = (await world.sit()).tree
    write(tree, {"b.txt": "né\n"})
    assert {change.path for change in (await world.harvest()).changes} == {"b.txt"}


async def test_names_that_would_be_git_itself_do_not_arrive(world: World) -> None:
    """fsck of what is fetched stops them, before any checkout could."""
    blob = git(world.origin.bare, "rev-parse", "main:README.md")
    inner = tree_of(world, f"100644 blob {blob}\tconfig")
    commit_tree(world, tree_of(world, f"040000 tree {inner}\t.GIT"))
    with pytest.raises(BaroError, match="`git fetch` failed"):
        await world.workspace.prepare(world.spec)
