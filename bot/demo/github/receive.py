"""A push over HTTP: inspected in quarantine, refused with GitHub's reasons, or received and announced."""

from __future__ import annotations

import tempfile
from pathlib import Path

from .acts import pushes
from .hub import Hub
from .model import Permissions, Repository
from .pkt import Command, commands, refusal
from .repository_store import NOBODY, GitFailedError, RepositoryStore

WORKFLOWS = ".github/workflows/"


async def receive(hub: Hub, repository: Repository, body: bytes, by: str, permissions: Permissions) -> bytes:
    """The answer to a `git-receive-pack` request. The caller holds the repository's lock."""
    git = hub.git
    asked, capabilities, pack_at = commands(body)
    before = await git.aside(git.refs, repository)
    reasons = await git.aside(refused, git, repository, asked, body[pack_at:], permissions)
    if reasons:
        return refusal(asked, reasons, capabilities)
    answer = await git.aside(
        git.run, repository, "receive-pack", "--stateless-rpc", str(git.directory(repository)), stdin=body
    )
    after = await git.aside(git.refs, repository)
    for command in asked:
        old, new = before.get(command.ref, NOBODY), after.get(command.ref, NOBODY)
        if old != new:
            pushes.pushed(hub, repository, command.ref, old, new, by)
    return answer


def refused(
    git: RepositoryStore, repository: Repository, asked: list[Command], pack: bytes, permissions: Permissions
) -> dict[str, str]:
    """Ref to the reason why GitHub would not move it; empty if all may pass."""
    reasons = {}
    for command in asked:
        name = command.ref.removeprefix("refs/heads/")
        if command.ref.startswith("refs/heads/") and name in repository.protected:
            reasons[command.ref] = "protected branch hook declined"
        elif command.ref.startswith("refs/pull/"):
            reasons[command.ref] = "deny updating a hidden ref"
        elif command.new == NOBODY and name == repository.default_branch:
            reasons[command.ref] = f"refusing to delete the current branch: {command.ref}"
    if permissions.get("workflows") != "write":
        reasons |= workflow_reasons(git, repository, asked, pack)
    return reasons


def workflow_reasons(git: RepositoryStore, repository: Repository, asked: list[Command], pack: bytes) -> dict[str, str]:
    """Refs whose new commits touch a workflow. Looked at in a throw-away object store that borrows the real one."""
    reasons = {}
    with tempfile.TemporaryDirectory(prefix="quarantine-") as scratch:
        real = git.directory(repository) / "objects"
        aside = {"GIT_OBJECT_DIRECTORY": scratch, "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(real)}
        (Path(scratch) / "pack").mkdir()
        if pack:
            git.run(repository, "index-pack", "--stdin", "--fix-thin", stdin=pack, environment=aside)
        for command in asked:
            touched = command.new != NOBODY and touched_workflow(git, repository, command.new, aside)
            if touched:
                reasons[command.ref] = (
                    f"refusing to allow a GitHub App to create or update workflow `{touched}` "
                    "without `workflows` permission"
                )
    return reasons


def touched_workflow(git: RepositoryStore, repository: Repository, new: str, aside: dict[str, str]) -> str | None:
    """The first workflow that commits unknown to any ref change; merges count only for what no parent has (`-c`)."""
    try:
        fresh = git.run(repository, "rev-list", new, "--not", "--all", environment=aside)
    except GitFailedError:  # a tag of something that is no commit
        return None
    out = git.run(
        repository, "diff-tree", "--stdin", "-r", "-c", "--root", "--name-only", "--no-commit-id", "-z",
        "--", WORKFLOWS, stdin=fresh, environment=aside,
    )  # fmt: skip
    return next((path for path in out.decode(errors="replace").split("\0") if path), None)
