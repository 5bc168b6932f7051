"""The publish gate: what may leave this machine, decided in one place for files and for sentences."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from msgspec import Struct

from .surface import covers

MAX_FILE = 10 * 1024 * 1024
"""bytes; larger files belong into a release or an object store, and GitHub warns from 50 MB on"""
REDACTED = "[redacted]"
_SHORTEST_SECRET = 8
"""characters; a shorter value would be found by chance in honest text"""

_TOKEN = re.compile(
    r"gh[pousr]_[A-Za-z0-9._-]{36,}"  # GitHub: personal, OAuth, user, server, refresh
    r"|github_pat_[A-Za-z0-9_]{22,}"
    r"|glpat-[A-Za-z0-9_-]{20,}"
    r"|sk-(?:ant|proj|svcacct|or)-[A-Za-z0-9_-]{24,}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{20,}"
    r"|AKIA[0-9A-Z]{16}(?![0-9A-Za-z])"
)
_KEY_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_MATERIAL = re.compile(r"[A-Za-z0-9+/=]{40,}")
_KEY_LEAD = 400
"""characters after the first line of a key within which its material begins"""

_CODEOWNERS = frozenset({"codeowners", ".github/codeowners", "docs/codeowners"})
_AGENT_DIRECTORIES = frozenset({".claude", ".codex", ".opencode", ".pi", ".cursor"})
_AGENT_FILES = frozenset({".mcp.json", "opencode.json", "opencode.jsonc"})

_SYMLINK, _GITLINK = "120000", "160000"


class File(Struct, frozen=True):
    """One path as a commit would have it. `content` None: deleted, or too large to be read (`size` says which).
    `before` is what the path held, so that only what is *new* in it counts."""

    path: str
    mode: str
    size: int = 0
    content: bytes | None = None
    before: bytes | None = None


class Gate:
    """Everything baro publishes passes here: `reason` for files, `text` for what people read."""

    def __init__(self, secrets: Iterable[str] = (), protected: Sequence[str] = (), max_file: int = MAX_FILE) -> None:
        """`secrets` are exact values of this installation, `protected` further globs a repository lists."""
        self._secrets = tuple(sorted({s for s in secrets if len(s) >= _SHORTEST_SECRET}, key=len, reverse=True))
        self._protected = tuple(protected)
        self._max_file = max_file

    def reason(self, file: File) -> str | None:
        """Why this file must stay here, as a sentence for people; None: it may go."""
        return (
            self.protects(file.path)
            or _kind(file)
            or (f"is larger than {self._max_file // 1024} KiB" if file.size > self._max_file else None)
            or _unfinished(file)
            or self._leak(file)
        )

    def readable(self, size: int) -> bool:
        """Is a file of that many bytes small enough for its contents to be looked at?"""
        return size <= self._max_file

    def protects(self, path: str) -> str | None:
        """Why nobody but a person changes this path."""
        folded = path.casefold()
        if folded == ".github" or folded.startswith(".github/"):
            return "is under `.github/`, which only people change"
        if folded in _CODEOWNERS:
            return "decides who reviews what, which only people change"
        if agent_configuration(path):
            return "is configuration of a coding agent, which only people change"
        if covers(self._protected, path):
            return "is protected by this repository's configuration"
        return None

    def _leak(self, file: File) -> str | None:
        new = self._found(file.content or b"")
        if new and (new := new - self._found(file.before or b"")):
            return f"contains {' and '.join(sorted({kind for kind, _ in new}))}"
        return None

    def _found(self, data: bytes) -> set[tuple[str, str]]:
        """Secrets in `data`, as (what it is, the value)."""
        text = data.decode("utf-8", errors="replace")
        found = {("a secret of this installation", secret) for secret in self._secrets if secret in text}
        found |= {("an access token", match.group()) for match in _TOKEN.finditer(text)}
        # A key is known by its first line of material: what follows it in the file is not part of what it is.
        materials = (_KEY_MATERIAL.search(text, start) for start, _ in _keys(text))
        return found | {("a private key", material.group()) for material in materials if material}

    def text(self, text: str) -> str:
        """The same sentence without a secret in it."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        text = _TOKEN.sub(REDACTED, text)
        for start, end in reversed(_keys(text)):
            text = text[:start] + REDACTED + text[end:]
        return text


def agent_configuration(path: str) -> bool:
    """Does a coding agent take orders from this path? Instruction files (`AGENTS.md`, `CLAUDE.md`) are prose."""
    *directories, name = path.casefold().split("/")
    return not _AGENT_DIRECTORIES.isdisjoint([*directories, name]) or name in _AGENT_FILES


def _keys(text: str) -> list[tuple[int, int]]:
    """Where private keys stand. A first line without key material is code that handles keys, and no key."""
    spans: list[tuple[int, int]] = []
    begins = list(_KEY_BEGIN.finditer(text))
    for begin, following in zip_longest(begins, begins[1:]):
        until = following.start() if following else len(text)
        end = _KEY_END.search(text, begin.end(), until)
        limit = min(begin.end() + _KEY_LEAD, end.start() if end else until)
        if _KEY_MATERIAL.search(text, begin.end(), limit):
            spans.append((begin.start(), end.end() if end else until))
    return spans


# In one string they would be a conflict in this very file.
_CONFLICT = re.compile(rb"^<{7} .*?^={7}\r?$.*?^>{7} ", re.MULTILINE | re.DOTALL)


def _unfinished(file: File) -> str | None:
    """A merge somebody began and did not finish; markers that were there before are somebody's examples."""
    found, before = (len(_CONFLICT.findall(data or b"")) for data in (file.content, file.before))
    return "still has the conflict markers of an unfinished merge" if found > before else None


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


# --- lock files ------------------------------------------------------------------------------------------------

_MANIFESTS: dict[str, tuple[str, ...]] = {
    "package-lock.json": ("package.json",),
    "npm-shrinkwrap.json": ("package.json",),
    "yarn.lock": ("package.json", ".yarnrc.yml"),
    "pnpm-lock.yaml": ("package.json", "pnpm-workspace.yaml"),
    "bun.lock": ("package.json",),
    "bun.lockb": ("package.json",),
    "uv.lock": ("pyproject.toml",),
    "poetry.lock": ("pyproject.toml",),
    "pdm.lock": ("pyproject.toml",),
    "pipfile.lock": ("pipfile",),
    "composer.lock": ("composer.json",),
    "gemfile.lock": ("gemfile",),
    "cargo.lock": ("cargo.toml",),
    "go.sum": ("go.mod",),
    "mix.lock": ("mix.exs",),
}


def stray_lockfile(path: str, changed: Iterable[str], declared: Sequence[str]) -> str | None:
    """Why a changed lock file does not ship: no manifest it locks changed with it, and nobody declared it."""
    directory, name = posixpath.split(path)
    manifests = _MANIFESTS.get(name.casefold())
    if manifests is None or covers(declared, path):
        return None
    below = f"{directory}/" if directory else ""
    if any(p.startswith(below) and posixpath.basename(p).casefold() in manifests for p in changed):
        return None
    return f"is a lock file, and no {' or '.join(manifests)} changed with it"
