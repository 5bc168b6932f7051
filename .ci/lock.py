"""Resolve the dependencies into requirements.lock, or (--check) say whether that has been done since they changed.

The lock's first line carries a fingerprint of what was asked for, so that the check needs no network.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
COMMAND = (
    "pip compile pyproject.toml --group dev --universal --generate-hashes --no-header --quiet -o requirements.lock"
)


def first_line() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [project["project"]["requires-python"], project["project"]["dependencies"], project["dependency-groups"]]
    return f"# by `make lock`, for {hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]}\n"


def problem() -> str | None:
    text = LOCK.read_text()
    if not text.startswith(first_line()):
        return "the dependencies in pyproject.toml have changed: run `make lock`"
    if "://" in text:
        return "requirements.lock names a host: run `make lock` without an index of your own"
    return None


def main() -> int:
    if "--check" not in sys.argv:
        # With the old pins in place only what has to change does; `rm requirements.lock` first to renew them all.
        subprocess.run([ROOT / ".tools/bin/uv", *COMMAND.split()], cwd=ROOT, check=True)
        LOCK.write_text(first_line() + LOCK.read_text())
    if found := problem():
        print(found, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
