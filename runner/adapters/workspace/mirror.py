"""One bare mirror per repository and machine: fetched incrementally, complete, and never thinned out."""

from __future__ import annotations

from collections.abc import Sequence

from runner.adapters.git import Git, Network
from runner.domain.run import RunSpec
from runner.errors import BaroError, GitError

from .clone import MAX_TREE, printable
from .layout import Layout, head_ref, is_commit_id, mirror_ref
from .locks import locked
from .refs import resolve
from .remote import heads


async def refresh(layout: Layout, spec: RunSpec, where: Network) -> dict[str, str]:
    """Bring the branches this run is about into the mirror; returns branch name to commit, for those that exist."""
    async with locked(layout.mirror_lock, git_dir=layout.mirror):
        git = await _present(layout)
        branches = _wanted(spec)
        found = await heads(git, where, *map(head_ref, branches))
        there = {branch: found[head_ref(branch)] for branch in branches if head_ref(branch) in found}
        if spec.base_ref not in there:
            raise _no_base(spec)
        behind = [branch for branch, commit in there.items() if await resolve(git, mirror_ref(branch)) != commit]
        if behind:
            await _fetch(git, where, [f"+{head_ref(branch)}:{mirror_ref(branch)}" for branch in behind])
        if spec.pull:
            await _fetch_commit(git, where, spec.pull.head_sha)
        # What was fetched, not what was announced: somebody may have pushed in between.
        return {branch: commit for branch in there if (commit := await resolve(git, mirror_ref(branch)))}


async def checkpoint(layout: Layout, where: Network) -> str | None:
    """The commit an earlier host has checkpointed for this run, brought into the mirror; None where there is none."""
    async with locked(layout.mirror_lock, git_dir=layout.mirror):
        git = await _present(layout)
        if layout.checkpoint not in await heads(git, where, layout.checkpoint):
            return None
        await _fetch(git, where, [f"+{layout.checkpoint}:{layout.checkpoint}"])
        return (await git.run("rev-parse", "--verify", layout.checkpoint)).line


async def touched(layout: Layout, spec: RunSpec) -> tuple[str, ...]:
    """What a pull request changes against its base, as the mirror has both; nothing for other runs."""
    if spec.pull is None:
        return ()
    span = f"{mirror_ref(spec.base_ref)}...{spec.pull.head_sha}"
    answer = await Git(layout.mirror).run("diff", "--name-only", "-z", "--no-renames", span, ok=(0, 128))
    return tuple(map(printable, answer.fields[:MAX_TREE])) if answer.code == 0 else ()


async def moved(layout: Layout, spec: RunSpec, where: Network, since: str) -> str | None:
    """Where the base branch is now, in the mirror; None when it is still at `since`, or gone."""
    there = await heads(Git(layout.mirror), where, head_ref(spec.base_ref))
    if there.get(head_ref(spec.base_ref), since) == since:
        return None
    return (await refresh(layout, spec, where)).get(spec.base_ref)


def _wanted(spec: RunSpec) -> list[str]:
    names = [spec.base_ref, spec.branch, *([spec.pull.head_ref] if spec.pull else [])]
    return list(dict.fromkeys(names))


async def _present(layout: Layout) -> Git:
    layout.mirror.mkdir(parents=True, exist_ok=True)
    git = Git(layout.mirror)
    await git.run("init", "--bare", "--quiet", "--template=")  # again is harmless, and mends one that was cut short
    return git


async def _fetch(git: Git, where: Network, refspecs: Sequence[str]) -> None:
    options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance")
    await git.run("fetch", *options, "--end-of-options", where.url, *refspecs, network=where)


async def _fetch_commit(git: Git, where: Network, commit: str) -> None:
    """A pull request's head that its branch has been forced away from is still there, until GitHub collects it."""
    if not is_commit_id(commit):
        raise BaroError(f"{commit!r} is not a commit")
    if (await git.run("cat-file", "-e", f"{commit}^{{commit}}", ok=(0, 1, 128))).code == 0:
        return
    try:
        await _fetch(git, where, [f"{commit}:refs/mirror-commits/{commit}"])
    except GitError as gone:
        raise BaroError(
            f"The pull request's branch no longer has commit {commit[:12]}, where this run was to start",
            hint="Ask again, and baro starts from where the branch is now.",
            evidence=gone.evidence,
        ) from gone


def _no_base(spec: RunSpec) -> BaroError:
    return BaroError(
        f"{spec.thread.repository.full_name} has no branch `{spec.base_ref}`",
        hint="An empty repository needs a first commit before baro can work on it.",
    )
