"""A run's private clone: borrowed objects, a run branch, and where that began."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import PurePosixPath

from runner.adapters.git import Git
from runner.crashpoints import crashpoint
from runner.domain.change import Survey
from runner.domain.run import RunSpec
from runner.errors import BaroError

from . import commits
from .commits import Commit
from .instructions import instructions
from .layout import Layout, head_ref
from .refs import move, point, resolve
from .weight import bearable

MAX_TREE = 400
"""paths a survey shows"""
MAX_LANGUAGES = 12


async def begun(layout: Layout) -> bool:
    """Does the clone exist, whole? Its start ref is the last thing that making it writes."""
    return layout.clone.is_dir() and await resolve(layout.git, layout.start) is not None


async def begin(layout: Layout, spec: RunSpec, fetched: Mapping[str, str]) -> None:
    """Make the clone. A run branch of this run on the remote is gone on from: another machine pushed it."""
    git = layout.git
    layout.clone.mkdir(parents=True, exist_ok=True)
    await git.run("init", "--bare", "--quiet", "--template=")
    alternates = layout.clone / "objects" / "info" / "alternates"
    alternates.parent.mkdir(exist_ok=True)
    alternates.write_text(f"{layout.mirror / 'objects'}\n")
    _tame(layout)
    start, head = await _origin(git, spec, fetched)
    await bearable(git, head)
    point(git, head_ref(spec.branch), head)
    crashpoint("clone.begun")
    point(git, layout.start, start)


def _tame(layout: Layout) -> None:
    """Attributes here outrank those of every tree. git recodes files by this one, and stops at the first that it
    cannot: a tree of a stranger must not decide that. Files are checked out and taken back as they are stored."""
    attributes = layout.clone / "info" / "attributes"
    attributes.parent.mkdir(exist_ok=True)
    attributes.write_text("* !working-tree-encoding\n")


async def _origin(git: Git, spec: RunSpec, fetched: Mapping[str, str]) -> tuple[str, str]:
    """Where the run starts, and where its branch is now."""
    start = spec.pull.head_sha if spec.pull else fetched[spec.base_ref]
    for branch in (spec.branch, *([spec.pull.head_ref] if spec.pull else [])):
        pushed = fetched.get(branch)
        if pushed and await _ours(git, spec, pushed):
            shared = (await git.run("merge-base", start, pushed, ok=(0, 1))).line
            if shared:
                return shared, pushed
    return start, start


async def catch_up(layout: Layout, spec: RunSpec, checkpoint: str) -> None:
    """Another machine has gone on with the run since it was here: its branch counts, whatever ours holds beyond."""
    git = layout.git
    head = await run_head(layout, spec)
    if not await _ours(git, spec, checkpoint):
        return
    if (await git.run("merge-base", "--is-ancestor", checkpoint, head, ok=(0, 1))).code == 1:
        await move(git, head_ref(spec.branch), checkpoint, head)


async def landed(layout: Layout, spec: RunSpec) -> tuple[str, ...]:
    """Ids of the stories on the run branch, in the order in which they landed."""
    return tuple(one.story for one in reversed(await ours(layout, spec)) if one.story)


async def ours(layout: Layout, spec: RunSpec) -> list[Commit]:
    """What the run branch has had since its start, the newest first."""
    start, head = await resolve(layout.git, layout.start), await run_head(layout, spec)
    return await commits.first_parents(layout.git, start or head, head)


async def _ours(git: Git, spec: RunSpec, commit: str) -> bool:
    """Did this run make the commit? Anyone could write the trailer, but only where they may push anyway."""
    return (await commits.read(git, commit)).run == spec.id


async def run_head(layout: Layout, spec: RunSpec) -> str:
    """The run branch's commit; raises BaroError when the workspace was never prepared."""
    head = await resolve(layout.git, head_ref(spec.branch)) if layout.clone.is_dir() else None
    if head is None:
        raise BaroError(f"Run {spec.id} has no workspace on this machine")
    return head


async def survey(layout: Layout, commit: str, touched: tuple[str, ...] = ()) -> Survey:
    """The repository's shape, bounded. Its instructions are older than anything the run has landed."""
    git = layout.git
    paths = (await git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit)).fields
    shallow = sorted(map(printable, paths), key=lambda path: (path.count("/"), path))
    suffixes = Counter(suffix for path in paths if (suffix := printable(PurePosixPath(path).suffix)))
    languages = tuple(suffixes.most_common(MAX_LANGUAGES))
    told = await instructions(git, layout.start)
    return Survey(commit, len(paths), tuple(shallow[:MAX_TREE]), languages, touched, told)


def printable(path: str) -> str:
    """A path for people and for the journal: bytes that are no UTF-8 become the replacement character."""
    return path.encode(errors="surrogateescape").decode(errors="replace")
