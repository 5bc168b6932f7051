"""What a provider refuses while the command line keeps it to itself: what that comes to, and when it is the end."""

from __future__ import annotations

import time

from runner.domain.agent import Failure
from runner.domain.refusal import Refusal

from . import failures
from .backend import Backend


def failure(backend: Backend, refusal: Refusal | None) -> Failure | None:
    """Of an attempt whose provider said this last. None where it said no such thing, or spoke of the request: then the
    command line could have asked for something else."""
    if refusal is None:
        return None
    status, ago = refusal.status, time.monotonic() - refusal.at
    words = (
        f"The model provider answered {status}: {refusal.words}" if status else f"The model provider {refusal.words}"
    )
    if status in failures.REFUSED:
        return failures.not_signed_in(backend.name, backend.remedy, words)
    found = failures.provider(status, words, refusal.retry_after, ago=ago)
    return None if found.kind == "execution" else found


def hopeless(backend: Backend, refusal: Refusal | None, silence: float) -> bool:
    """There is no sense in letting it ask on."""
    return refusal is not None and refusal.hopeless(time.monotonic(), silence) and failure(backend, refusal) is not None
