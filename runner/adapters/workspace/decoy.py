"""The repository an agent sees: a throw-away git directory that can read the run's objects and write none of them.

It is written by hand and only ever read as text. No git of ours runs with it as GIT_DIR, because its configuration
belongs to the agent (`core.fsmonitor`, `gpg.program` and a dozen others name programs to run).
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from runner.domain.text import one_line

SHOWN_AT = "/baro/git"
"""where the sandbox binds the decoy"""
MAX_LOG = 256 * 1024
"""bytes of the agent's log that are read"""
MAX_SUBJECTS = 12

_CONFIG = """\
[core]
	repositoryformatversion = 0
	filemode = true
	bare = false
	logAllRefUpdates = true
	trustctime = false
	checkStat = minimal
[gc]
	auto = 0
[maintenance]
	auto = false
[user]
	name = baro
	email = baro@localhost
[advice]
	detachedHead = false
"""


def pointer(git: str | Path = SHOWN_AT) -> str:
    """The contents of a `.git` file that makes a tree show that repository."""
    return f"gitdir: {git}\n"


def make(place: Path, *, branch: str, refs: Mapping[str, str], index: Path, objects: Sequence[Path]) -> None:
    """Write the decoy at `place`, on `branch`, all at once: where it exists, it is whole."""
    building = place.with_name(f"{place.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    for part in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info"):
        (building / part).mkdir(parents=True)
    (building / "HEAD").write_text(f"ref: {branch}\n")
    (building / "config").write_text(_CONFIG)
    (building / "objects" / "info" / "alternates").write_text("".join(f"{path}\n" for path in objects))
    packed = "".join(f"{commit} {ref}\n" for ref, commit in sorted(refs.items()))
    (building / "packed-refs").write_text(f"# pack-refs with: sorted\n{packed}")
    shutil.copy2(index, building / "index")
    shutil.rmtree(place, ignore_errors=True)
    building.rename(place)


def agents_subjects(place: Path) -> tuple[str, ...]:
    """What the agent called the commits it made in its decoy, oldest first; an amended one counts once."""
    subjects: list[str] = []
    for line in _log(place).splitlines():
        kind, found, subject = line.partition("\t")[2].partition(": ")
        if not found or not kind.startswith("commit"):
            continue
        if kind == "commit (amend)" and subjects:
            subjects.pop()
        subjects.append(one_line(subject, 100))
    return tuple(dict.fromkeys(subject for subject in subjects if subject))[-MAX_SUBJECTS:]


def _log(place: Path) -> str:
    """The decoy's HEAD log. Symbolic links are not followed: the agent could point them at anything we can read."""
    try:
        directory = os.open(place / "logs", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return ""  # no commit was made, or it is no directory any more
    try:
        file = os.open("HEAD", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
    except OSError:
        return ""
    finally:
        os.close(directory)
    with os.fdopen(file, "rb") as log:
        regular = stat.S_ISREG(os.fstat(log.fileno()).st_mode)
        return log.read(MAX_LOG).decode(errors="replace") if regular else ""
