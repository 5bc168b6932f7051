"""The publish gate: what may leave this machine, decided in one place for files and for sentences."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from .amounts import Allowance, Sized, excess
from .leaks import REDACTED, Leak, Secrets
from .names import unfit
from .surface import covers
from .unseen import unseen

__all__ = ["MAX_FILE", "REDACTED", "File", "Gate", "Inspection", "agent_configuration"]

MAX_FILE = Allowance().file_bytes

_CODEOWNERS = frozenset({"codeowners", ".github/codeowners", "docs/codeowners"})
_SUBMODULES = ".gitmodules"
_LFS = ".lfsconfig"
_AGENT_DIRECTORIES = frozenset({".claude", ".codex", ".opencode", ".pi", ".cursor"})
_AGENT_FILES = frozenset({".mcp.json", "opencode.json", "opencode.jsonc"})

DELETED, _SYMLINK, _GITLINK = "000000", "120000", "160000"
_TEXT_WITHIN = 8000
"""bytes without a NUL at the beginning of what counts as text, as in git"""


class File(Struct, frozen=True):
    """One path as a commit would have it. `content` None: deleted, or too large to be read (`size` says which).
    `before` is what the path held, so that only what is *new* in it counts."""

    path: str
    mode: str
    size: int = 0
    content: bytes | None = None
    before: bytes | None = None
    added: bool = False
    """there was no such path before"""
    of_base: bool = True
    """`before` was there before any of our commits"""


class Gate:
    """Everything baro publishes passes here: `inspect` for files, `text` for what people read."""

    def __init__(
        self, secrets: Iterable[str] | Callable[[], Iterable[str]] = (), protected: Sequence[str] = ()
    ) -> None:
        """`secrets` are exact values of this installation, or what gives those of the moment; `protected` are further
        globs a repository lists."""
        self._values = secrets if callable(secrets) else (lambda given=tuple(secrets): given)
        self._protected = tuple(protected)

    @property
    def secrets(self) -> Secrets:
        return Secrets(self._values())

    def inspect(self, allowance: Allowance = Allowance()) -> Inspection:  # noqa: B008 - frozen
        """Look at one publication, which may hold that much."""
        return Inspection(self, allowance)

    def reason(self, file: File) -> str | None:
        """Why this file must stay here, were it published alone; None: it may go."""
        inspection = self.inspect()
        inspection.look(file)
        return inspection.reasons()[0]

    def readable(self, size: int) -> bool:
        """Is a file of that many bytes small enough for its contents to be looked at? A larger one never leaves."""
        return size <= MAX_FILE

    def text(self, text: str) -> str:
        """The same sentence without a secret in it."""
        return self.secrets.redacted(text)

    def protects(self, path: str) -> str | None:
        """Why nobody but a person changes this path."""
        folded = path.casefold()
        if folded == ".github" or folded.startswith(".github/"):
            return "is under `.github/`, which only people change"
        if folded in _CODEOWNERS:
            return "decides who reviews what, which only people change"
        if folded == _SUBMODULES:
            return "says where submodules come from, which only people change"
        if folded == _LFS:
            return "says where large files and their credentials go, which only people change"
        if agent_configuration(path):
            return "is configuration of a coding agent, which only people change"
        if covers(self._protected, path):
            return "is protected by this repository's configuration"
        return None


class Inspection:
    """One publication, looked at file by file. Keeps what it found and no contents."""

    def __init__(self, gate: Gate, allowance: Allowance) -> None:
        self._gate = gate
        self._secrets = gate.secrets
        self._allowance = allowance
        self._seen: list[tuple[File, str | None, frozenset[Leak]]] = []
        self._known: set[Leak] = set()

    def look(self, file: File) -> None:
        before = self._leaks(file.before)
        if file.of_base:
            self._known |= before
        new = self._leaks(file.content) - before
        if file.added:
            new |= self._secrets.leaks(file.path)
        bare = File(file.path, file.mode, file.size, added=file.added)
        self._seen.append((bare, self._plainly(file), new))

    def reasons(self) -> list[str | None]:
        """For each file in the order in which they were looked at: why it must stay here, or None."""
        reasons = [reason or self._leaking(new) for _, reason, new in self._seen]
        going = [
            Sized(file.path, file.size)
            for (file, _, _), reason in zip(self._seen, reasons, strict=True)
            if reason is None and file.mode != DELETED
        ]
        over = excess(going, self._allowance)
        if over is None:
            return reasons
        why, large = over.reason(self._allowance), {one.path for one in going if over.holds(one.path)}
        return [
            why if reason is None and file.path in large else reason
            for (file, _, _), reason in zip(self._seen, reasons, strict=True)
        ]

    def _plainly(self, file: File) -> str | None:
        """What is to be said without knowing the other files."""
        if reason := self._gate.protects(file.path):
            return reason
        if file.mode == DELETED:
            return None
        return (
            (unfit(file.path) if file.added else None) or _kind(file) or self._large(file) or _unfinished(file)
        ) or _misleading(file)

    def _large(self, file: File) -> str | None:
        most = min(self._allowance.file_bytes, MAX_FILE)
        return f"is larger than {most // 1024:,} KiB" if file.size > most else None

    def _leaks(self, data: bytes | None) -> frozenset[Leak]:
        return self._secrets.leaks(data.decode("utf-8", errors="replace")) if data else frozenset()

    def _leaking(self, new: frozenset[Leak]) -> str | None:
        """What a file of the base held already is not ours to judge, even where it has moved."""
        kinds = sorted({leak.kind for leak in new - self._known})
        return f"contains {' and '.join(kinds)}" if kinds else None


def agent_configuration(path: str) -> bool:
    """Does a coding agent take orders from this path? Instruction files (`AGENTS.md`, `CLAUDE.md`) are prose."""
    *directories, name = path.casefold().split("/")
    return not _AGENT_DIRECTORIES.isdisjoint([*directories, name]) or name in _AGENT_FILES


def replaced(held: Iterable[str], deleted: Iterable[str], shipped: Iterable[str]) -> tuple[str, ...]:
    """Deleted paths that only made room for something held back: they are put back, so that nothing is lost to it."""
    stays, goes = frozenset(held), frozenset(shipped)
    above = {parent for path in stays for parent in _parents(path)}
    needed = {parent for path in goes for parent in _parents(path)}
    return tuple(
        path
        for path in deleted
        if (path in above and path not in needed) or (not stays.isdisjoint(_parents(path)) and path not in goes)
    )


def _parents(path: str) -> list[str]:
    names = path.split("/")
    return ["/".join(names[:depth]) for depth in range(1, len(names))]


# In one string they would be a conflict in this very file.
_OURS, _MIDDLE, _THEIRS = (sign * 7 for sign in (b"<", b"=", b">"))


def _unfinished(file: File) -> str | None:
    """A merge somebody began and did not finish; markers that were there before are somebody's examples."""
    found, before = _conflicts(file.content), _conflicts(file.before)
    return "still has the conflict markers of an unfinished merge" if found > before else None


def _conflicts(data: bytes | None) -> int:
    if not data or _OURS not in data:
        return 0
    count, state = 0, _THEIRS
    for line in data.split(b"\n"):
        if line.startswith(_OURS + b" "):
            state = _OURS
        elif line.rstrip(b"\r") == _MIDDLE and state == _OURS:
            state = _MIDDLE
        elif line.startswith(_THEIRS + b" "):
            count, state = count + (state == _MIDDLE), _THEIRS
    return count


def _misleading(file: File) -> str | None:
    """Invisible characters in lines that are new."""
    if file.content is None or b"\0" in file.content[:_TEXT_WITHIN]:
        return None
    before = (file.before or b"").decode("utf-8", errors="replace")
    found = unseen(file.content.decode("utf-8", errors="replace"), before)
    return f"has an invisible character that makes it read otherwise than it is ({found})" if found else None


def _kind(file: File) -> str | None:
    if file.mode == _GITLINK:
        return "is a repository inside the repository"
    if file.mode == _SYMLINK and file.content is not None and _escapes(file.path, file.content):
        return "is a symbolic link that leads out of the repository"
    return None


def _escapes(path: str, target: bytes) -> bool:
    """Only leading `..` are understood: one that follows a name may pass through another link, to anywhere."""
    names = [name for name in target.decode("utf-8", errors="replace").split("/") if name not in ("", ".")]
    ups = len(names) - len(rest := _after_ups(names))
    depth = posixpath.dirname(path).count("/") + 1 if "/" in path else 0
    return target.startswith(b"/") or b"\\" in target or ups > depth or ".." in rest or ".git" in names


def _after_ups(names: list[str]) -> list[str]:
    return next((names[at:] for at, name in enumerate(names) if name != ".."), [])
