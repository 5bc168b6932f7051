"""Comments on issues and pull requests."""

from __future__ import annotations

from bot.demo.github.acts import threads as acts
from bot.demo.github.model import Comment, Issue
from bot.demo.github.refusals import Refusal, not_found
from bot.demo.github.shapes import threads
from bot.demo.github.state import find_comment, iso

from .call import Answer, Call, Endpoint


def list_comments(call: Call) -> Answer:
    """Oldest first; `since` goes by the last edit."""
    issue, since = call.thread(), call.query("since")
    found = [said for said in issue.comments if iso(said.updated_at) >= since]
    return call.page(found, lambda said: threads.comment(call.state, call.repository, issue, said))


def create(call: Call) -> Answer:
    issue = call.thread()
    if issue.locked:
        raise Refusal(403, "Unable to create comment because issue is locked.")
    body = call.text("IssueComment", "body", required=True)
    assert body is not None
    said = acts.comment(call.hub, call.repository, issue, call.actor, body)
    shown = threads.comment(call.state, call.repository, issue, said)
    return Answer(shown, 201, {"Location": shown["url"]})


def show(call: Call) -> Answer:
    issue, said = _named(call)
    return Answer(threads.comment(call.state, call.repository, issue, said))


def edit(call: Call) -> Answer:
    issue, said = _named(call)
    body = call.text("IssueComment", "body", required=True)
    assert body is not None
    acts.edit_comment(call.hub, call.repository, issue, said, call.actor, body)
    return Answer(threads.comment(call.state, call.repository, issue, said))


def delete(call: Call) -> Answer:
    issue, said = _named(call)
    acts.delete_comment(call.hub, call.repository, issue, said, call.actor)
    return Answer(None, 204)


def _named(call: Call) -> tuple[Issue, Comment]:
    found = find_comment(call.repository, call.number("comment"))
    if found is None:
        raise not_found()
    return found


COMMENTS = "/repos/{owner}/{repo}/issues/{number:int}/comments"
COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment:int}"
ENDPOINTS = (
    Endpoint("GET", COMMENTS, "thread:read", list_comments),
    Endpoint("POST", COMMENTS, "thread:write", create),
    Endpoint("GET", COMMENT, "thread:read", show),
    Endpoint("PATCH", COMMENT, "thread:write", edit),
    Endpoint("DELETE", COMMENT, "thread:write", delete),
)
