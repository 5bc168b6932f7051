"""Refs that moved: remembered, shown by pull requests, and announced."""

from __future__ import annotations

from bot.demo.github.hub import Hub
from bot.demo.github.model import Issue, Json, Push, Repository
from bot.demo.github.repository_store import NOBODY
from bot.demo.github.state import iso

from . import threads

MOST_COMMITS = 20
"""commits listed in a push payload"""


def pushed(hub: Hub, repository: Repository, ref: str, old: str, new: str, by: str) -> Push:
    """Everything that follows from one ref having moved from `old` to `new` (all zeros: none)."""
    git, state = hub.git, hub.state
    both = NOBODY not in (old, new)
    forced = both and not git.is_ancestor(repository, old, new)
    push = Push(repository.full_name, ref, old, new, forced, by)
    state.pushes.append(push)
    repository.pushed_at = state.now()
    if ref.startswith(("refs/heads/", "refs/tags/")):
        commits = [] if new == NOBODY else commits_of(hub, repository, old, new)
        hub.announce("push", repository, by, **push_payload(hub, repository, push, commits))
    if ref.startswith("refs/heads/"):
        follow(hub, repository, ref.removeprefix("refs/heads/"), push)
    hub.pulse.beat()
    return push


def follow(hub: Hub, repository: Repository, branch: str, push: Push) -> None:
    """Open pull requests from that branch show the new head, or close if the branch is gone."""
    for base in list(hub.state.repositories.values()):
        for issue in list(base.threads.values()):
            pull = issue.pull
            if issue.state == "open" and pull and (pull.head_repository, pull.head) == (repository.id, branch):
                _follow_one(hub, base, issue, repository, push)


def _follow_one(hub: Hub, base: Repository, issue: Issue, source: Repository, push: Push) -> None:
    assert issue.pull is not None
    if push.new == NOBODY:
        threads.set_open(hub, base, issue, push.by, is_open=False)
        return
    if issue.pull.head_sha == push.new:
        return
    issue.pull.head_sha = push.new
    threads.touch(hub, issue)
    publish_head(hub, base, issue, source)
    threads.announce(hub, base, issue, "synchronize", push.by, before=push.old, after=push.new)


def publish_head(hub: Hub, base: Repository, issue: Issue, source: Repository) -> None:
    """`refs/pull/N/head`, the read-only ref under which a head (a fork's too) can be fetched from the base."""
    assert issue.pull is not None
    ref = f"refs/pull/{issue.number}/head"
    if source is not base:
        directory = str(hub.git.directory(source))
        hub.git.run(base, "fetch", "--quiet", directory, f"+refs/heads/{issue.pull.head}:{ref}")
    hub.git.set_ref(base, ref, issue.pull.head_sha)


def commits_of(hub: Hub, repository: Repository, old: str, new: str) -> list[Json]:
    """The newest commits of a push, oldest first, in the payload's form."""
    known = [f"^{old}"] if old != NOBODY else []
    out = hub.git.run(
        repository, "log", "-z", f"-{MOST_COMMITS}", "--format=%H%x1f%T%x1f%an%x1f%ae%x1f%at%x1f%B", new, *known,
    ).decode(errors="replace")  # fmt: skip
    found = []
    for record in reversed([record for record in out.split("\0") if record]):
        sha, tree, name, email, at, message = record.split("\x1f", 5)
        who = {"name": name, "email": email, "username": name}
        found.append({
            "id": sha, "tree_id": tree, "distinct": True, "message": message.strip(), "timestamp": iso(float(at)),
            "url": f"{hub.state.url}/{repository.full_name}/commit/{sha}", "author": who, "committer": who,
            "added": [], "removed": [], "modified": [],
        })  # fmt: skip
    return found


def push_payload(hub: Hub, repository: Repository, push: Push, commits: list[Json]) -> Json:
    who = hub.state.author(push.by)
    return {
        "ref": push.ref,
        "before": push.old,
        "after": push.new,
        "pusher": {"name": who.login, "email": f"{who.id}+{who.login}@users.noreply.localhost"},
        "created": push.old == NOBODY,
        "deleted": push.new == NOBODY,
        "forced": push.forced,
        "base_ref": None,
        "compare": f"{hub.state.url}/{repository.full_name}/compare/{push.old[:12]}...{push.new[:12]}",
        "commits": commits,
        "head_commit": commits[-1] if commits else None,
    }
