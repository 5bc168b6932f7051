"""Objects as git itself has them: what is written, git reads, and what git has written is read."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from runner.adapters.git import Git
from runner.adapters.objects import Objects, write
from runner.adapters.workspace.commits import parse
from runner.errors import GitError
from tests.adapters.git_world import git


@pytest.fixture
def repository(tmp_path: Path) -> Git:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    return Git(tmp_path / ".git")


def test_what_is_written_has_gits_own_id_and_is_read_back(repository: Git, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"one\0two\n" * 1000)
    data = (tmp_path / "file").read_bytes()
    oid = write(repository, "blob", data)
    assert oid == git(tmp_path, "hash-object", "file") == write(repository, "blob", data)
    with Objects(repository) as objects:
        assert objects.content(oid) == data
    assert git(tmp_path, "fsck", "--strict", "--no-dangling") == ""


def test_many_are_read_in_one_dialogue_and_those_that_are_not_there_are_left_out(repository: Git) -> None:
    oids = [write(repository, "blob", b"x" * n) for n in range(600)]
    with Objects(repository) as objects:
        assert objects.sizes([*oids, "1" * 40]) == {oid: n for n, oid in enumerate(oids)}
        assert objects.contents([oids[3], "1" * 40]) == {oids[3]: b"xxx"}


def test_a_dialogue_that_git_ends_is_an_error(repository: Git) -> None:
    oid = write(repository, "blob", b"x")
    with pytest.raises(GitError, match="ended before it had answered"), Objects(repository) as objects:  # noqa: PT012
        assert objects.content(oid) == b"x"
        assert objects._process is not None
        os.killpg(objects._process.pid, signal.SIGKILL)
        objects.content(oid)


def test_a_commit_is_understood_as_git_understands_it(repository: Git, tmp_path: Path) -> None:
    """Trailers count in the last paragraph only: an agent may write what it likes above them."""
    words = "Subject\n\nBaro-Story: S9\n\nBaro-Run: run1\nBaro-Story: S1\nCo-authored-by: x <x@example.org>"
    git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", "first")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", words)
    said = git(tmp_path, "log", "-1", "--format=%H %T %P %ct %(trailers:key=Baro-Story,valueonly)").split()
    with Objects(repository) as objects:
        one = parse(said[0], objects.content(said[0]) or b"")
    assert [one.id, one.tree, *one.parents, str(one.at), one.story] == said
    assert one.run == "run1"
