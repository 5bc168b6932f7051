"""What the demo works on: a small repository, an issue somebody might have filed on it, and who does what about it."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

REPOSITORY = "acme/wordsmith"
AUTHOR = "ada"
TITLE = "Slugs, refilled paragraphs and reading time"
BODY = """\
wordsmith can only count so far. For our release notes we need three more tools, each usable from Python and from the
command line:

1. **Slugs.** `slugify(text)` gives what one would like to see in a URL: lower-case ASCII words joined by hyphens, cut
   between words if it gets too long.
2. **Refilled paragraphs.** `refill(text, width=72)` breaks every paragraph anew. Blank lines stay, list items keep a
   hanging indent.
3. **Reading time.** `reading_time(text)` in seconds, and a phrase such as "about 3 minutes".

The three have nothing to do with each other. In the end they should be commands (`slug`, `refill`, `time`) like
`count` is, described in the README, and everything should have tests.
"""
SCRIPT = "script.yml"


def repository() -> dict[str, str]:
    """Path to text, of the one commit the repository starts with."""
    root = files(__name__) / "repository"
    return {"/".join(parts): file.read_text(encoding="utf-8") for parts, file in _walk(root)}


def write_script(directory: Path) -> Path:
    """The scripted agents' part as a file: inside a wheel it need not be one."""
    path = directory / SCRIPT
    path.write_text((files(__name__) / SCRIPT).read_text(encoding="utf-8"), encoding="utf-8")
    return path


def _walk(directory: Traversable, *above: str) -> list[tuple[tuple[str, ...], Traversable]]:
    found = []
    for entry in directory.iterdir():
        if entry.is_file():
            found.append(((*above, entry.name), entry))
        elif entry.name != "__pycache__":
            found += _walk(entry, *above, entry.name)
    return found
