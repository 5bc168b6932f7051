"""A real repository on this machine with people who push to it, and a workspace that works for it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from runner.adapters.workspace import GitWorkspace
from runner.domain.goal import PullTarget
from runner.domain.plan import Story
from runner.domain.policy import Gate
from runner.domain.run import RunSpec
from runner.ports import AppIdentity, Seat
from tests.world.entries import SPEC

APP = AppIdentity(id=9, slug="baro", owner="acme", login="baro[bot]", email="9+baro[bot]@users.noreply.github.com")
SECRET = "operators-own-secret-value"
AT = 1_700_000_000.0
_PERSON = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "ann",
    "GIT_AUTHOR_EMAIL": "ann@example.org",
    "GIT_COMMITTER_NAME": "ann",
    "GIT_COMMITTER_EMAIL": "ann@example.org",
}


def git(place: Path, *args: str, ok: bool = True, env: Mapping[str, str] | None = None) -> str:
    """git as a person, or an agent, would run it: it discovers the repository and obeys its configuration."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", *args],
        cwd=place,
        env=inherited | _PERSON | dict(env or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert not ok or done.returncode == 0, f"git {args}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def write(tree: Path, files: Mapping[str, str | bytes | None]) -> None:
    """Write, or delete where the value is None."""
    for name, content in files.items():
        path = tree / name
        if content is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


class Origin:
    """A bare repository, and ann's checkout of it. One that is there already is taken as it is."""

    def __init__(self, root: Path, files: Mapping[str, str | bytes | None]) -> None:
        self.bare = root / "origin.git"
        self.anns = root / "ann"
        if self.bare.exists():
            return
        root.mkdir(parents=True, exist_ok=True)
        git(root, "init", "--quiet", "--bare", "--initial-branch=main", str(self.bare))
        git(root, "init", "--quiet", "--initial-branch=main", str(self.anns))
        git(self.anns, "remote", "add", "origin", str(self.bare))
        self.push(files)

    def push(self, files: Mapping[str, str | bytes | None], branch: str = "main", message: str = "ann's work") -> str:
        write(self.anns, files)
        git(self.anns, "add", "--all", "--force")
        git(self.anns, "commit", "--quiet", "--allow-empty", "-m", message)
        git(self.anns, "push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
        return git(self.anns, "rev-parse", "HEAD")

    def head(self, branch: str) -> str | None:
        return git(self.bare, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}", ok=False) or None

    def show(self, branch: str, path: str) -> str | None:
        spot = f"refs/heads/{branch}:{path}"
        return git(self.bare, "show", spot) if git(self.bare, "cat-file", "-t", spot, ok=False) == "blob" else None

    def paths(self, branch: str) -> set[str]:
        return set(git(self.bare, "ls-tree", "-r", "--name-only", branch).splitlines())


class LocalRemote:
    """The origin as a remote that needs no credential."""

    def __init__(self, url: str, header: str | None = None) -> None:
        self._url = url
        self._header = header
        self.forgotten: list[str] = []

    async def url(self, spec: RunSpec) -> str:
        return self._url

    async def header(self, spec: RunSpec, *, write: bool) -> str | None:
        return self._header

    async def forget(self, spec: RunSpec) -> None:
        self.forgotten.append(spec.id)


class World:
    """An origin, a workspace for one run on it, and shorthands for what agents do."""

    made: ClassVar[Callable[..., GitWorkspace]] = GitWorkspace

    def __init__(self, root: Path, files: Mapping[str, str | bytes | None], **changes: Any) -> None:
        self.root = root
        self.origin = Origin(root, files)
        self.spec = msgspec.structs.replace(SPEC, **changes)
        self.remote = LocalRemote(f"file://{self.origin.bare}")
        self.workspace = self.again()

    def again(self, home: str = "home", gate: Gate | None = None) -> GitWorkspace:
        """The same workspace after a restart; or, with another home, on another machine."""

        async def identity() -> AppIdentity:
            return APP

        return self.made(self.root / home, self.remote, identity, gate or Gate([SECRET]), local=True)

    @property
    def clone(self) -> Path:
        return self.root / "home" / "runs" / self.spec.id / "clone.git"

    def log(self, *args: str) -> str:
        return git(self.clone, f"--git-dir={self.clone}", "log", *args)

    def at_head(self, path: str) -> str:
        return git(self.clone, f"--git-dir={self.clone}", "show", f"refs/heads/{self.spec.branch}:{path}")

    def follow_up(self, ref: str, sha: str) -> None:
        self.spec = msgspec.structs.replace(self.spec, pull=PullTarget(5, "A pull request", ref, sha, "main"))

    async def sit(self, story: str = "S1", attempt: int = 1, *, fresh: bool = False) -> Seat:
        return await self.workspace.seat(self.spec, story, attempt, fresh=fresh)

    async def harvest(self, story: str = "S1", writes: tuple[str, ...] = (), message: str = "Do the work"):  # type: ignore[no-untyped-def]
        return await self.workspace.harvest(self.spec, _story(story, writes), at=AT, message=message)

    async def land(self, commit: str | None, story: str = "S1", *, sole: bool = False):  # type: ignore[no-untyped-def]
        assert commit is not None
        return await self.workspace.land(self.spec, _story(story), commit, at=AT + 60, sole=sole)

    async def work(self, story: str, files: Mapping[str, str | bytes | None]) -> str:
        """One story from its seat to its commit."""
        write((await self.sit(story)).tree, files)
        commit = (await self.harvest(story)).commit
        assert commit is not None
        return str(commit)


def _story(id: str, writes: tuple[str, ...] = ()) -> Story:
    return Story(id, f"Story {id}", "goal", writes=writes)
