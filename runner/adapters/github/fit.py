"""Text made to fit what GitHub accepts, cut where a reader can see it and Markdown survives it."""

from __future__ import annotations

import re

BODY = 65_536
"""characters in a comment or a pull request's body"""
TITLE = 256
NOTE = "*(The rest did not fit: GitHub accepts 65,536 characters here.)*"

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_OPEN, _CLOSE = re.compile(r"<details\b", re.I), re.compile(r"</details\s*>", re.I)


def title(text: str) -> str:
    """One line."""
    line = " ".join(text.split())
    return line if len(line) <= TITLE else line[: TITLE - 1].rstrip() + "…"


def body(text: str, limit: int = BODY) -> str:
    """Whole lines from the start, then open fences and folds closed, then NOTE. What fits is left as it is."""
    if len(text) <= limit:
        return text
    kept: list[str] = []
    scope, size = _Scope(), 0
    for line in text.split("\n"):
        after = scope.after(line)
        if size + len(line) + 1 + len(after.ending) > limit:
            room = limit - size - 1 - len(scope.ending)
            kept += [line[:room]] if not kept and room > 0 else []
            break
        kept.append(line)
        scope, size = after, size + len(line) + 1
    return "\n".join(kept) + scope.ending


class _Scope:
    """What is open at the end of a line: a code fence, and a number of folds."""

    def __init__(self, fence: str = "", folds: int = 0) -> None:
        self.fence = fence
        self.folds = folds

    def after(self, line: str) -> _Scope:
        mark = _FENCE.match(line)
        if self.fence:
            closes = mark and mark[1].startswith(self.fence) and not mark[2].strip()
            return _Scope("", self.folds) if closes else self
        if mark and not (mark[1][0] == "`" and "`" in mark[2]):
            return _Scope(mark[1], self.folds)
        return _Scope("", max(0, self.folds + len(_OPEN.findall(line)) - len(_CLOSE.findall(line))))

    @property
    def ending(self) -> str:
        fence = f"\n{self.fence}" if self.fence else ""
        return fence + "\n\n</details>" * self.folds + f"\n\n{NOTE}"
