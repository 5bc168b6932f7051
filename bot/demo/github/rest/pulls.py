"""Pull requests, their reviews and their files."""

from __future__ import annotations

from bot.demo.github.acts import pulls as acts
from bot.demo.github.acts import threads as thread_acts
from bot.demo.github.model import Issue, Json, Review
from bot.demo.github.refusals import Refusal, invalid, not_found
from bot.demo.github.shapes import pulls

from .call import Answer, Call, Endpoint
from .issues import LONGEST_TITLE


def list_pulls(call: Call) -> Answer:
    """Newest first; `head` is `owner:branch`, and a `head` without an owner is ignored, as on GitHub."""
    state, head, base = call.query("state", "open"), call.query("head"), call.query("base")
    found = []
    for issue in sorted(call.repository.threads.values(), key=lambda issue: -issue.number):
        pull = issue.pull
        if pull is None or state not in ("all", issue.state):
            continue
        if (":" not in head or head == f"{pull.head_owner}:{pull.head}") and base in ("", pull.base):
            found.append(issue)
    return call.page(found, lambda issue: pulls.pull(call.state, call.repository, issue))


async def show(call: Call) -> Answer:
    return await _single(call, _pull(call))


async def create(call: Call) -> Answer:
    title = call.text("PullRequest", "title", required=True, longest=LONGEST_TITLE)
    head = call.text("PullRequest", "head", required=True)
    base = call.text("PullRequest", "base", required=True)
    assert title is not None
    assert head is not None
    assert base is not None
    body, draft = call.text("PullRequest", "body"), bool(call.json.get("draft", False))
    try:
        issue = await acts.open_pull(
            call.hub, call.repository, call.actor, head=head, base=base, title=title, body=body, draft=draft
        )
    except acts.CannotOpenError as wrong:
        raise Refusal(422, "Validation Failed", errors=wrong.errors) from wrong
    return await _single(call, issue, 201)


async def edit(call: Call) -> Answer:
    """Title, body, state and base. `draft` cannot be changed over REST; GitHub ignores it here, and so do we."""
    issue = _pull(call)
    title, body = call.text("PullRequest", "title", longest=LONGEST_TITLE), call.text("PullRequest", "body")
    state = call.json.get("state", issue.state)
    if state not in ("open", "closed"):
        raise invalid("PullRequest", "state")
    if call.json.get("base"):
        await _move_base(call, issue, str(call.json["base"]))
    thread_acts.edit_thread(call.hub, call.repository, issue, call.actor, title, body)
    thread_acts.set_open(call.hub, call.repository, issue, call.actor, is_open=state == "open")
    return await _single(call, issue)


async def list_files(call: Call) -> Answer:
    issue = _pull(call)
    assert issue.pull is not None
    span = f"{issue.pull.base_sha}...{issue.pull.head_sha}"
    out = await call.hub.git.aside(
        call.hub.git.run, call.repository, "diff", "--no-renames", "--name-status", "-z", span
    )
    words = out.decode().split("\0")[:-1]
    names = {"A": "added", "D": "removed", "M": "modified", "T": "changed"}
    pairs = list(zip(words[::2], words[1::2], strict=True))
    return call.page(pairs, lambda pair: {"filename": pair[1], "status": names.get(pair[0], "changed")})


def list_reviews(call: Call) -> Answer:
    issue = _pull(call)
    assert issue.pull is not None
    shown = issue.pull.reviews

    def shape(review: Review) -> Json:
        listed = pulls.review(call.state, call.repository, issue, review)
        return listed | {"state": review.state.upper()}

    return call.page(shown, shape)


def list_review_comments(call: Call) -> Answer:
    """Of one review, or of all."""
    issue = _pull(call)
    assert issue.pull is not None
    wanted = call.request.path_params.get("review")
    remarks = [
        (review, said) for review in issue.pull.reviews if wanted in (None, review.id) for said in review.comments
    ]
    return call.page(remarks, lambda one: pulls.review_comment(call.state, call.repository, issue, *one))


async def _move_base(call: Call, issue: Issue, base: str) -> None:
    assert issue.pull is not None
    sha = await call.hub.git.aside(call.hub.git.resolve, call.repository, f"refs/heads/{base}")
    if sha is None:
        raise invalid("PullRequest", "base")
    issue.pull.base, issue.pull.base_sha = base, sha


async def _single(call: Call, issue: Issue, status: int = 200) -> Answer:
    """The form of one pull request, with what git has to say about it."""
    git, pull = call.hub.git, issue.pull
    assert pull is not None
    base = await git.aside(git.resolve, call.repository, f"refs/heads/{pull.base}") or pull.base_sha
    clean = issue.state == "open" and await git.aside(git.merges_cleanly, call.repository, base, pull.head_sha)
    commits = await git.aside(git.count, call.repository, pull.base_sha, pull.head_sha)
    added, removed, files = await git.aside(git.numbers, call.repository, pull.base_sha, pull.head_sha)
    shown = pulls.pull(
        call.state, call.repository, issue, mergeable=clean if issue.state == "open" else None,
        mergeable_state="clean" if clean else "dirty" if issue.state == "open" else "unknown",
        comments=len(issue.comments), review_comments=sum(len(review.comments) for review in pull.reviews),
        commits=commits, additions=added, deletions=removed, changed_files=files,
    )  # fmt: skip
    return Answer(shown, status, {"Location": shown["url"]} if status == 201 else {})


def _pull(call: Call) -> Issue:
    issue = call.thread()
    if issue.pull is None:
        raise not_found()
    return issue


PULLS = "/repos/{owner}/{repo}/pulls"
ENDPOINTS = (
    Endpoint("GET", PULLS, "pull_requests:read", list_pulls),
    Endpoint("POST", PULLS, "pull_requests:write", create),
    Endpoint("GET", PULLS + "/{number:int}", "pull_requests:read", show),
    Endpoint("PATCH", PULLS + "/{number:int}", "pull_requests:write", edit),
    Endpoint("GET", PULLS + "/{number:int}/files", "pull_requests:read", list_files),
    Endpoint("GET", PULLS + "/{number:int}/reviews", "pull_requests:read", list_reviews),
    Endpoint("GET", PULLS + "/{number:int}/comments", "pull_requests:read", list_review_comments),
    Endpoint("GET", PULLS + "/{number:int}/reviews/{review:int}/comments", "pull_requests:read", list_review_comments),
)
