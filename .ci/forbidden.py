"""What must never be committed: secrets, leftovers, and paths that exist on one machine only."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

# The brackets keep a pattern from matching the line it stands on.
FORBIDDEN = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE [K]EY-----\s+[A-Za-z0-9+/]{32}",
    "a token": r"\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40}|sk-ant-[A-Za-z0-9_-]{40})",
    "a merge conflict": r"^([<]{7}|[>]{7}) ",
    "a debugger": r"\b(breakpoint[(]\)|pdb\.set_trace[(]\))",
    "something unfinished": r"\b(TOD[O]|FIXM[E]|XX[X])\b",
    "a path of one machine": r"(?<![\w.<{$-])/(home|Users|work)/[a-z][\w-]*/",
}
PATTERN = re.compile(
    "|".join(f"(?P<{re.sub(' ', '_', name)}>{rule})" for name, rule in FORBIDDEN.items()), re.MULTILINE
)


def files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True, capture_output=True
    ).stdout
    return [path for name in listed.decode().split("\0") if name and (path := Path(name)).is_file()]


def findings(path: Path) -> list[str]:
    text = path.read_bytes().decode("utf-8", "ignore")
    return [
        f"{path}:{text.count(chr(10), 0, hit.start()) + 1}: {str(hit.lastgroup).replace('_', ' ')}"
        for hit in PATTERN.finditer(text)
    ]


if __name__ == "__main__":
    found = [line for path in files() for line in findings(path)]
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    sys.exit(1 if found else 0)
