"""Credentials that are known by their shape: the providers' own prefixes and lengths, never a guess at randomness.

The shapes are those that GitHub's secret scanning and gitleaks look for. Every quantifier is bounded, or its match
cannot fail after it, so that no text makes the search slow.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator

import msgspec
from msgspec import Struct

_VARIETY = 8
"""different characters in a real token's random part; `xxxx…` and `1234…` in documentation have fewer"""


class Shape(Struct, frozen=True):
    """`kind` is what people are told, `clue` a part of every match that is quick to look for. `pattern` matches the
    whole credential; `real` tells a credential from what documentation shows in its place."""

    kind: str
    clue: str
    pattern: re.Pattern[str]
    real: Callable[[re.Match[str]], bool]


class Sighting(Struct, frozen=True):
    """One credential in a text."""

    kind: str
    value: str
    start: int
    end: int


def sightings(text: str, *, dull: bool = False) -> Iterator[Sighting]:
    """Every credential of a known shape; with `dull` also those that are hardly real, because they show one letter
    over and over. Hiding one more costs nothing, while holding a file back for it does."""
    for shape in _SHAPES:
        if shape.clue in text:
            for match in shape.pattern.finditer(text):
                if shape.real(match) or (dull and shape.real is _varied):
                    yield Sighting(shape.kind, match.group(), match.start(), match.end())


# --- what is only a picture of one ------------------------------------------------------------------------------


def _varied(match: re.Match[str]) -> bool:
    return len(set(match.group())) >= _VARIETY and not match.group().endswith("EXAMPLE")


def _aws(match: re.Match[str]) -> bool:
    """A key id alone opens nothing, and 40 hexadecimal digits beside it are a commit."""
    return _varied(match) and not re.fullmatch("[0-9a-f]{40}", match["secret"]) and "EXAMPLE" not in match["secret"]


def _signed(match: re.Match[str]) -> bool:
    """Its header says how it is signed; the sample that every tutorial shows opens nothing."""
    header, payload = (_json(part) for part in match.group().split(".")[:2])
    return bool(header.get("alg")) and header.get("alg") != "none" and payload.get("sub") != "1234567890"


def _json(part: str) -> dict[str, object]:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)), type=dict[str, object])
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError):
        return {}


_INVENTED = re.compile(r"pass|secret|example|change|token|dummy|sample|placeholder|your|1234|test", re.IGNORECASE)
_NOWHERE = re.compile(
    r"localhost|127\.|0\.0\.0\.0|(?:.*\.)?example(?:\.(?:com|net|org))?$|.*\.(?:test|invalid|local|localhost|example)$",
    re.IGNORECASE,
)


def _password(match: re.Match[str]) -> bool:
    """Most addresses with a password in them are documentation, or lead to the reader's own machine."""
    word = match["password"]
    mixed = any(c.isdigit() for c in word) and any(c.isalpha() for c in word) and len(set(word)) >= _VARIETY - 2
    return mixed and not _INVENTED.search(word) and not _NOWHERE.match(match["host"])


# --- the table -------------------------------------------------------------------------------------------------


def _shape(kind: str, clue: str, pattern: str, real: Callable[[re.Match[str]], bool] = _varied) -> Shape:
    return Shape(kind, clue, re.compile(f"(?<![A-Za-z0-9])(?:{pattern})"), real)


_SHAPES = (
    _shape("a GitHub token", "gh", r"gh[pour]_[A-Za-z0-9]{36,255}|ghs_[A-Za-z0-9._-]{36,1000}"),
    _shape("a GitHub token", "github_pat_", r"github_pat_[A-Za-z0-9_]{36,255}"),
    _shape("a GitLab token", "gl", r"gl(?:pat|dt|ptt|rt|cbt|soat)-[A-Za-z0-9_.-]{20,300}"),
    _shape(
        "an AWS access key with its secret",
        "A",
        r"(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])[\s\S]{1,200}?"
        r"(?<![A-Za-z0-9/+=])(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
        _aws,
    ),
    _shape("an Anthropic key", "sk-ant-", r"sk-ant-[a-z0-9]{2,16}-[A-Za-z0-9_-]{40,300}"),
    _shape(
        "an OpenAI key",
        "T3BlbkFJ",
        r"sk-(?:(?:proj|svcacct|admin)-)?(?:[A-Za-z0-9_-]{20}|[A-Za-z0-9_-]{58}|[A-Za-z0-9_-]{74})"
        r"T3BlbkFJ[A-Za-z0-9_-]{20,74}",
    ),
    _shape("an OpenRouter key", "sk-or-", r"sk-or-v1-[0-9a-f]{64}"),
    _shape("a Google API key", "AIza", r"AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
    _shape("a Google client secret", "GOCSPX-", r"GOCSPX-[A-Za-z0-9_-]{28}"),
    _shape("a Slack token", "xox", r"xox[abeoprs]-[A-Za-z0-9-]{20,255}"),
    _shape("a Slack token", "xapp-", r"xapp-\d-[A-Z0-9]{5,20}-\d{5,20}-[a-z0-9]{32,128}"),
    _shape("a Slack webhook", "hooks.slack.com", r"hooks\.slack\.com/services/T\w{6,16}/B\w{6,16}/\w{20,32}"),
    _shape("a live Stripe key", "k_live_", r"[rs]k_live_[A-Za-z0-9]{20,255}"),
    _shape("an npm token", "npm_", r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
    _shape("a Python package upload token", "pypi-AgE", r"pypi-AgE[A-Za-z0-9_-]{50,1000}"),
    _shape("a Hugging Face token", "hf_", r"hf_[A-Za-z]{34}(?![A-Za-z0-9])"),
    _shape("a SendGrid key", "SG.", r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    _shape("a DigitalOcean token", "_v1_", r"do[opr]_v1_[a-f0-9]{64}"),
    _shape("a Docker token", "dckr_", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,64}"),
    _shape("an Azure storage key", "AccountKey=", r"AccountKey=[A-Za-z0-9+/]{86}=="),
    _shape(
        "a signed token (JWT)",
        "eyJ",
        r"(?<![\w.-])eyJ[A-Za-z0-9_-]{10,1000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{20,1000}",
        _signed,
    ),
    _shape(
        "an address with a password in it",
        "://",
        r"[a-z][a-z0-9+.-]{1,15}://[^\s/:@\"'`<>]{0,64}:"
        r"(?P<password>[^\s/:@\"'`<>{}$*\\]{8,128})@(?P<host>[A-Za-z0-9.-]{3,253})",
        _password,
    ),
)
