"""What agents may do to their tree, their decoy and their directory: it ends in a plain message, runs nothing of ours
and costs nobody's work. Vectors that could run a program name one that leaves a canary behind."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import msgspec
import pytest
from inline_snapshot import snapshot

from runner.domain.config import Limits
from runner.domain.policy import Gate
from runner.errors import BaroError
from tests.adapters.git_world import SECRET, World, git, write

FILES = {"README.md": "# toolkit\n", "src/a.py": "a = 1\n", "src/b.py": "b = 1\n"}


@pytest.fixture
async def world(tmp_path: Path) -> World:
    world = World(tmp_path, FILES)
    await world.workspace.prepare(world.spec)
    return world


def names(harvest) -> set[str]:  # type: ignore[no-untyped-def]
    return {change.path for change in harvest.changes}


def reasons(harvest) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {one.path: one.reason for one in harvest.held_back}


# --- what is no file -------------------------------------------------------------------------------------------


async def test_pipes_sockets_and_devices_are_waited_for_by_nobody(world: World) -> None:
    tree = (await world.sit()).tree
    write(tree, {"src/a.py": None, "src/b.py": None, "honest.txt": "x\n"})
    os.mkfifo(tree / "pipe")
    os.mkfifo(tree / "src/a.py")
    os.mknod(tree / "src/b.py", stat.S_IFSOCK | 0o600)
    harvest = await world.harvest()
    assert names(harvest) == {"honest.txt"}
    assert reasons(harvest) == dict.fromkeys(
        ("src/a.py", "src/b.py"), "is no file any more, but a pipe, a socket or a device"
    )
    await world.land(harvest.commit)
    await world.sit(attempt=2, fresh=True)


async def test_what_the_agent_locked_behind_itself_is_its_work_all_the_same(world: World) -> None:
    tree = (await world.sit()).tree
    write(tree, {"src/a.py": "a = 2\n", "locked/deep/x.txt": "x\n", "secretive.txt": "x\n"})
    for path in ("src/a.py", "secretive.txt", "locked/deep", "locked", "src"):
        (tree / path).chmod(0)
    harvest = await world.harvest()
    assert names(harvest) == {"src/a.py", "locked/deep/x.txt", "secretive.txt"}
    await world.sit(attempt=2, fresh=True)


async def test_a_huge_file_is_not_even_read(world: World) -> None:
    tree = (await world.sit()).tree
    write(tree, {"honest.txt": "x\n"})
    for name in ("huge.img", "README.md"):
        with (tree / name).open("wb") as file:
            file.truncate(1 << 40)
    harvest = await world.harvest()
    assert names(harvest) == {"honest.txt"}
    assert reasons(harvest) == dict.fromkeys(
        ("README.md", "huge.img"), "is larger than 100 MiB, which GitHub does not take"
    )


async def test_hard_links_are_files_with_the_same_contents(world: World) -> None:
    tree = (await world.sit()).tree
    write(tree, {"one.txt": "x\n"})
    (tree / "two.txt").hardlink_to(tree / "one.txt")
    assert names(await world.harvest()) == {"one.txt", "two.txt"}


# --- names and links -------------------------------------------------------------------------------------------


async def test_git_in_disguise_is_named_and_stays_here(world: World) -> None:
    tree = (await world.sit()).tree
    disguises = (".GIT/hooks/pre-commit", "git~1/config", "sub/.g\u200cit/config", ".git ./x")
    write(tree, {**dict.fromkeys(disguises, "x\n"), "honest.txt": "x\n"})
    harvest = await world.harvest()
    assert names(harvest) == {"honest.txt"}
    assert reasons(harvest) == dict.fromkeys(disguises, "has a name that some systems take for git's own directory")


async def test_names_that_differ_in_case_only_ship_both(world: World) -> None:
    write((await world.sit()).tree, {"Makefile": "x\n", "makefile": "y\n"})
    assert names(await world.harvest()) == {"Makefile", "makefile"}


async def test_a_directory_replaced_by_a_link_out_of_the_tree_is_put_back_whole(world: World) -> None:
    tree = (await world.sit()).tree
    outside = world.root / "outside"
    write(outside, {"a.py": "of the host\n"})
    (outside / "a.py").chmod(0)
    shutil.rmtree(tree / "src")
    (tree / "src").symlink_to(outside)
    (tree / "honest").symlink_to("README.md")
    harvest = await world.harvest()
    assert names(harvest) == {"honest"}
    assert reasons(harvest) == snapshot(
        {
            "src": "is a symbolic link that leads out of the repository",
            "src/a.py": "would be gone, because something that is held back took its place",
            "src/b.py": "would be gone, because something that is held back took its place",
        }
    )
    assert (outside / "a.py").stat().st_mode & 0o777 == 0
    await world.land(harvest.commit)
    assert world.at_head("src/a.py") == "a = 1"


async def test_links_in_place_of_our_own_files_lead_nowhere(world: World) -> None:
    """`.git` of the tree, the decoy's parts, and the tree itself."""
    seat = await world.sit()
    precious = world.root / "precious"
    write(precious, {"config": "of the host\n", "logs/HEAD": "x\tcommit: of the host\n"})
    (seat.tree / ".git").unlink()
    (seat.tree / ".git").symlink_to(precious)
    shutil.rmtree(seat.git)
    seat.git.symlink_to(precious)
    write(seat.tree, {"honest.txt": "x\n"})
    harvest = await world.harvest()
    assert names(harvest) == {"honest.txt"}
    await world.sit(attempt=2, fresh=True)
    assert (precious / "config").read_text() == "of the host\n"
    assert (precious / "logs/HEAD").exists()


# --- attributes, filters, the decoy ----------------------------------------------------------------------------

ATTRIBUTES = "* working-tree-encoding=UTF-16 ident export-subst eol=crlf filter=lfs merge=evil diff=evil\n"


async def test_attributes_of_a_tree_stop_no_harvest_and_run_nothing(world: World) -> None:
    seat = await world.sit()
    canary = world.root / "ran"
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"
    write(seat.tree, {".gitattributes": ATTRIBUTES, "odd.txt": "né\n", "big.bin": pointer, "src/a.py": "a = '$Id$'\n"})
    for key in ("filter.lfs.process", "filter.lfs.clean", "merge.evil.driver", "diff.evil.textconv", "core.sshCommand"):
        git(seat.tree, "config", key, f"touch {canary}")
    git(seat.tree, "config", "alias.status", f"!touch {canary}")
    git(seat.tree, "config", "include.path", str(seat.tree / "README.md"))
    harvest = await world.harvest()
    assert names(harvest) == {".gitattributes", "odd.txt", "big.bin", "src/a.py"}
    await world.land(harvest.commit)
    assert world.at_head("odd.txt") == "né"
    await world.workspace.reading(world.spec)
    await world.sit("S2")
    await world.workspace.push(world.spec, aside=False)
    assert not canary.exists()


async def test_an_index_and_alternates_that_were_tampered_with_are_the_agents_own(world: World) -> None:
    seat = await world.sit()
    write(seat.tree, {"honest.txt": "x\n"})
    (seat.git / "objects/info/alternates").write_text("/\n../../../../..\n")
    (seat.git / "index").write_bytes(b"DIRC" + b"\xff" * 100)
    (seat.git / "HEAD").write_text("ref: refs/heads/../../../../etc/passwd\n")
    (seat.git / "packed-refs").write_bytes(b"\xff" * 1000)
    assert names(await world.harvest()) == {"honest.txt"}


async def test_where_submodules_come_from_is_for_people(world: World) -> None:
    sources = '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c touch% ran\n\tupdate = !touch ran\n'
    write((await world.sit()).tree, {".gitmodules": sources, ".lfsconfig": "[lfs]\n\turl = https://x.example\n"})
    assert reasons(await world.harvest()) == snapshot(
        {
            ".gitmodules": "says where submodules come from, which only people change",
            ".lfsconfig": "says where large files and their credentials go, which only people change",
        }
    )


async def test_an_agent_that_removed_its_directory_loses_its_own_work_and_no_other(world: World) -> None:
    seat = await world.sit()
    write(seat.tree, {"gone.txt": "x\n"})
    shutil.rmtree(seat.tree)
    seat.tree.mkdir()
    assert {change.status for change in (await world.harvest()).changes} == {"deleted"}
    elsewhere = world.root / "elsewhere"
    write(elsewhere, {"precious.txt": "x\n"})
    for replace in (lambda: None, lambda: seat.tree.symlink_to(elsewhere), lambda: seat.tree.touch()):
        shutil.rmtree(seat.tree, ignore_errors=True)
        seat.tree.unlink(missing_ok=True)
        replace()
        assert reasons(await world.harvest()) == {
            "./": "is the story's whole directory, which its agent removed or replaced"
        }
    again = await world.sit(attempt=2, fresh=True)
    assert (again.tree / "README.md").exists()


# --- too much --------------------------------------------------------------------------------------------------


async def test_too_much_is_left_out_by_the_directory_and_kept_as_a_patch(world: World) -> None:
    world.spec = msgspec.structs.replace(world.spec, limits=Limits(files=20))
    many: dict[str, str | bytes | None] = {f"web/out/{number}.js": f"{number}\n" for number in range(60)}
    write((await world.sit()).tree, {**many, "honest.txt": "x\n", "leak.txt": SECRET, "blob.bin": b"\0\1" * 9})
    harvest = await world.harvest()
    assert names(harvest) == {"honest.txt", "blob.bin"}
    assert [msgspec.structs.astuple(one) for one in harvest.held_back] == snapshot(
        [
            ("leak.txt", "contains a secret of this installation", 1),
            ("web/out/", "is one of 60 new or changed files in `web/out/`, and a story may publish 20", 60),
        ]
    )
    patch = world.root / "home/runs" / world.spec.id / "logs/held-back/S1.patch"
    assert patch.stat().st_mode & 0o077 == 0
    await world.land(harvest.commit)
    await world.workspace.push(world.spec, aside=False)
    await world.workspace.tidy(world.spec)
    anns = world.origin.anns
    git(anns, "fetch", "--quiet", "origin", world.spec.branch)
    git(anns, "checkout", "--quiet", "FETCH_HEAD")
    git(anns, "apply", str(patch))
    assert (anns / "leak.txt").read_text() == SECRET
    assert len(list((anns / "web/out").iterdir())) == 60


async def test_a_story_that_needs_no_patch_any_more_leaves_none(world: World) -> None:
    tree = (await world.sit()).tree
    write(tree, {"leak.txt": SECRET})
    await world.harvest()
    write(tree, {"leak.txt": None, "x.txt": "x\n"})
    await world.harvest()
    assert not list((world.root / "home/runs").rglob("*.patch"))


async def test_a_file_that_only_moved_takes_its_old_secret_along(tmp_path: Path) -> None:
    key = "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n" * 3
    world = World(tmp_path, {"tests/key.pem": key})
    await world.workspace.prepare(world.spec)
    write((await world.sit()).tree, {"tests/key.pem": None, "tests/keys/one.pem": f"{key}more\n"})
    harvest = await world.harvest()
    assert names(harvest) == {"tests/key.pem", "tests/keys/one.pem"}
    await world.land(harvest.commit, sole=True)
    assert type(await world.workspace.push(world.spec, aside=False)).__name__ == "Pushed"


# --- every push ------------------------------------------------------------------------------------------------


async def test_the_gate_stands_before_checkpoints_and_preserved_stories_too(world: World) -> None:
    """A secret that became known only after it was committed: nothing of it reaches any ref."""
    commit = await world.work("S1", {"leak.txt": "a-secret-of-tomorrow\n"})
    await world.land(commit)
    world.workspace = world.again(gate=Gate(["a-secret-of-tomorrow"]))
    with pytest.raises(BaroError, match=r"checkpoint .* was not pushed: the publish gate holds"):
        await world.workspace.checkpoint(world.spec)
    for answer in (
        await world.workspace.push(world.spec, aside=False),
        await world.workspace.push_story(world.spec, "S1", commit),
    ):
        assert [(one.path, one.reason) for one in answer.held_back] == [  # type: ignore[union-attr]
            ("leak.txt", "contains a secret of this installation")
        ]
    assert git(world.origin.bare, "for-each-ref", "--format=%(refname)") == "refs/heads/main"
