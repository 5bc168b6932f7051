"""Issues, comments, labels and reactions."""

from __future__ import annotations

from collections.abc import Iterable

from bot.demo.github.hub import Hub
from bot.demo.github.model import Comment, Issue, Json, Label, Pull, Reaction, Repository
from bot.demo.github.shapes import pulls, repositories, threads


def new_thread(
    hub: Hub, repository: Repository, by: str, title: str, body: str | None, *, pull: Pull | None = None
) -> Issue:
    """The next number of the repository; announces nothing."""
    state = hub.state
    repository.last_number += 1
    now = state.now()
    issue = Issue(
        state.new_id(), repository.last_number, by, title, body, now, now, via_app=by == state.app.bot, pull=pull
    )
    repository.threads[issue.number] = issue
    return issue


def open_issue(
    hub: Hub, repository: Repository, by: str, title: str, body: str | None, labels: Iterable[str] = ()
) -> Issue:
    """`issues.opened`, and one `issues.labeled` for each label, as GitHub does it."""
    issue = new_thread(hub, repository, by, title, body)
    issue.labels = [ensure_label(hub, repository, name).name for name in labels]
    announce(hub, repository, issue, "opened", by)
    for name in issue.labels:
        announce(hub, repository, issue, "labeled", by, label=_label(hub, repository, name))
    return issue


def edit_thread(hub: Hub, repository: Repository, issue: Issue, by: str, title: str | None, body: str | None) -> None:
    """Only what is given changes."""
    before = {"title": issue.title, "body": issue.body}
    issue.title = issue.title if title is None else title
    issue.body = issue.body if body is None else body
    after = {"title": issue.title, "body": issue.body}
    changes = {name: {"from": old} for name, old in before.items() if after[name] != old}
    if changes:
        touch(hub, issue)
        announce(hub, repository, issue, "edited", by, changes=changes)


def set_open(
    hub: Hub, repository: Repository, issue: Issue, by: str, *, is_open: bool, reason: str | None = None
) -> None:
    """Close or reopen; nothing happens to what is in that state already."""
    if is_open == (issue.state == "open"):
        return
    touch(hub, issue)
    issue.state = "open" if is_open else "closed"
    issue.closed_at = None if is_open else hub.state.now()
    issue.closed_by = None if is_open else by
    if issue.pull is None:
        issue.state_reason = "reopened" if is_open else reason or "completed"
    announce(hub, repository, issue, "reopened" if is_open else "closed", by)


def delete_issue(hub: Hub, repository: Repository, issue: Issue, by: str) -> None:
    """From now on it is 410 Gone."""
    del repository.threads[issue.number]
    repository.gone.add(issue.number)
    announce(hub, repository, issue, "deleted", by)


def lock(hub: Hub, repository: Repository, issue: Issue, by: str) -> None:
    issue.locked = True
    announce(hub, repository, issue, "locked", by)


# --- labels --------------------------------------------------------------------------------------------------------


def ensure_label(hub: Hub, repository: Repository, name: str) -> Label:
    """The repository's label of that name, made if there is none. Names are told apart without case."""
    return repository.labels.setdefault(name.lower(), Label(hub.state.new_id(), name))


def add_label(hub: Hub, repository: Repository, issue: Issue, name: str, by: str) -> None:
    label = ensure_label(hub, repository, name)
    if label.name not in issue.labels:
        touch(hub, issue)
        issue.labels.append(label.name)
        announce(hub, repository, issue, "labeled", by, label=_label(hub, repository, name))


def remove_label(hub: Hub, repository: Repository, issue: Issue, name: str, by: str) -> bool:
    """False when the thread does not carry that label."""
    label = repository.labels.get(name.lower())
    if label is None or label.name not in issue.labels:
        return False
    touch(hub, issue)
    issue.labels.remove(label.name)
    announce(hub, repository, issue, "unlabeled", by, label=_label(hub, repository, name))
    return True


# --- comments and reactions ----------------------------------------------------------------------------------------


def comment(hub: Hub, repository: Repository, issue: Issue, by: str, body: str) -> Comment:
    now = hub.state.now()
    said = Comment(hub.state.new_id(), by, body, now, now, via_app=by == hub.state.app.bot)
    issue.comments.append(said)
    touch(hub, issue)
    announce_comment(hub, repository, issue, said, "created", by)
    return said


def edit_comment(hub: Hub, repository: Repository, issue: Issue, said: Comment, by: str, body: str) -> None:
    before, said.body = said.body, body
    said.history.append(before)
    said.updated_at = hub.state.now()
    announce_comment(hub, repository, issue, said, "edited", by, changes={"body": {"from": before}})


def delete_comment(hub: Hub, repository: Repository, issue: Issue, said: Comment, by: str) -> None:
    issue.comments.remove(said)
    announce_comment(hub, repository, issue, said, "deleted", by)


def react(hub: Hub, given: list[Reaction], by: str, content: str) -> tuple[Reaction, bool]:
    """One reaction of each kind per account: the one there is, or a new one (True). Reactions send no webhooks."""
    for reaction in given:
        if (reaction.author, reaction.content) == (by, content):
            return reaction, False
    reaction = Reaction(hub.state.new_id(), by, content, hub.state.now())
    given.append(reaction)
    hub.pulse.beat()
    return reaction, True


# --- telling the App -----------------------------------------------------------------------------------------------


def touch(hub: Hub, issue: Issue) -> None:
    issue.updated_at = hub.state.now()


def announce(hub: Hub, repository: Repository, issue: Issue, action: str, by: str, **parts: object) -> None:
    """`issues`, or `pull_request` for a pull request."""
    if issue.pull is None:
        seen = {"issue": threads.issue(hub.state, repository, issue)}
        hub.announce("issues", repository, by, action=action, **seen, **parts)
    else:
        pull = pulls.pull(hub.state, repository, issue)
        hub.announce("pull_request", repository, by, action=action, number=issue.number, pull_request=pull, **parts)


def announce_comment(
    hub: Hub, repository: Repository, issue: Issue, said: Comment, action: str, by: str, **parts: object
) -> None:
    hub.announce(
        "issue_comment", repository, by, action=action,
        issue=threads.issue(hub.state, repository, issue),
        comment=threads.comment(hub.state, repository, issue, said), **parts,
    )  # fmt: skip


def _label(hub: Hub, repository: Repository, name: str) -> Json:
    return repositories.label(hub.state, repository, repository.labels[name.lower()])
