"""Small pure helpers on text that strangers wrote: what goes into a comment can neither ping, close, link nor hide."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

SLUG_LENGTH = 40
CELL_LENGTH = 200

_LINE_BREAK = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_ANSI = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|[@-Z\\\\^_])")
_ZERO_WIDTH = "\u200b"


def slug(title: str) -> str:
    """A branch-name part, `[a-z0-9-]`, at most 40 characters, never empty."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_LENGTH].strip("-") or "goal"


def clip(text: str, limit: int) -> str:
    """The beginning, at most `limit` characters, with an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"


def tail(text: str, limit: int) -> str:
    """The end, at most `limit` characters: in a log, the cause stands last."""
    return text if len(text) <= limit else "…" + text[len(text) - max(limit - 1, 0) :].lstrip()


def clean(text: str) -> str:
    """The text without what a reader cannot see: terminal colours, control, bidi and zero-width characters.

    Line breaks of every kind become newlines; tabs stay. Unpaired surrogates go too: they cannot be stored as UTF-8.
    """
    lines = _LINE_BREAK.sub("\n", _ANSI.sub("", text))
    return "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))


def one_line(text: str, limit: int = CELL_LENGTH) -> str:
    """Cleaned, all white space folded into single spaces, at most `limit` characters."""
    return clip(" ".join(clean(text).split()), limit)


def quote_cell(text: str, limit: int = CELL_LENGTH) -> str:
    """One line that shows as the very words of `text` anywhere in Markdown, a table cell included.

    It mentions nobody, refers to no issue, closes none, and holds no link, image, HTML or formatting. `limit` counts
    the characters a reader sees, so no escape is ever cut in half.
    """
    return inert(one_line(text, limit))


def quote_block(text: str, limit: int) -> str:
    """Several lines as an inert Markdown quotation; empty lines at either end are dropped."""
    lines = clip(clean(text).strip(), limit).split("\n")
    return "\n".join(f"> {inert(line.strip())}".rstrip() for line in lines)


def html_words(text: str, limit: int = CELL_LENGTH) -> str:
    """The same inside of HTML (a fold's summary), where Markdown's own escapes would be shown."""
    return _replaced(one_line(text, limit), *_HTML, *_LIVE)


def defused(text: str) -> str:
    """Plain text for commit messages and titles. There GitHub acts on mentions, on references (a back link on each
    issue named), on `fixes #1`, which closes it, and on `[skip ci]`; all of them stay readable. Defusing twice is
    defusing once."""
    return _replaced(text, *_PLAIN)


def code(text: str, limit: int = CELL_LENGTH) -> str:
    """One line as a code span. Backticks become apostrophes and pipes broken bars, so that it fits a table as well;
    an HTML comment is broken, because that is how our own comments are marked."""
    line = one_line(text, limit).replace("`", "'").replace("|", "¦").replace("<!", f"<{_ZERO_WIDTH}!")
    return f"`{line or ' '}`"


def fence(text: str, limit: int, *, language: str = "") -> str:
    """A fenced block that nothing inside can close; of a longer text the last `limit` characters. A marker of ours in
    it is broken: a copy is none."""
    body = tail(clean(text).strip("\n"), limit).replace("<!-- baro:", f"<{_ZERO_WIDTH}!-- baro:")
    longest = max((len(run) for run in re.findall("`+", body)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{body}\n{ticks}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown word; empty when nothing known is close to it."""
    by_letters = {_letters(name): name for name in known}
    close = get_close_matches(_letters(word[:60]), by_letters, n=1)
    return f" (did you mean `{by_letters[close[0]]}`?)" if close else ""


def _letters(word: str) -> str:
    """`dependsOn` and `depends_on` are the same slip."""
    return re.sub("[^a-z]", "", word.lower())


def inert(line: str) -> str:
    """Markdown that shows as the very words of `line`. GitHub looks for mentions, references and addresses in the
    *rendered* text: only a character between stops it."""
    return _replaced(line, *_MARKUP, *_LIVE, *_LEADING)


def _replaced(text: str, *rules: tuple[re.Pattern[str], str]) -> str:
    for pattern, replacement in rules:
        text = pattern.sub(replacement, text)
    return text


_HTML = [(re.compile("&"), "&amp;"), (re.compile("<"), "&lt;"), (re.compile(">"), "&gt;")]
_MARKUP = [
    (re.compile(r"\\"), r"\\\\"),
    *_HTML,
    (re.compile(r"([|`*~\[\]!$])"), r"\\\1"),
    # An underscore inside a word is no emphasis, and paths stay readable.
    (re.compile(r"(?<![^\W_])_|_(?![^\W_])"), r"\\_"),
]
_LIVE = [
    (re.compile(r"@(?=\w)"), "@" + _ZERO_WIDTH),
    (re.compile(r"#(?=\w)"), "#" + _ZERO_WIDTH),
    (re.compile(r"(?<![A-Za-z0-9])(GH)-(?=\d)", re.IGNORECASE), r"\1-" + _ZERO_WIDTH),
    (re.compile("://"), ":" + _ZERO_WIDTH + "//"),
    (re.compile(r"(www)\.", re.IGNORECASE), r"\1" + _ZERO_WIDTH + "."),
]
# What would begin a list, a heading or a rule at the start of a line.
_LEADING = [(re.compile(r"^([#+=-])"), r"\\\1"), (re.compile(r"^(\d+)([.)])"), r"\1\\\2")]

# In commits and titles a space does it: what nobody sees has no place in a history.
_PLAIN = [
    (re.compile(r"(?<![A-Za-z0-9_])@(?=[A-Za-z0-9])"), "@ "),
    (re.compile(r"#(?=\d)"), "# "),
    (re.compile(r"(?<![A-Za-z0-9])(GH)-(?=\d)", re.IGNORECASE), r"\1 "),
    (re.compile(r"(/(?:issues|pulls?|discussions|commit)/)(?=\w)", re.IGNORECASE), r"\1 "),
    (re.compile(r"\[(skip ci|ci skip|no ci|skip actions|actions skip)\]", re.IGNORECASE), r"(\1)"),
    (re.compile(r"^(skip-checks):", re.IGNORECASE | re.MULTILINE), r"\1 :"),
]
