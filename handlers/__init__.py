"""What a GitHub event asks for: payloads become asks, asks become admissions or refusals.

`CALLBACKS` is the whole list: an event and action that are not in it ask nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from . import comments, installation, issues
from .asks import Ask
from .payloads import CommentEvent, InstallationEvent, IssueEvent
from .us import Us

PAYLOADS: dict[str, type[Struct]] = {
    "issues": IssueEvent,
    "issue_comment": CommentEvent,
    "installation": InstallationEvent,
    "installation_repositories": InstallationEvent,
}

CALLBACKS: dict[tuple[str, str], Callable[[Any, Us], Ask | None]] = {
    ("issues", "labeled"): issues.labeled,
    ("issue_comment", "created"): comments.created,
    ("installation", "created"): installation.ready,
    ("installation", "new_permissions_accepted"): installation.ready,
    ("installation", "unsuspend"): installation.ready,
    ("installation_repositories", "added"): installation.grown,
}


class Malformed(ValueError):
    """The body is no payload of GitHub's: not UTF-8, not JSON, no object, nested without reason, or misses fields."""


class _Head(Struct, frozen=True):
    action: str | None = None
    installation: msgspec.Raw = msgspec.Raw(b"null")


_DECODERS = {event: msgspec.json.Decoder(payload) for event, payload in PAYLOADS.items()}
_HEAD = msgspec.json.Decoder(_Head)


def ask_of(event: str, body: bytes, us: Us) -> Ask | None:
    """What a payload asks for; raises Malformed. The signature was checked before."""
    try:
        # msgspec does not look at the bytes of strings that it skips; a lone surrogate escape it refuses everywhere.
        text = body.decode()
        decoder = _DECODERS.get(event)
        if decoder is None:
            _HEAD.decode(text)
            return None
        return _called(event, decoder, text, us)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as wrong:
        raise Malformed(str(wrong)) from wrong


def _called(event: str, decoder: msgspec.json.Decoder[Any], text: str, us: Us) -> Ask | None:
    try:
        payload = decoder.decode(text)
    except msgspec.ValidationError:
        head = _HEAD.decode(text)
        if (event, head.action) in CALLBACKS and bytes(head.installation) != b"null":
            raise
        return None  # it lacks what we read, but we would not have acted on it
    callback = CALLBACKS.get((event, payload.action))
    return callback(payload, us) if callback else None
