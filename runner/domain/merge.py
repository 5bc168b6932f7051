"""The merge ladder and its arithmetic: what may be resolved in a story's favour, and which lines that costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from msgspec import Struct

from .change import Rung

LADDER: tuple[Rung, ...] = ("plain", "theirs")
"""First a plain merge. Where both sides changed the same lines, the merging story's lines win and the lost ones are
written down. Where even that has no answer (one side deleted, renamed or replaced the file, or it is no text), the
run branch stays as it was and the story's branch is preserved."""

_REGULAR = ("100644", "100755")
_HARMLESS = ("Auto-merging", "CONFLICT (contents)")
_BINARY_PROBE = 8000
"""bytes in which git looks for a NUL to call a file binary"""
_MARKER = 7


class Stage(Struct, frozen=True):
    """One side of a conflicted path, as git leaves it in an index: 1 the common base, 2 the run branch, 3 the story."""

    path: str
    number: int
    mode: str
    oid: str


class Note(Struct, frozen=True):
    """What git says about some paths of a merge, by its stable kind such as `CONFLICT (modify/delete)`."""

    kind: str
    paths: tuple[str, ...]
    message: str


class TextConflict(Struct, frozen=True):
    """Both sides changed the text of a path. `base` is None where both added it."""

    path: str
    mode: str
    base: str | None
    ours: str
    theirs: str


class Unresolvable(Struct, frozen=True):
    """Favouring one side's lines is no answer here. `reason` is a sentence for people."""

    paths: tuple[str, ...]
    reason: str


def classify(stages: Sequence[Stage], notes: Sequence[Note]) -> tuple[TextConflict, ...] | Unresolvable:
    """Which conflicts favouring the story's lines resolves: all of them, or none are touched."""
    beyond = [note for note in notes if note.kind.startswith("CONFLICT") and note.kind not in _HARMLESS]
    if beyond:
        paths = sorted({path for note in beyond for path in note.paths})
        return Unresolvable(tuple(paths), _said(beyond))
    conflicts = []
    for path, group in groupby(sorted(stages, key=lambda stage: (stage.path, stage.number)), lambda stage: stage.path):
        conflict = _text_conflict(path, {stage.number: stage for stage in group})
        if conflict is None:
            return Unresolvable((path,), f"`{path}` is not a plain file on both sides")
        conflicts.append(conflict)
    return tuple(conflicts)


def _text_conflict(path: str, sides: dict[int, Stage]) -> TextConflict | None:
    if 2 not in sides or 3 not in sides or any(side.mode not in _REGULAR for side in sides.values()):
        return None
    base, ours, theirs = sides.get(1), sides[2], sides[3]
    if base is None and ours.mode != theirs.mode:
        return None  # both added it and disagree whether it is a program: git leaves that to people too
    mode = theirs.mode if base is None or ours.mode == base.mode else ours.mode
    return TextConflict(path, mode, base.oid if base else None, ours.oid, theirs.oid)


def _said(notes: Iterable[Note]) -> str:
    kinds = sorted({note.kind.removeprefix("CONFLICT (").rstrip(")") for note in notes})
    return f"the two sides cannot be combined ({', '.join(kinds)})"


def is_binary(data: bytes) -> bool:
    return b"\0" in data[:_BINARY_PROBE]


# --- what favouring one side costs -----------------------------------------------------------------------------


def marker_size(*sides: bytes) -> int:
    """A conflict-marker length that no line of the texts can be taken for."""
    longest = max((_run_length(line) for side in sides for line in side.splitlines()), default=0)
    return max(_MARKER, longest + 1)


def _run_length(line: bytes) -> int:
    first = line[:1]
    return len(line) - len(line.lstrip(first)) if first in (b"<", b"=", b">", b"|") else 0


def discarded(marked: bytes, size: int) -> tuple[str, ...]:
    """The run branch's lines in the conflicts of `marked` (a merge with markers of `size`) that the story's side of
    the same conflict does not have either. A line kept elsewhere in the conflict is moved, not lost."""
    lost: list[str] = []
    for ours, theirs in _conflicts(marked, size):
        kept = Counter(theirs)
        for line in ours:
            if kept[line] > 0:
                kept[line] -= 1
            else:
                lost.append(line.decode(errors="replace"))
    return tuple(lost)


def _conflicts(marked: bytes, size: int) -> Iterator[tuple[list[bytes], list[bytes]]]:
    ours: list[bytes] = []
    theirs: list[bytes] = []
    side: list[bytes] | None = None
    for line in marked.split(b"\n"):
        text = line.removesuffix(b"\r")
        if _is_marker(text, b"<", size):
            ours, theirs = [], []
            side = ours
        elif side is ours and _is_marker(text, b"=", size):
            side = theirs
        elif side is theirs and _is_marker(text, b">", size):
            yield ours, theirs
            side = None
        elif side is not None:
            side.append(text)


def _is_marker(line: bytes, sign: bytes, size: int) -> bool:
    return line[:size] == sign * size and line[size : size + 1] in (b"", b" ")
