"""What GitHub's answers mean for us: wait and ask again, or an error with a sentence a maintainer can act on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gidgethub import HTTPException

from runner.errors import Forbidden, GitHubError, NotFound, Unreachable

from .call import Call
from .permissions import missing

UNSAID = 60.0
"""seconds to wait where a limit does not name its end, as GitHub asks"""
UNWELL = {408, 429, *range(500, 600)}


class Unanswered(Unreachable):
    """One try without a usable answer. `after`: seconds GitHub asked us to wait; `limited`: it said "too fast".
    Unless `limited`, the request may have taken effect all the same."""

    def __init__(
        self,
        sentence: str,
        *,
        evidence: str = "",
        after: float | None = None,
        limited: bool = False,
    ) -> None:
        super().__init__(sentence, hint="GitHub's turn: https://www.githubstatus.com", evidence=evidence)
        self.after = after
        self.limited = limited

    def __repr__(self) -> str:
        """What the log of retries shows."""
        return f"Unanswered({self.evidence!r})"


class Unauthorized(Forbidden):
    """401: the credential itself is refused, so a fresh one may be accepted."""


class Rejected(GitHubError):
    """GitHub understood and said no (mostly 422). `reasons` are its own words in lower case, with `field:code` for
    each field it minds."""

    def __init__(self, sentence: str, *, status: int, reasons: str, evidence: str) -> None:
        super().__init__(sentence, evidence=evidence)
        self.status = status
        self.reasons = reasons


def refusal(error: HTTPException, call: Call, now: float) -> GitHubError:
    """The error of ours for an answer that is none; `now` is wall time, for limits that name their end."""
    status = int(error.status_code)
    said = str(error) or error.status_code.phrase
    evidence = f"{call}: {status} {said}"
    if status in UNWELL or _limited(status, said, error.headers):
        return _unwell(status, error.headers, evidence, now)
    if status == 401:
        return Unauthorized(
            "GitHub does not accept the App's credentials.",
            hint="Check GITHUB_APP_ID, the private key and this machine's clock.",
            evidence=evidence,
        )
    if status == 403:
        return _forbidden(said, call, error.headers, evidence)
    if status in {404, 410}:
        return NotFound(f"GitHub shows us no {call.where}: it is gone, or outside the App's reach.", evidence=evidence)
    return Rejected(
        f"GitHub refused a request about {call.where}: {_plain(said)}",
        status=status,
        reasons=_reasons(said, getattr(error, "errors", None)),
        evidence=evidence,
    )


def _limited(status: int, said: str, headers: Mapping[str, str]) -> bool:
    """Secondary limits come as 403 like a missing permission does; only headers and words tell them apart."""
    words = said.lower()
    return status == 403 and (
        "retry-after" in headers
        or headers.get("x-ratelimit-remaining") == "0"
        or "rate limit" in words
        or "abuse detection" in words
    )


def _unwell(status: int, headers: Mapping[str, str], evidence: str, now: float) -> Unanswered:
    limited = status in {403, 429}
    after = _seconds(headers.get("retry-after"))
    if after is None and headers.get("x-ratelimit-remaining") == "0":
        reset = _seconds(headers.get("x-ratelimit-reset"))
        after = None if reset is None else max(0.0, reset - now)
    if after is None and limited:
        after = UNSAID
    sentence = "GitHub is limiting the App's requests." if limited else f"GitHub answered with an error ({status})."
    return Unanswered(sentence, evidence=evidence, after=after, limited=limited)


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else max(0.0, float(text))
    except ValueError:
        return None


def _forbidden(said: str, call: Call, headers: Mapping[str, str], evidence: str) -> Forbidden:
    owner = call.vars.get("owner", "the account")
    if "suspended" in said.lower():
        sentence = f"The App's installation on {owner} is suspended."
        return Forbidden(sentence, hint=f"An owner of {owner} can resume it.", evidence=evidence)
    if "not accessible" in said.lower():
        sentence = missing(call, headers.get("x-accepted-github-permissions", ""))
        hint = f"Once the App asks for it, an owner of {owner} accepts it on the installation's page."
        return Forbidden(sentence, hint=hint, evidence=evidence)
    return Forbidden(f"GitHub does not let the App do this in {call.where}: {_plain(said)}", evidence=evidence)


def _reasons(said: str, errors: Any) -> str:
    details = [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    fields = [f"{one.get('field')}:{one.get('code')} {one.get('message', '')}" for one in details]
    return " ".join([said, *fields]).lower()


def _plain(said: str) -> str:
    """GitHub's words as the end of a sentence."""
    return said.strip().rstrip(".")[:300] + "."
