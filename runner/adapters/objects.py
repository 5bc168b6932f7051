"""Git's objects without a process for each: read in one dialogue with `git cat-file`, written as files of their own."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from types import TracebackType
from typing import IO, Literal, NoReturn

from runner.adapters.git import Git
from runner.errors import GitError

Kind = Literal["blob", "tree", "commit"]

_AT_ONCE = 256
"""questions asked before their answers are read: so many fit into a pipe, and their answers too"""
_MISSING = "missing"


def write(git: Git, kind: Kind, data: bytes) -> str:
    """Store an object in that repository and return its id; one that is there already is left alone."""
    from gitdb import IStream, LooseObjectDB  # a part of GitPython, imported late for the reason given in git.py

    database = LooseObjectDB(str(git.dir / "objects"))
    return str(database.store(IStream(kind.encode(), len(data), BytesIO(data))).hexsha.decode())


class Objects:
    """A repository's objects, for the time inside `with`; its process starts with the first question.

    Everything here waits for git, and belongs into a thread where that may take long.
    """

    def __init__(self, git: Git) -> None:
        self._git = git
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Objects:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """A dialogue that was left in the middle is not waited for."""
        if self._process is None:
            return
        if error is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(BrokenPipeError):
            self._process.communicate()

    def sizes(self, oids: Sequence[str]) -> dict[str, int]:
        """In bytes, by id, of those that exist."""
        found: dict[str, int] = {}
        for at in range(0, len(oids), _AT_ONCE):
            batch = oids[at : at + _AT_ONCE]
            self._say("info", batch)
            heads = [self._head() for _ in batch]
            found |= {oid: int(head[-1]) for oid, head in zip(batch, heads, strict=True) if head[-1] != _MISSING}
        return found

    def contents(self, oids: Sequence[str]) -> dict[str, bytes]:
        """By id, of those that exist."""
        return {oid: data for oid in oids if (data := self.content(oid)) is not None}

    def content(self, oid: str) -> bytes | None:
        self._say("contents", [oid])
        head = self._head()
        return None if head[-1] == _MISSING else self._read(int(head[-1]) + 1)[:-1]

    # --- the dialogue ---

    def _say(self, question: str, oids: Sequence[str]) -> None:
        if self._process is None:
            self._process = self._git.start("cat-file", "--batch-command")
        talk = _open(self._process.stdin)
        with suppress(BrokenPipeError):  # the answer that does not come says so
            talk.write("".join(f"{question} {oid}\n" for oid in oids).encode())
            talk.flush()

    def _head(self) -> list[str]:
        """`id type size`, or `id missing`."""
        assert self._process is not None
        line = _open(self._process.stdout).readline().decode()
        return line.split() or self._over()

    def _read(self, size: int) -> bytes:
        assert self._process is not None
        data = _open(self._process.stdout).read(size)
        return data if len(data) == size else self._over()

    def _over(self) -> NoReturn:
        assert self._process is not None
        command = ["git", "cat-file", "--batch-command"]
        raise GitError("`git cat-file` ended before it had answered", command=command, code=self._process.wait())


def _open(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
