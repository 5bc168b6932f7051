"""Counting git: a `git` on PATH that writes down its arguments and becomes the real one."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

SHIM = """#!/bin/sh
printf '%s\\n' "$1 $2 $3" >>'{log}'
exec '{git}' "$@"
"""


class Gits:
    """`path` is the PATH under which every git that is started is counted; those that git starts itself are not."""

    def __init__(self, root: Path) -> None:
        self._log = root / "git.log"
        self._log.touch()
        shim = root / "counted" / "git"
        shim.parent.mkdir()
        shim.write_text(SHIM.format(log=self._log, git=shutil.which("git")))
        shim.chmod(0o755)
        self.path = f"{shim.parent}{os.pathsep}{os.environ['PATH']}"

    @property
    def calls(self) -> list[str]:
        """The beginning of each command line so far."""
        return self._log.read_text().splitlines()

    def by_command(self) -> Counter[str]:
        return Counter(call.split(" ")[0] for call in self.calls)
