"""The App permissions each use of a token needs, and the sentence that asks for one that is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from .call import Call

Use = Literal["facts", "read", "write", "talk"]

GRANTS: dict[Use, dict[str, str]] = {
    "facts": {"metadata": "read"},
    "read": {"contents": "read", "metadata": "read"},
    "write": {"contents": "write", "metadata": "read"},
    "talk": {"contents": "read", "issues": "write", "metadata": "read", "pull_requests": "write"},
}
"""`read` and `write` are for git and files, `talk` is for everything people read. Nothing asks for `workflows`."""

RESERVED = {"checks": "write"}
"""asked for now, so that installations need not accept a new permission later"""


def needed() -> dict[str, str]:
    """What the App must be given, all in all: what app.yml asks for."""
    found = dict(RESERVED)
    for wanted in GRANTS.values():
        found |= {name: access for name, access in wanted.items() if found.get(name) != "write"}
    return found


def gives(held: Mapping[str, str], name: str, access: str) -> bool:
    return held.get(name) in (access, "write", "admin")


_BY_PATH = (("/pulls", "pull_requests"), ("/contents", "contents"), ("/issues", "issues"), ("/labels", "issues"))


def missing(call: Call, accepted: str) -> str:
    """Which permission to grant: in GitHub's own words (`X-Accepted-GitHub-Permissions`), or read off the path."""
    name, access = _named(accepted) or _guessed(call)
    grant = "read and write" if access == "write" else "read-only"
    return f"The App may not {access} {_words(name)} in {call.where}; grant it {_title(name)}: {grant}."


def _named(accepted: str) -> tuple[str, str] | None:
    """`issues=write; pull_requests=write` lists alternatives; the first is enough."""
    name, _, access = accepted.split(";")[0].split(",")[0].strip().partition("=")
    return (name, access) if name and access else None


def _guessed(call: Call) -> tuple[str, str]:
    name = next((name for part, name in _BY_PATH if part in call.path), "metadata")
    return name, "write" if call.writes else "read"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _title(name: str) -> str:
    return _words(name).capitalize()
