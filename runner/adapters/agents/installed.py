"""What of the host a command line needs in order to start inside the sandbox, and whether it is new enough."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

from runner.errors import AgentUnavailable

PATIENCE = 30.0
"""seconds for a program to say its version; on a busy machine the slowest takes a few"""


class CommandLine(Struct, frozen=True):
    """`floor` is the oldest version that baro is known to work with: options and events change between versions."""

    title: str
    command: str
    package: str
    floor: tuple[int, ...]

    def find(self, path: str) -> Path:
        """The program on `path`; raises AgentUnavailable if there is none, or none that is new enough."""
        program = shutil.which(self.command, path=path)
        if program is None:
            raise AgentUnavailable(f"{self.title} is not installed.", hint=f"npm install -g {self.package}")
        found = _version(self.title, program, Path(program).stat().st_mtime_ns, path)
        if found < self.floor:
            sentence = f"{self.title} {_dotted(found)} is too old: baro needs {_dotted(self.floor)} or newer."
            raise AgentUnavailable(sentence, hint=f"npm install -g {self.package}@latest")
        return Path(program)


class Installed(Struct, frozen=True):
    """What starts the program, links followed, and the paths that must be visible for it."""

    argv: tuple[str, ...]
    reads: tuple[Path, ...]


def version(program: Path, path: str) -> str:
    """What it says its version is; raises AgentUnavailable where it says nothing."""
    return _dotted(_version(program.name, str(program), program.stat().st_mtime_ns, path))


def resolved(program: Path, path: str) -> Installed:
    """An npm package needs the packages beside it: its outermost `node_modules`. Anything else is taken to be one
    file; its directory may be somebody's home. A script for Node is started by the Node on `path`, which the sandbox's
    own may not have."""
    file = program.resolve()
    trees = [parent for parent in file.parents if parent.name == "node_modules"]
    shown = trees[-1] if trees else file
    if not _for_node(file):
        return Installed((str(file),), (shown,))
    node = _node(path)
    libraries = node.parent.parent / "lib"
    beside = (libraries,) if node.parent.name == "bin" and libraries.is_dir() else ()
    return Installed((str(node), str(file)), (shown, node, *beside))


def _for_node(file: Path) -> bool:
    with file.open("rb") as script:
        first = script.readline(200)
    return first.startswith(b"#!") and b"node" in re.split(rb"[\s/]+", first)


def _node(path: str) -> Path:
    found = shutil.which("node", path=path)
    said = _say(found, "-p", "process.execPath", path=path) if found else ""
    node = Path(said)
    if not node.is_absolute():
        raise AgentUnavailable("Node.js is not installed.", hint="Install Node.js 20 or newer.", evidence=said)
    return node.resolve()


@lru_cache(maxsize=32)
def _version(title: str, program: str, changed: int, path: str) -> tuple[int, ...]:  # noqa: ARG001 - updated: asked anew
    """Remembered, unless there was none: a machine may be too busy for a moment."""
    said = _say(program, "--version", path=path)
    found = re.search(r"\d+(\.\d+)+", said)
    if found is None:
        remedy = f"Run `{program} --version` as the user baro runs as."
        raise AgentUnavailable(f"{title} does not start.", hint=remedy, evidence=said)
    return tuple(map(int, found[0].split(".")))


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _say(program: str, *args: str, path: str) -> str:
    """What it prints, on either stream; in a home of its own, for some write there at every start."""
    with tempfile.TemporaryDirectory() as home:
        try:
            done = subprocess.run(
                [program, *args],
                env={"PATH": path, "HOME": home},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=PATIENCE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as failed:
            return str(failed)
    return done.stdout.decode(errors="replace").strip()
