"""`People`: what a test or the demo lets people do. Acts return the record they made, and records are live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from .acts import pulls, pushes, threads
from .hub import Hub
from .model import CheckRun, Comment, Issue, Reaction, Repository, Review
from .repository_store import NOBODY, Files
from .state import find_comment


class People:
    """Acts of people. `by` is a login; an account that is not there yet is made."""

    hub: Hub

    async def open_issue(
        self, repo: str, by: str, title: str, body: str | None = None, labels: Iterable[str] = ()
    ) -> Issue:
        return threads.open_issue(self.hub, self._at(repo, by), by, title, body, labels)

    async def edit_issue(
        self, repo: str, number: int, by: str, *, title: str | None = None, body: str | None = None
    ) -> None:
        threads.edit_thread(self.hub, self._at(repo, by), self._thread(repo, number), by, title, body)

    async def close(self, repo: str, number: int, by: str) -> None:
        """An issue, or a pull request without merging it."""
        threads.set_open(self.hub, self._at(repo, by), self._thread(repo, number), by, is_open=False)

    async def reopen(self, repo: str, number: int, by: str) -> None:
        threads.set_open(self.hub, self._at(repo, by), self._thread(repo, number), by, is_open=True)

    async def delete_issue(self, repo: str, number: int, by: str) -> None:
        threads.delete_issue(self.hub, self._at(repo, by), self._thread(repo, number), by)

    async def lock(self, repo: str, number: int, by: str) -> None:
        """Nobody comments there any more."""
        threads.lock(self.hub, self._at(repo, by), self._thread(repo, number), by)

    async def label(self, repo: str, number: int, label: str, by: str) -> None:
        threads.add_label(self.hub, self._at(repo, by), self._thread(repo, number), label, by)

    async def unlabel(self, repo: str, number: int, label: str, by: str) -> None:
        threads.remove_label(self.hub, self._at(repo, by), self._thread(repo, number), label, by)

    async def comment(self, repo: str, number: int, by: str, body: str) -> Comment:
        return threads.comment(self.hub, self._at(repo, by), self._thread(repo, number), by, body)

    async def edit_comment(self, repo: str, comment_id: int, by: str, body: str) -> None:
        """By anybody with the right to: this is also how a person ticks a checkbox in the App's comment."""
        issue, said = self._comment(repo, comment_id)
        threads.edit_comment(self.hub, self._at(repo, by), issue, said, by, body)

    async def delete_comment(self, repo: str, comment_id: int, by: str) -> None:
        threads.delete_comment(self.hub, self._at(repo, by), *self._comment(repo, comment_id), by)

    def react(self, repo: str, by: str, content: str, *, number: int = 0, comment: int = 0) -> Reaction:
        """On an issue (`number`) or on a comment."""
        given = self._comment(repo, comment)[1].reactions if comment else self._thread(repo, number).reactions
        return threads.react(self.hub, given, self.hub.state.account(by).login, content)[0]

    async def open_pull(
        self, repo: str, by: str, head: str, base: str = "main", title: str = "", body: str | None = None, *,
        draft: bool = False,
    ) -> Issue:  # fmt: skip
        """`head` is a branch, or `owner:branch` of a fork."""
        repository = self._at(repo, by)
        return await pulls.open_pull(
            self.hub, repository, by, head=head, base=base, title=title or head, body=body, draft=draft
        )

    async def merge(self, repo: str, number: int, by: str) -> str:
        """Merge a pull request; returns the merge commit."""
        return await pulls.merge(self.hub, self._at(repo, by), self._thread(repo, number), by)

    async def review(
        self, repo: str, number: int, by: str, body: str = "",
        state: Literal["approved", "changes_requested", "commented"] = "changes_requested",
        remarks: tuple[tuple[str, int, str], ...] = (),
    ) -> Review:  # fmt: skip
        """Submit a review; `remarks` are (path, line, text)."""
        return pulls.review(self.hub, self._at(repo, by), self._thread(repo, number), by, body, state, remarks)

    async def check(
        self, repo: str, sha: str, name: str, conclusion: str | None = None, *, app: str = "github-actions",
        output: Mapping[str, Any] | None = None,
    ) -> CheckRun:  # fmt: skip
        """A check run of another App, such as CI; without a conclusion it is still running."""
        sent = {"name": name, "head_sha": sha, "status": "in_progress", "output": dict(output or {})}
        sent |= {"conclusion": conclusion} if conclusion else {}
        by = self.hub.state.account(f"{app}[bot]", "Bot").login
        return pulls.write_check(self.hub, self.hub.state.repository(repo), app, by, sent)

    def commit(
        self, repo: str, branch: str, files: Files, message: str = "Change files", *, by: str = "", onto: str = ""
    ) -> str:
        """A commit by a person, pushed at once; a new branch starts at the default branch. With `onto` (a commit, a
        branch) it replaces what the branch had: a force push."""
        repository = self.hub.state.repository(repo)
        by = by or repository.owner
        self.hub.state.account(by)
        git, ref = self.hub.git, f"refs/heads/{branch}"
        old = git.resolve(repository, ref) or NOBODY
        parent = git.resolve(repository, onto) if onto else None
        new = git.commit(repository, branch, files, message, author=by, at=self.hub.state.now(), onto=parent)
        pushes.pushed(self.hub, repository, ref, old, new, by)
        return new

    def delete_branch(self, repo: str, branch: str, by: str = "") -> None:
        repository = self.hub.state.repository(repo)
        old = self.hub.git.resolve(repository, f"refs/heads/{branch}") or NOBODY
        self.hub.git.delete_ref(repository, f"refs/heads/{branch}")
        pushes.pushed(self.hub, repository, f"refs/heads/{branch}", old, NOBODY, by or repository.owner)

    def _at(self, repo: str, by: str) -> Repository:
        self.hub.state.account(by)
        return self.hub.state.repository(repo)

    def _thread(self, repo: str, number: int) -> Issue:
        return self.hub.state.issue(repo, number)

    def _comment(self, repo: str, comment_id: int) -> tuple[Issue, Comment]:
        found = find_comment(self.hub.state.repository(repo), comment_id)
        assert found is not None, f"no comment {comment_id} on {repo}"
        return found
