"""Trees changed path by path are the trees git would have made."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from runner.adapters.git import Git
from runner.adapters.objects import Objects, write
from runner.adapters.workspace.trees import Entry, Tree, dump, parse
from tests.adapters.git_world import git

NAMES = st.sampled_from(["a", "a.b", "a-b", "b", "B", "é"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
CHANGES = st.lists(st.tuples(PATHS, st.booleans()), max_size=12)


def under(path: str, other: str) -> bool:
    return f"{path}/".startswith(f"{other}/")


def listed(place: Path, tree: str) -> set[str]:
    return {path for path in git(place, "ls-tree", "-r", "-z", "--name-only", tree).split("\0") if path}


@settings(max_examples=25, deadline=None)
@given(CHANGES, CHANGES)
def test_files_and_directories_are_put_and_removed_as_git_understands_it(
    first: list[tuple[str, bool]], then: list[tuple[str, bool]]
) -> None:
    """A file in place of a directory, a directory in place of a file, and no directory without a file."""
    with tempfile.TemporaryDirectory() as name:
        git(Path(name), "init", "--quiet")
        repository = Git(Path(name, ".git"))
        blob = Entry("100644", write(repository, "blob", b"x"))
        root, model = None, set[str]()
        with Objects(repository) as objects:
            for changes in (first, then):
                tree = Tree(objects, root)
                for path, present in changes:
                    model = {one for one in model if not under(one, path)}
                    if present:
                        model = {one for one in model if not under(path, one)} | {path}
                        tree.put(path, blob)
                    else:
                        tree.remove(path)
                root = tree.write(repository)
                assert listed(Path(name), root) == model
                data = objects.content(root)
                assert data is not None
                assert dump(parse(data)) == data
        assert "error" not in git(Path(name), "fsck", "--strict")
