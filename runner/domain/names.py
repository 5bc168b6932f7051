"""Names of files that are no plain names: git's own in disguise, and such as do not show what they are."""

from __future__ import annotations

import re

from .unseen import unseen_in_name

_HFS_IGNORES = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
"""characters that a Mac's file system leaves out when it compares names"""
_NTFS_GIT = re.compile(r"(?:\.git|git~1)[ .]*(?:[\\:]|$)")
LOST = "\ufffd"
"""stands where a name has bytes that are no UTF-8"""


def reserved(path: str) -> bool:
    """Would this path be inside a `.git` on some system that people check out on? git commits none of these."""
    return any(_is_git(part.casefold()) for name in path.split("/") for part in name.split("\\"))


def _is_git(name: str) -> bool:
    return name in ("", ".", "..") or _HFS_IGNORES.sub("", name) == ".git" or _NTFS_GIT.match(name) is not None


def unfit(path: str) -> str | None:
    """Why a new file may not be called that."""
    if reserved(path):
        return "has a name that some systems take for git's own directory"
    if LOST in path:
        return "has a name that is no UTF-8, so many systems cannot check it out"
    if unseen_in_name(path):
        return "has characters in its name that nobody can see"
    return None
