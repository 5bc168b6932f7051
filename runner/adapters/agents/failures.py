"""Why an agent did not end well: the sentence people read, and the kind that decides what happens next."""

from __future__ import annotations

import time

from runner.domain.agent import Failure, FailureKind
from runner.domain.allowance import Allowance, Excess
from runner.voice.allowance import took_too_much

from .resets import LONGEST, is_limit, wait

EVIDENCE = 4000
"""characters"""

OVERLOADED = frozenset({429, 503, 529})
REFUSED = frozenset({401, 403})


def silent(name: str, seconds: float, evidence: str) -> Failure:
    return Failure("infrastructure", f"{name} showed no sign of life for {seconds:g} s and was stopped.", evidence)


def flooded(name: str, evidence: str) -> Failure:
    return Failure("execution", f"{name} printed without end and was stopped.", evidence)


def too_much(name: str, excess: Excess, allowance: Allowance, evidence: str) -> Failure:
    """An attempt that would take the same again is its own fault: told of it, the next one may go about it in another
    way. A full volume may be somebody else's doing, and waiting helps."""
    kind: FailureKind = "infrastructure" if excess == "full" else "execution"
    return Failure(kind, f"{name} was stopped: {took_too_much(excess, allowance)}.", evidence)


def killed(name: str, signal: int, evidence: str) -> Failure:
    return Failure("infrastructure", f"{name} was killed by signal {signal}.", evidence)


def unfinished(name: str, code: int, evidence: str, kind: FailureKind = "infrastructure") -> Failure:
    return Failure(kind, f"{name} ended with exit code {code} and without saying that it had finished.", evidence)


def speechless(name: str, evidence: str) -> Failure:
    """A model that refuses may leave nothing else to see."""
    return Failure("execution", f"{name} stopped without a closing word; the model may have refused.", evidence)


def cut_short(name: str, said: str) -> Failure:
    return Failure("execution", f"{name}'s model reached the limit of what it may write.", said[-EVIDENCE:])


def refused(said: str) -> Failure:
    return Failure("execution", "The model provider refused to answer.", said[-EVIDENCE:])


def no_answer(name: str, said: str) -> Failure:
    return Failure("execution", f"{name} did not give the JSON object it was asked for.", said[-EVIDENCE:])


def not_signed_in(name: str, remedy: str, evidence: str) -> Failure:
    return Failure(
        "infrastructure", f"{name} is not signed in, or its key was refused: {remedy}", evidence, lasting=True
    )


def provider(status: int | None, message: str, retry_after: float | None = None, *, ago: float = 0.0) -> Failure:
    """An error of the model provider, by its HTTP status; None is a connection that failed or broke. When to come back
    is what the message says, else `retry_after`, which may only be how long the command line itself would have waited;
    both were said `ago` seconds ago.

    400, 404 and 413 count against the story only where another attempt could send something else: a model that does
    not exist, or an account without credit, is the operator's.
    """
    said = wait(message, time.time() - ago) or retry_after
    back = said - ago if said and ago < said <= LONGEST else None
    if status in OVERLOADED or (status != 402 and is_limit(message)):
        return Failure("provider_capacity", "The model provider is at its limit.", message, back)
    if status is None or status >= 500 or status == 408:
        return Failure("transport", "The model provider could not be reached.", message, back)
    if status in {402, 404}:
        return Failure("infrastructure", "The model provider does not serve this request.", message, lasting=True)
    return Failure("execution", "The model provider refused the request.", message)
