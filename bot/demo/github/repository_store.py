"""Bare git repositories on disk, driven by the git program with nothing of this machine's configuration."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from .model import Repository

P = ParamSpec("P")
R = TypeVar("R")

Files = Mapping[str, str | bytes | None]
"""path to content; None deletes the path. Content that starts with `#!` becomes executable."""

NOBODY = "0" * 40
"""git's null object id."""

CONFIGURATION = {
    "gc.auto": "0",
    "receive.autogc": "false",
    "receive.denyNonFastForwards": "false",
    "receive.denyDeletes": "false",
    "receive.hideRefs": "refs/pull",
    "uploadpack.allowAnySHA1InWant": "true",
    "uploadpack.allowFilter": "true",
    "fastimport.unpackLimit": "0",
}


class GitFailedError(Exception):
    """git exited with a code that was not expected; carries what it said."""


class RepositoryStore:
    """One bare repository per repository id under `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        # Threads of our own: a caller in the same process may fill the loop's default pool with git clients that
        # wait for this very server.
        self._threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="local-github")

    def close(self) -> None:
        self._threads.shutdown()

    async def aside(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run blocking work off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: work(*args, **kwargs))

    def directory(self, repository: Repository) -> Path:
        return self.root / f"{repository.id}.git"

    def run(
        self, repository: Repository, *args: str, stdin: bytes = b"", codes: tuple[int, ...] = (0,),
        environment: Mapping[str, str] | None = None,
    ) -> bytes:  # fmt: skip
        """Standard output of one git command in that repository; GitFailedError unless it exits with one of `codes`."""
        return self.ask(repository, *args, stdin=stdin, codes=codes, environment=environment).stdout

    def ask(
        self, repository: Repository, *args: str, stdin: bytes = b"", codes: tuple[int, ...] = (0,),
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[bytes]:  # fmt: skip
        """Like `run`, with the exit code."""
        command = ["git", "--git-dir", str(self.directory(repository)), *args]
        done = subprocess.run(
            command, input=stdin, capture_output=True, check=False, env={**clean_environment(), **(environment or {})}
        )
        if done.returncode not in codes:
            raise GitFailedError(f"{' '.join(args)}: exit {done.returncode}: {done.stderr.decode(errors='replace')}")
        return done

    def create(self, repository: Repository) -> None:
        directory = self.directory(repository)
        directory.mkdir(parents=True)
        self.run(repository, "init", "--quiet", "--bare", f"--initial-branch={repository.default_branch}")
        with (directory / "config").open("a") as config:
            for key, value in CONFIGURATION.items():
                section, name = key.split(".")
                config.write(f"[{section}]\n\t{name} = {value}\n")

    def copy(self, source: Repository, target: Repository) -> None:
        """All branches of `source`, for a fork."""
        self.create(target)
        self.run(target, "fetch", "--quiet", str(self.directory(source)), "+refs/heads/*:refs/heads/*")

    # --- questions ---------------------------------------------------------------------------------------------

    def resolve(self, repository: Repository, name: str) -> str | None:
        """The commit a branch, tag, full ref or id stands for."""
        if not name or name.isspace() or "\n" in name:
            return None
        tried = "".join(f"{prefix}{name}^{{commit}}\n" for prefix in ("refs/heads/", "refs/tags/", ""))
        out = self.run(repository, "cat-file", "--batch-check", stdin=tried.encode()).decode()
        found = (line.split() for line in out.splitlines())
        return next((words[0] for words in found if words[1:2] == ["commit"] and len(words) == 3), None)

    def refs(self, repository: Repository, prefix: str = "refs/") -> dict[str, str]:
        """Full names of refs to what they point at."""
        out = self.run(repository, "for-each-ref", "--format=%(objectname) %(refname)", prefix).decode()
        return {name: sha for sha, _, name in (line.partition(" ") for line in out.splitlines())}

    def is_ancestor(self, repository: Repository, old: str, new: str) -> bool:
        return self.ask(repository, "merge-base", "--is-ancestor", old, new, codes=(0, 1, 128)).returncode == 0

    def file(self, repository: Repository, ref: str, path: str) -> bytes | None:
        sha = self.resolve(repository, ref)
        done = self.ask(repository, "cat-file", "blob", f"{sha}:{path}", codes=(0, 128))
        return done.stdout if sha and done.returncode == 0 else None

    def diff(self, repository: Repository, base: str, head: str) -> str:
        """The three-dot diff a pull request shows."""
        commits = [self.resolve(repository, name) for name in (base, head)]
        if None in commits:
            raise GitFailedError(f"cannot compare {base} and {head}")
        return self.run(repository, "diff", f"{commits[0]}...{commits[1]}").decode(errors="replace")

    def count(self, repository: Repository, base: str, head: str) -> int:
        """How many commits `head` has that `base` has not."""
        return int(self.run(repository, "rev-list", "--count", f"{base}..{head}"))

    def numbers(self, repository: Repository, base: str, head: str) -> tuple[int, int, int]:
        """Lines added, lines removed, files changed, as a pull request counts them."""
        lines = self.run(repository, "diff", "--numstat", f"{base}...{head}").decode().splitlines()
        counts = [[int(word) if word.isdigit() else 0 for word in line.split("\t")[:2]] for line in lines]
        return sum(added for added, _ in counts), sum(removed for _, removed in counts), len(lines)

    def merges_cleanly(self, repository: Repository, base: str, head: str) -> bool:
        done = self.ask(repository, "merge-tree", "--write-tree", base, head, codes=(0, 1, 128))
        return done.returncode == 0

    # --- changes -----------------------------------------------------------------------------------------------

    def set_ref(self, repository: Repository, ref: str, new: str) -> None:
        self.run(repository, "update-ref", ref, new)

    def delete_ref(self, repository: Repository, ref: str) -> None:
        self.run(repository, "update-ref", "-d", ref)

    def commit(
        self, repository: Repository, branch: str, files: Files, message: str, *, author: str, at: float,
        onto: str | None = None,
    ) -> str:  # fmt: skip
        """A commit of `files` on `branch` (which starts at the default branch if new), or instead of it on `onto`."""
        parent = onto or self.resolve(repository, branch) or self.resolve(repository, repository.default_branch)
        stream = fast_import_stream(f"refs/heads/{branch}", files, message, author, at, parent)
        self.run(repository, "fast-import", "--quiet", "--force", stdin=stream)
        commit = self.resolve(repository, f"refs/heads/{branch}")
        assert commit is not None
        return commit

    def merge(self, repository: Repository, base: str, head: str, message: str, *, author: str, at: float) -> str:
        """A merge commit of `head` on the branch `base`; GitFailedError on conflicts."""
        ours, theirs = self.resolve(repository, base), self.resolve(repository, head)
        assert ours is not None
        assert theirs is not None
        tree = self.run(repository, "merge-tree", "--write-tree", ours, theirs).decode().split()[0]
        who = signature(author, at)
        commit = self.run(
            repository, "commit-tree", tree, "-p", ours, "-p", theirs, "-m", message,
            environment={f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()},
        ).decode().strip()  # fmt: skip
        self.set_ref(repository, f"refs/heads/{base}", commit)
        return commit


def clean_environment() -> dict[str, str]:
    """An environment in which git knows only the repository's own configuration."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C.UTF-8",
    }


def signature(author: str, at: float) -> dict[str, str]:
    return {"NAME": author, "EMAIL": f"{author}@users.noreply.localhost", "DATE": f"{int(at)} +0000"}


def fast_import_stream(ref: str, files: Files, message: str, author: str, at: float, parent: str | None) -> bytes:
    """One commit in git's fast-import language: one process however many files there are."""
    who = f"{author} <{author}@users.noreply.localhost> {int(at)} +0000"
    text = message.encode()
    head = f"commit {ref}\nauthor {who}\ncommitter {who}\ndata {len(text)}\n".encode() + text + b"\n"
    if parent:
        head += f"from {parent}\n".encode()
    return head + b"".join(_change(path, content) for path, content in files.items()) + b"\ndone\n"


def _change(path: str, content: str | bytes | None) -> bytes:
    name = '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if content is None:
        return f"D {name}\n".encode()
    data = content.encode() if isinstance(content, str) else content
    mode = "100755" if data.startswith(b"#!") else "100644"
    return f"M {mode} inline {name}\ndata {len(data)}\n".encode() + data + b"\n"
