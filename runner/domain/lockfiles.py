"""Lock files, which installers write and nobody reads: they ship with what they lock, or by name."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence

from .surface import covers

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
