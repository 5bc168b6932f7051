"""Stories that run real installers in the real sandbox, from packages that are part of the repository."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import os
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from runner.adapters import process
from runner.adapters.process import Program
from runner.adapters.sandbox import choose
from runner.adapters.sandbox.room import Room, Sharing
from runner.adapters.workspace import GitWorkspace
from runner.adapters.workspace.overlays import LARGE
from runner.domain.policy import Gate
from runner.ports import AppIdentity, Seat
from tests.adapters.git_world import APP, SECRET, World

PYTHON = f"{Path(sys.base_prefix).resolve()}/bin/python3"
UV = Path(__file__).parents[2] / ".tools/bin/uv"
LOCKFILES = ("**/package-lock.json", "package-lock.json", "uv.lock")
"""what every story declares: a lockfile without a reason stays here"""
PIP = ".venv/bin/pip install --quiet --no-index --find-links wheels"


def tarball(name: str, version: str = "1.0.0") -> bytes:
    """A package for npm, whose export is its version."""
    files = {
        "package.json": json.dumps({"name": name, "version": version, "bin": {name: "cli.js"}}),
        "index.js": f"module.exports = '{name} {version}'\n",
        "cli.js": f"#!/usr/bin/env node\nconsole.log('{name} {version}')\n",
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(f"package/{path}")
            entry.size, entry.mode = len(text), 0o755
            archive.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def wheel(name: str, version: str = "1.0") -> dict[str, bytes]:
    """A package for pip and uv with a command of its own; the file's path and what is in it."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": f"version = '{name} {version}'\n\n\ndef main():\n    print(version)\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    hashes = {path: hashlib.sha256(text.encode()).digest() for path, text in files.items()}
    lines = [f"{path},sha256={base64.urlsafe_b64encode(hash).rstrip(b'=').decode()}," for path, hash in hashes.items()]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in (files | {f"{info}/RECORD": "\n".join([*lines, f"{info}/RECORD,,"])}).items():
            archive.writestr(path, text)
    return {f"wheels/{name}-{version}-py3-none-any.whl": packed.getvalue()}


def package_json(*dependencies: str, root: str = ".") -> str:
    """A manifest that wants these packages, from tarballs in the repository."""
    wanted = {name.split("@")[0]: f"file:{root}/packages/{name}.tgz" for name in dependencies}
    return json.dumps({"name": "app", "version": "0.0.0", "private": True, "dependencies": wanted})


NODE: Mapping[str, str | bytes] = {
    "package.json": package_json("left"),
    "packages/left.tgz": tarball("left"),
    "packages/right.tgz": tarball("right"),
    "src/a.js": "1\n",
}
PYTHONIC: Mapping[str, str | bytes] = {
    "requirements.txt": "greet\n",
    "src/a.py": "A = 1\n",
    **wheel("greet"),
    **wheel("part"),
}


class Stories(World):
    """A world whose stories run commands in the sandbox, as agents do."""

    def __init__(
        self, root: Path, files: Mapping[str, str | bytes | None], sharing: Sharing = "overlay", large: int = LARGE
    ) -> None:
        super().__init__(root, files)
        self.sharing = sharing
        self.large = large
        self.sandbox = choose("none" if sharing == "portable" else "auto", os.environ["PATH"])
        self.workspace = self.shared()

    def shared(self) -> GitWorkspace:
        async def identity() -> AppIdentity:
            return APP

        home = self.root / "home"
        options = {"sharing": self.sharing, "large": self.large}
        return GitWorkspace(home, self.remote, identity, Gate([SECRET]), local=True, **options)  # type: ignore[arg-type]

    def tree(self, story: str) -> Path:
        return self.root / "home/runs" / self.spec.id / "stories" / story

    async def story(self, story: str, command: str, *after: str, attempt: int = 1, fresh: bool = True) -> str:
        """One attempt: what its command printed."""
        seat = await self.workspace.seat(self.spec, story, attempt, fresh=fresh, after=after)
        return await self.sh(seat, command, story)

    async def done(self, story: str, command: str, *after: str) -> str:
        """A story from its seat to its place on the run branch, if it changed anything; what its command printed."""
        said = await self.story(story, command, *after)
        harvest = await self.harvest(story, LOCKFILES)
        if harvest.commit is not None:
            await self.land(harvest.commit, story)
        return said

    async def sh(self, seat: Seat, command: str, name: str = "other") -> str:
        """Everything it printed, and its exit code where that is not 0."""
        scratch = self.root / "scratch" / name
        await asyncio.to_thread(scratch.mkdir, parents=True, exist_ok=True)
        reads = (UV,) if UV.exists() else ()
        confined = self.sandbox.confine(Room(seat, scratch, ("/bin/sh", "-c", f"exec 2>&1; {command}"), {}, reads))
        out, err = scratch / "out", scratch / "err"
        exit = await process.run(
            Program(confined.argv, confined.env, confined.cwd, out, err, str(scratch)), lambda line: None, silence=60
        )
        said = out.read_text() + err.read_text()
        return (said + (f"[{exit.code}]" if exit.code else "")).strip()
