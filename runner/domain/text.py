"""Small pure helpers on text that strangers wrote."""

from __future__ import annotations

import re
import unicodedata

SLUG_LENGTH = 40


def slug(title: str) -> str:
    """A branch-name part, `[a-z0-9-]`, at most 40 characters, never empty."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_LENGTH].strip("-") or "goal"
