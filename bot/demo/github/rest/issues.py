"""Issues, and pull requests seen as issues; their labels."""

from __future__ import annotations

from bot.demo.github.acts import threads as acts
from bot.demo.github.model import Json
from bot.demo.github.refusals import Refusal, invalid
from bot.demo.github.shapes import repositories, threads

from .call import Answer, Call, Endpoint

LONGEST_TITLE = 256


def list_issues(call: Call) -> Answer:
    """Newest first, pull requests included."""
    state, wanted = call.query("state", "open"), {name.lower() for name in call.query("labels").split(",") if name}
    found = [
        issue
        for issue in sorted(call.repository.threads.values(), key=lambda issue: -issue.number)
        if state in ("all", issue.state) and wanted <= {name.lower() for name in issue.labels}
    ]
    return call.page(found, lambda issue: threads.issue(call.state, call.repository, issue))


def create(call: Call) -> Answer:
    title = call.text("Issue", "title", required=True, longest=LONGEST_TITLE)
    assert title is not None
    labels = call.json.get("labels", [])
    issue = acts.open_issue(call.hub, call.repository, call.actor, title, call.text("Issue", "body"), labels)
    return Answer(threads.issue(call.state, call.repository, issue), 201)


def show(call: Call) -> Answer:
    return Answer(threads.issue(call.state, call.repository, call.thread()))


def edit(call: Call) -> Answer:
    issue = call.thread()
    title, body = call.text("Issue", "title", longest=LONGEST_TITLE), call.text("Issue", "body")
    state = call.json.get("state", issue.state)
    if state not in ("open", "closed"):
        raise invalid("Issue", "state")
    acts.edit_thread(call.hub, call.repository, issue, call.actor, title, body)
    reason = call.json.get("state_reason")
    acts.set_open(call.hub, call.repository, issue, call.actor, is_open=state == "open", reason=reason)
    return Answer(threads.issue(call.state, call.repository, issue))


def list_labels(call: Call) -> Answer:
    return Answer(_labels(call))


def add_labels(call: Call) -> Answer:
    """The body is `{"labels": […]}` or the bare list."""
    names = call.json.get("labels", call.json.get(""))
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise invalid("Label", "labels")
    for name in names:
        acts.add_label(call.hub, call.repository, call.thread(), name, call.actor)
    return Answer(_labels(call))


def remove_label(call: Call) -> Answer:
    if not acts.remove_label(call.hub, call.repository, call.thread(), call.part("name"), call.actor):
        raise Refusal(404, "Label does not exist")
    return Answer(_labels(call))


def _labels(call: Call) -> list[Json]:
    known = call.repository.labels
    return [repositories.label(call.state, call.repository, known[name.lower()]) for name in call.thread().labels]


ISSUES = "/repos/{owner}/{repo}/issues"
ENDPOINTS = (
    Endpoint("GET", ISSUES, "issues:read", list_issues),
    Endpoint("POST", ISSUES, "issues:write", create),
    Endpoint("GET", ISSUES + "/{number:int}", "thread:read", show),
    Endpoint("PATCH", ISSUES + "/{number:int}", "thread:write", edit),
    Endpoint("GET", ISSUES + "/{number:int}/labels", "thread:read", list_labels),
    Endpoint("POST", ISSUES + "/{number:int}/labels", "thread:write", add_labels),
    Endpoint("DELETE", ISSUES + "/{number:int}/labels/{name:path}", "thread:write", remove_label),
)
