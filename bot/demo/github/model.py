"""What the local GitHub remembers, as plain mutable records: accounts, repositories, threads, installations, tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from msgspec import Struct

Json = dict[str, Any]
"""an object of GitHub's REST API"""
AccountKind = Literal["User", "Organization", "Bot"]
Role = Literal["admin", "maintain", "write", "triage", "read", "none"]
Permissions = Mapping[str, str]
"""permission name to `read` or `write`, as an installation holds them"""

GHOST = "ghost"
"""The login GitHub shows where an account was deleted."""

DEFAULT_PERMISSIONS: Permissions = MappingProxyType(
    {
        "metadata": "read",
        "contents": "write",
        "issues": "write",
        "pull_requests": "write",
        "checks": "write",
    }
)
DEFAULT_EVENTS = (
    "check_run",
    "check_suite",
    "issue_comment",
    "issues",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "push",
)


class AppRegistration(Struct, frozen=True):
    """A GitHub App as its owner registered it. JWTs must be signed by the key that belongs to `public_key_pem`."""

    id: int
    slug: str
    owner: str
    public_key_pem: str
    webhook_secret: str
    name: str = ""
    client_id: str = ""
    permissions: Permissions = DEFAULT_PERMISSIONS
    events: tuple[str, ...] = DEFAULT_EVENTS

    @property
    def bot(self) -> str:
        """The login of the account that acts with the App's installation tokens."""
        return f"{self.slug}[bot]"

    @property
    def issuers(self) -> frozenset[str]:
        """Whom a JWT may name as `iss`: the App's id, or its client id."""
        return frozenset({str(self.id), self.client_id or f"Iv23li{self.id:014d}"})


@dataclass(slots=True)
class Account:
    id: int
    login: str
    kind: AccountKind
    created_at: float


@dataclass(slots=True)
class Label:
    id: int
    name: str
    color: str = "ededed"
    description: str | None = None
    default: bool = False


@dataclass(slots=True)
class Reaction:
    id: int
    author: str
    content: str
    created_at: float


@dataclass(slots=True)
class Comment:
    """A comment on a thread; `via_app` when it was written with an installation token of the App."""

    id: int
    author: str
    body: str
    created_at: float
    updated_at: float
    via_app: bool = False
    reactions: list[Reaction] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    """what it said before, oldest first"""


@dataclass(slots=True)
class ReviewComment:
    """A remark on a line of a diff."""

    id: int
    author: str
    path: str
    line: int
    body: str
    created_at: float
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(slots=True)
class Review:
    id: int
    author: str
    state: Literal["approved", "changes_requested", "commented"]
    body: str
    commit: str
    submitted_at: float
    comments: list[ReviewComment] = field(default_factory=list)


@dataclass(slots=True)
class Pull:
    """The half of a pull request that an issue does not have. `head_repository` is None once the fork is gone."""

    id: int
    head_repository: int | None
    head: str
    head_owner: str
    head_sha: str
    base: str
    base_sha: str
    draft: bool = False
    merged_at: float | None = None
    merged_by: str | None = None
    merge_commit: str | None = None
    reviews: list[Review] = field(default_factory=list)


@dataclass(slots=True)
class Issue:
    """An issue, or (with `pull`) a pull request: they share numbers, comments, labels and reactions."""

    id: int
    number: int
    author: str
    title: str
    body: str | None
    created_at: float
    updated_at: float
    labels: list[str] = field(default_factory=list)
    state: Literal["open", "closed"] = "open"
    state_reason: str | None = None
    closed_at: float | None = None
    closed_by: str | None = None
    locked: bool = False
    via_app: bool = False
    comments: list[Comment] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    pull: Pull | None = None


@dataclass(slots=True)
class CheckRun:
    """`app` is the slug of the App that wrote it. `output` and the rest are kept as they were sent."""

    id: int
    app: str
    name: str
    head_sha: str
    status: str
    conclusion: str | None
    external_id: str
    details_url: str | None
    started_at: str
    completed_at: str | None
    output: dict[str, Any]


@dataclass(slots=True)
class Repository:
    id: int
    owner: str
    name: str
    created_at: float
    description: str | None = None
    private: bool = False
    archived: bool = False
    fork_of: int | None = None
    default_branch: str = "main"
    roles: dict[str, Role] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    threads: dict[int, Issue] = field(default_factory=dict)
    check_runs: dict[int, CheckRun] = field(default_factory=dict)
    protected: set[str] = field(default_factory=set)
    """branches nobody may push to over HTTP"""
    pushed_at: float = 0.0
    last_number: int = 0
    gone: set[int] = field(default_factory=set)
    """numbers of deleted issues"""

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"


@dataclass(slots=True)
class Installation:
    id: int
    account: str
    repositories: set[int]
    permissions: Permissions
    events: tuple[str, ...]
    created_at: float
    everything: bool = False
    """installed on all repositories of the account, those to come included"""
    suspended_at: float | None = None


class Token(Struct, frozen=True):
    """An installation token, narrowed to these repositories (by id) and permissions."""

    value: str
    installation: int
    repositories: frozenset[int]
    permissions: Permissions
    expires_at: float
    selected: bool


class Push(Struct, frozen=True):
    """One ref moved by one push; an all-zero `old` or `new` is a creation or a deletion."""

    repository: str
    ref: str
    old: str
    new: str
    forced: bool
    by: str
