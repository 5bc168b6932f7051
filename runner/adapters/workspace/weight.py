"""How large a commit is once checked out, told from its objects: a few kilobytes of them can name a billion files.

Each tree is looked at once, however often it occurs, so that this costs what is stored and not what it unfolds to.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from runner.adapters.git import Git
from runner.errors import BaroError

MAX_FILES = 1_000_000
MAX_BYTES = 32 * 1024**3
"""bytes of one checkout; there is one for each story"""
MAX_DEPTH = 1_000
"""directories in one another; a path is at most 4,096 bytes"""
_GITLINK = b"160000"


class Weight(Struct, frozen=True):
    """Of a file or a whole directory."""

    files: int = 0
    bytes: int = 0
    depth: int = 0


async def bearable(git: Git, commit: str) -> None:
    """Raises BaroError for a commit that no machine should check out."""
    weight = await weigh(git, commit)
    if weight.files > MAX_FILES or weight.bytes > MAX_BYTES or weight.depth > MAX_DEPTH:
        raise BaroError(
            f"The repository is too large for this baro: checked out it is {weight.files:,} files, "
            f"{weight.bytes / 1024**3:,.1f} GiB and {weight.depth:,} directories deep",
            hint=f"baro works with up to {MAX_FILES:,} files and {MAX_BYTES // 1024**3} GiB.",
        )


async def weigh(git: Git, commit: str) -> Weight:
    """Of everything that a checkout of the commit would write."""
    root = (await git.run("rev-parse", "--verify", f"{commit}^{{tree}}")).line
    listed = (await git.run("rev-list", "--objects", "--no-object-names", root)).stdout
    sizes = (await git.run("cat-file", "--batch-check=%(objecttype) %(objectname) %(objectsize)", input=listed)).text
    trees: list[str] = []
    known: dict[str, Weight] = {}
    for kind, oid, size in (line.split(" ") for line in sizes.splitlines()):
        if kind == "tree":
            trees.append(oid)
        else:
            known[oid] = Weight(1, int(size))
    return _add_up(root, await _children(git, trees), known)


async def _children(git: Git, trees: list[str]) -> dict[str, list[str]]:
    """Tree to what it holds; an id occurs as often as it is in there."""
    asked = "".join(f"{oid}\n" for oid in trees).encode()
    data = (await git.run("cat-file", "--batch=%(objectname) %(objectsize)", input=asked)).stdout
    found: dict[str, list[str]] = {}
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        oid, size = data[at:end].decode().split(" ")
        found[oid] = list(_entries(data, end + 1, end + 1 + int(size), len(oid) // 2))
        at = end + 1 + int(size) + 1
    return found


def _entries(data: bytes, at: int, until: int, width: int) -> Iterator[str]:
    """`mode SP name NUL id`, as often as there are entries. Submodules are not checked out."""
    while at < until:
        name = data.index(b"\0", at) + 1
        if not data.startswith(_GITLINK, at):
            yield data[name : name + width].hex()
        at = name + width


def _add_up(root: str, children: dict[str, list[str]], known: dict[str, Weight]) -> Weight:
    """From the leaves up, without recursion: how deep it goes is up to a stranger."""
    waiting = [root]
    while waiting:
        oid = waiting[-1]
        missing = [child for child in children[oid] if child not in known]
        if missing and oid not in known:
            waiting.extend(missing)
            continue
        waiting.pop()
        if oid not in known:
            parts = [known[child] for child in children[oid]]
            depth = 1 + max((part.depth for part in parts), default=0)
            known[oid] = Weight(sum(part.files for part in parts), sum(part.bytes for part in parts), depth)
    return known[root]
