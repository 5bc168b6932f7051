"""The refs of baro's own repositories: read and set as the files they are, moved by git where it has to be certain."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile

from runner.adapters.git import Git
from runner.errors import GitError, RefMoved

from .layout import is_commit_id

_ZERO = "0" * 40


async def resolve(git: Git, ref: str) -> str | None:
    """The commit a full ref name points at, or None."""
    # Most refs of ours are files that hold just that, and nobody packs them (`gc.auto`). Reading one takes no process,
    # and this is asked all the time.
    if (known := _loose(git.dir / ref)) is not None:
        return known
    if ref.startswith("refs/") and _all_loose(git.dir) and not (git.dir / ref).exists():
        return None
    return (await git.run("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", ok=(0, 1))).line or None


def point(git: Git, ref: str, commit: str) -> None:
    """Let a ref of a run's clone point there, wherever it pointed; all at once, as git does it."""
    assert is_commit_id(commit)
    path = git.dir / ref
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=git.dir, prefix="ref-", delete=False) as new:
        new.write(f"{commit}\n")
    Path(new.name).rename(path)


async def move(git: Git, ref: str, new: str, old: str | None) -> None:
    """Compare and swap. `old` None: the ref must not exist. Raises RefMoved."""
    try:
        await git.run("update-ref", ref, new, old or _ZERO)
    except GitError as error:
        raise RefMoved(
            f"{ref} is not where it was expected", command=error.command, code=error.code, stderr=error.stderr
        ) from error


def _loose(path: Path) -> str | None:
    try:
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None  # packed, in another format, or not there: git knows
    return text if is_commit_id(text) else None


def _all_loose(directory: Path) -> bool:
    """Does a ref without a file not exist? Not where git has packed some, or keeps them in a table."""
    return (directory / "refs/heads").is_dir() and not (directory / "packed-refs").exists()
