"""`Views`: what a test asserts about and the demo shows, straight from the state and from git."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from .hub import Hub
from .model import CheckRun, Comment, Issue, Reaction
from .state import find_comment


class Views:
    """What there is. Records are live: a comment's `body` is what it says now."""

    hub: Hub

    def issue(self, repo: str, number: int) -> Issue:
        """An issue or a pull request."""
        return self.hub.state.issue(repo, number)

    def comments(self, repo: str, number: int) -> list[Comment]:
        return list(self.issue(repo, number).comments)

    def pulls(self, repo: str, state: Literal["open", "closed", "all"] = "all") -> list[Issue]:
        """Pull requests, oldest first: issues whose `pull` is set."""
        found = self.hub.state.repository(repo).threads.values()
        return [issue for issue in found if issue.pull and state in ("all", issue.state)]

    def reactions(self, repo: str, *, number: int = 0, comment: int = 0) -> list[tuple[str, str]]:
        """(login, content) on an issue or on a comment."""
        given = self._reactions(repo, number, comment)
        return [(reaction.author, reaction.content) for reaction in given]

    def labels(self, repo: str) -> list[str]:
        """The labels the repository has."""
        return [label.name for label in self.hub.state.repository(repo).labels.values()]

    def check_runs(self, repo: str, sha: str = "") -> list[CheckRun]:
        found = self.hub.state.repository(repo).check_runs.values()
        return [check for check in found if sha in ("", check.head_sha)]

    def git_dir(self, repo: str) -> Path:
        """The bare repository."""
        return self.hub.git.directory(self.hub.state.repository(repo))

    def refs(self, repo: str, prefix: str = "refs/") -> dict[str, str]:
        return self.hub.git.refs(self.hub.state.repository(repo), prefix)

    def branches(self, repo: str) -> dict[str, str]:
        """Branch to commit."""
        return {name.removeprefix("refs/heads/"): sha for name, sha in self.refs(repo, "refs/heads/").items()}

    def file(self, repo: str, ref: str, path: str) -> bytes | None:
        """None where there is no such file."""
        return self.hub.git.file(self.hub.state.repository(repo), ref, path)

    def diff(self, repo: str, base: str, head: str) -> str:
        """As a pull request from `head` to `base` would show it."""
        return self.hub.git.diff(self.hub.state.repository(repo), base, head)

    def _reactions(self, repo: str, number: int, comment: int) -> list[Reaction]:
        if not comment:
            return self.issue(repo, number).reactions
        found = find_comment(self.hub.state.repository(repo), comment)
        assert found is not None, f"no comment {comment} on {repo}"
        return found[1].reactions
