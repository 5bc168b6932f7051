"""A small GitHub on this machine: REST, git over smart HTTP and signed webhooks, for `baro demo` and the tests.

    app = AppRegistration(id=7, slug="baro", owner="acme", public_key_pem=pem, webhook_secret="secret")
    async with LocalGitHub.serve(tmp_path, app, hook_url="http://127.0.0.1:3000/webhooks/github") as github:
        # GITHUB_API_URL=github.api_url  GITHUB_URL=github.url
        github.repository("acme/shop", {"app.py": "print('hello')\\n"})   # one commit on main, the App installed
        github.grant("acme/shop", "ada", "write")
        issue = await github.open_issue("acme/shop", "ada", "Say goodbye", "…")
        await github.label("acme/shop", issue.number, "baro", by="ada")
        pull = await github.until(lambda: github.pulls("acme/shop"))       # woken by changes, never polling
        assert "Closes #1" in pull[0].body
        assert b"goodbye" in github.file("acme/shop", pull[0].pull.head, "app.py")
        await github.idle()                                                 # all webhooks so far were tried

State is in memory, repositories are bare ones on disk, and permissions, limits and error bodies are GitHub's.
`github.faults` makes chosen requests fail, hang or lose their answer; `github.requests`, `github.deliveries` and
`github.pushes` are logs to assert about. GET `github.url` in a browser to see it all.
"""

from .faults import Fault, Faults
from .hooks import Delivery, sign
from .hub import Request
from .local import LocalGitHub
from .model import (
    DEFAULT_PERMISSIONS,
    Account,
    AppRegistration,
    CheckRun,
    Comment,
    Installation,
    Issue,
    Label,
    Pull,
    Push,
    Reaction,
    Repository,
    Review,
    Token,
)

__all__ = [
    "DEFAULT_PERMISSIONS",
    "Account",
    "AppRegistration",
    "CheckRun",
    "Comment",
    "Delivery",
    "Fault",
    "Faults",
    "Installation",
    "Issue",
    "Label",
    "LocalGitHub",
    "Pull",
    "Push",
    "Reaction",
    "Repository",
    "Request",
    "Review",
    "Token",
    "sign",
]
