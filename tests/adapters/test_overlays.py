"""The trees of a large repository: in the real sandbox, what stories do to them ships exactly as from a worktree."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from runner.adapters.overlayfs import find
from runner.domain.change import Landed
from runner.ports import Seat
from tests.adapters.dependency_world import NODE, Stories
from tests.adapters.git_world import git, write

WORKTREES = 1_000_000
FILES: dict[str, str | bytes | None] = {
    "README.md": "# toolkit\n",
    "bin/tool": "#!/bin/sh\n",
    "src/a.py": "a = 1\n",
    "src/deep/b.py": "b = 1\n",
    "src/deep/er/c.py": "c = 1\n",
    "docs/one.md": "1\n",
    "docs/logs/kept.log": "tracked, and ignored\n",
    "win/.gitattributes": "*.txt text eol=crlf\n",
    "win/a.txt": "one\ntwo\n",
    "fix/node_modules/m/index.js": "1\n",
    ".gitignore": "*.log\n/build/\n",
    "src/.gitignore": "*.tmp\n",
}
EDITS = {
    "changed, new and gone": "echo 2 >> src/a.py; echo n > new.txt; mkdir -p x/y; echo n > x/y/z; rm docs/one.md",
    "directories gone, in every way": "rm -rf src/deep; git rm -rqf docs",
    "a directory made anew": "rm -rf src && mkdir src && echo 3 > src/a.py && echo n > src/n.py && echo t > src/x.tmp",
    "a directory renamed by copying": "mv src source && echo 4 >> source/deep/er/c.py",
    "a file that became a directory, and the reverse": "rm README.md; mkdir README.md; echo r > README.md/r; "
    "rm -rf src/deep; echo f > src/deep",
    "links": "ln -s src/a.py link; rm src/a.py; ln -s deep/b.py src/a.py; rm -rf docs; ln -s src docs",
    "permissions": "chmod +x src/a.py; chmod 600 bin/tool; chmod 777 src",
    "touched, copied up and put back": "touch src/a.py; echo x >> README.md; git checkout -q README.md; chmod 700 docs",
    "ignored, tracked and ignored, and no longer ignored": "echo i > i.log; mkdir build; echo i > build/i; "
    "echo more >> docs/logs/kept.log; echo i > docs/logs/i.log; echo t > src/deep/x.tmp",
    "rules changed": "echo '*.tmp' > .gitignore; rm src/.gitignore; echo i > i.log; echo i > src/i.tmp; echo i > j.tmp",
    "rules gone with their directory": "rm -rf src/.gitignore .gitignore; echo i > i.log; echo i > src/i.tmp",
    "converted contents": "printf 'one\\r\\nthree\\r\\n' > win/a.txt; printf 'b\\r\\n' > win/b.txt; touch win/a.txt",
    "conversion switched off": "rm win/.gitattributes; printf 'one\\r\\n' > win/a.txt",
    "residue": "mkdir -p src/__pycache__ web/node_modules/m; echo p > src/__pycache__/a.pyc; "
    "echo m > web/node_modules/m/i; echo 2 > fix/node_modules/m/more.js",
    "a repository inside": "git init -q inner; echo i > inner/i; git init -q src; echo n > src/n.py; echo 5 >> src/a.py",
    "a commit, a stash and another branch": "echo 6 >> src/a.py; git stash -q; git checkout -qb o; echo 7 >> README.md; "
    "git commit -qam mine; git stash pop -q; git reset -q --hard HEAD~1; echo 8 > eight",
    "pipes": "rm src/a.py; mkfifo src/a.py; rm -rf docs; mkfifo docs pipe; echo n > new",
    "locked": "chmod 000 src/a.py src/deep; mkdir x; echo n > x/n; chmod 000 x",
    "held back": "rm -rf docs; mkdir .github; echo x > .github/CODEOWNERS; rm README.md; mkdir .claude; "
    "echo '{}' > .claude/settings.json; echo n > new",
    "odd names": "echo x > 'a b\n\"c'; mkdir -- -d; echo y > -d/-f; echo z > $(printf 'caf\\351')",
    "nothing": "git status --short",
}


def stories(root: Path, large: int, files: dict[str, str | bytes | None] | None = None) -> Stories:
    return Stories(root, files or FILES, large=large)


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
async def test_the_same_work_is_the_same_commit_either_way(tmp_path: Path, edit: str) -> None:
    answers = []
    for large in (WORKTREES, 0):
        world = stories(tmp_path, large)
        await world.workspace.prepare(world.spec)
        said = await world.story("S1", edit)
        answers.append((said, await world.harvest(writes=("src/**", "new.txt"))))
        assert (world.tree("S1") / "fix/node_modules/m/index.js").exists() == (large == WORKTREES)
        await world.workspace.tidy(world.spec)
    assert answers[0] == answers[1]


async def test_stories_start_from_what_has_landed(tmp_path: Path) -> None:
    world = stories(tmp_path, 0)
    await world.workspace.prepare(world.spec)
    await world.done("S1", "rm -rf src/deep docs/one.md win; echo 2 > src/a.py; echo n > new; rm README.md; mkdir README.md; "
                     "echo r > README.md/r; chmod +x src/a.py; ln -s a.py src/link")  # fmt: skip
    assert await world.story("S2", "find . -path ./.git -prune -o -type f -print | sort; cat src/link") == "\n".join(
        [
            "./.gitignore",
            "./README.md/r",
            "./bin/tool",
            "./docs/logs/kept.log",
            "./fix/node_modules/m/index.js",
            "./new",
            "./src/.gitignore",
            "./src/a.py",
            "2",
        ]
    )
    assert await world.story("S3", "git status --short; ls; git log -1 --format=%s; test -x src/a.py") == "\n".join(
        ["README.md", "bin", "docs", "fix", "new", "src", "baro: merge story S1"]
    )
    await world.done("S4", "mkdir src/deep; echo back > src/deep/b.py; echo '*.new' > src/.gitignore; git mv new newer")
    assert await world.story("S5", "cat src/deep/b.py; ls src/deep new newer; echo i > src/x.new; git status -s") == (
        "back\nls: cannot access 'new': No such file or directory\nnewer\n\nsrc/deep:\nb.py"
    )
    reading = await world.workspace.reading(world.spec)
    assert (
        await world.sh(reading, "cat src/deep/b.py newer; touch x")
        == "back\nn\ntouch: cannot touch 'x': Read-only file system\n[1]"
    )


async def test_an_agents_git_reads_no_file_again_to_see_that_nothing_has_changed(tmp_path: Path) -> None:
    """Inside, files belong to another user and have other inode numbers than the index says."""
    world = stories(tmp_path, 0, {f"src/{n}.txt": f"{n}\n" for n in range(50)})
    await world.workspace.prepare(world.spec)
    await world.done("S1", "echo changed > src/1.txt")
    assert await world.story("S2", "git diff-files") == "", "it looks at times only"
    assert await world.story("S3", "echo changed >> src/2.txt; git status --short; git diff --stat | tail -1") == (
        "M src/2.txt\n 1 file changed, 1 insertion(+)"
    )


async def test_a_submodule_stays_what_it_is(tmp_path: Path) -> None:
    world = stories(tmp_path, 0)
    git(world.origin.anns, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},mods/sub")
    git(world.origin.anns, "commit", "--quiet", "-m", "a submodule")
    git(world.origin.anns, "push", "--quiet", "origin", "HEAD:main")
    await world.workspace.prepare(world.spec)
    await world.story("S1", "echo x > mods/sub/x; echo n > new; rm -rf src")
    assert {change.path for change in (await world.harvest()).changes} == {
        "new",
        *(p for p in FILES if p.startswith("src")),
    }
    await world.story("S2", "rm -rf mods; echo n > new")
    harvest = await world.harvest("S2")
    assert [change.path for change in harvest.changes] == ["new"]


async def test_an_interrupted_attempt_is_preserved_and_the_next_one_starts_afresh(tmp_path: Path) -> None:
    world = stories(tmp_path, 0)
    await world.workspace.prepare(world.spec)
    await world.story("S1", "rm -rf src/deep; echo half > half")
    assert await world.story("S1", "cat half; ls src; echo more > more", fresh=False) == "half\na.py"
    assert (
        await world.story("S1", "git status --short; ls -A", attempt=2)
        == ".git\n.gitignore\nREADME.md\nbin\ndocs\nfix\nsrc\nwin"
    )
    kept = world.log("-1", "--format=", "--name-status", f"refs/baro/{world.spec.id}/interrupted/S1-2").split()
    assert kept == ["A", "half", "A", "more", "D", "src/deep/b.py", "D", "src/deep/er/c.py"]


async def test_a_host_that_has_lost_its_overlays_loses_no_work(tmp_path: Path) -> None:
    world = stories(tmp_path, 0)
    await world.workspace.prepare(world.spec)
    await world.story("S1", "echo half > half")
    await world.story("S2", "echo 2 > src/a.py; rm -rf docs")
    world.sharing = "copies"
    world.workspace = world.shared()
    assert (
        await world.story("S1", "ls half src/a.py", fresh=False)
        == "ls: cannot access 'half': No such file or directory\nsrc/a.py\n[2]"
    )
    assert "half" in world.log("-1", "--format=", "--name-only", f"refs/baro/{world.spec.id}/interrupted/S1-1")
    landed = await world.land((await world.harvest("S2")).commit, "S2")
    assert isinstance(landed, Landed)
    reading = await world.workspace.reading(world.spec)
    assert (
        await world.sh(reading, "cat src/a.py; ls docs")
        == "2\nls: cannot access 'docs': No such file or directory\n[2]"
    )


async def test_what_is_installed_shows_below_shared_code_too(tmp_path: Path) -> None:
    world = stories(tmp_path, 0, dict(NODE) | {"libs/a/package.json": "{}", "libs/a/x.js": "1\n"})
    await world.workspace.prepare(world.spec)
    await world.done("S1", "npm install --silent; mkdir libs/a/node_modules; echo 1 > libs/a/node_modules/made")
    await world.done("S2", "npm ci --silent; rm -rf libs/a; node -p \"require('left')\"", "S1")
    said = await world.story("S3", "ls libs; node -p \"require('left')\"; git status --short", "S1", "S2")
    assert said == "ls: cannot access 'libs': No such file or directory\nleft 1.0.0\n?? node_modules/"
    assert set(git(world.clone, "ls-tree", "-r", "--name-only", world.spec.branch).splitlines()) == {
        *NODE,
        "package-lock.json",
    }


async def test_settings_of_agents_are_found_wherever_they_lie(tmp_path: Path) -> None:
    world = stories(tmp_path, 0, FILES | {".claude/settings.json": "{}", "sub/x": "x"})
    await world.workspace.prepare(world.spec)
    await world.done("S1", "rm -rf sub; echo n > src/new")
    seat: Seat = await world.workspace.seat(world.spec, "S2", 1, fresh=True)
    assert (find(seat, ".claude") or Path()).is_dir()
    assert find(seat, "sub") is None
    assert find(seat, "sub/x") is None
    assert find(seat, "src/new") is not None
    assert find(seat, "") == seat.tree


async def test_tidying_up_takes_the_ground_away_with_the_run(tmp_path: Path) -> None:
    world = stories(tmp_path, 0)
    await world.workspace.prepare(world.spec)
    await world.done("S1", "rm -rf src; chmod -R a-w docs")
    await world.story("S2", "true")
    root = world.clone.parent
    assert any(stat.S_ISCHR(path.lstat().st_mode) for path in (root / "ground").rglob("*"))
    await world.workspace.tidy(world.spec)
    assert not root.exists()


async def test_a_ground_whose_making_was_cut_short_is_made_again(tmp_path: Path) -> None:
    world = stories(tmp_path, 0)
    await world.workspace.prepare(world.spec)
    await world.done("S1", "echo n > new")
    head = git(world.clone, "rev-parse", world.spec.branch)
    write(world.clone.parent / "ground" / f"{head}.building", {"tree/new": "half", "index": "no index"})
    assert await world.story("S2", "cat new; git status --short") == "n"
