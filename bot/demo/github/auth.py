"""Who is calling and what they may touch: App JWTs, installation tokens, and permissions per repository."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Iterable
from typing import Literal

import jwt

from .model import Installation, Permissions, Repository, Token
from .refusals import Refusal, bad_credentials, not_accessible, not_found
from .state import State

LONGEST_JWT = 600
"""seconds from now that a JWT may claim to live"""
TOKEN_LIFE = 3600
"""seconds an installation token lives"""
CLOCK_DRIFT = 60
"""seconds a JWT may seem to come from the future"""

SIGNATURE_ONLY: jwt.types.Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
"""the times are checked here, by the clock of the local GitHub"""

TokenKind = Literal["app", "installation", "other", "none"]


def kind_of(header: str) -> TokenKind:
    """What sort of credential an Authorization header carries, by its looks."""
    if not header:
        return "none"
    value = password(header) or header.partition(" ")[2]
    if value.startswith("ghs_"):
        return "installation"
    return "app" if value.count(".") == 2 else "other"


def password(header: str) -> str | None:
    """The password of a Basic header."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def check_jwt(state: State, header: str) -> None:
    """Refuse anything but a currently valid JWT of the App, in GitHub's words."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "bearer":
        raise Refusal(401, "A JSON web token could not be decoded")
    try:
        claims = jwt.decode(encoded, state.app.public_key_pem, algorithms=["RS256"], options=SIGNATURE_ONLY)
    except jwt.InvalidTokenError as wrong:
        raise Refusal(401, "A JSON web token could not be decoded") from wrong
    _check_times(claims.get("iat"), claims.get("exp"), state.now())
    if str(claims.get("iss")) not in state.app.issuers:
        raise Refusal(404, "Integration not found")


def _check_times(issued: object, expires: object, now: float) -> None:
    if not isinstance(issued, int) or issued > now + CLOCK_DRIFT:
        raise Refusal(
            401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        )
    if not isinstance(expires, int) or expires <= now:
        raise Refusal(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the "
            "assertion expires",
        )
    if expires > now + LONGEST_JWT:
        raise Refusal(401, "'Expiration time' claim ('exp') is too far in the future")


def find_token(state: State, value: str) -> Token:
    """The living installation token of that value; 401 for any other."""
    token = state.tokens.get(value)
    if token is None or token.expires_at <= state.now():
        raise bad_credentials()
    if state.installations[token.installation].suspended_at:
        raise Refusal(403, "This installation has been suspended")
    return token


def read_token(state: State, header: str) -> Token | None:
    """The installation token of an API request; None for an anonymous one."""
    if not header:
        return None
    scheme, _, value = header.partition(" ")
    if scheme.lower() not in ("bearer", "token"):
        raise bad_credentials()
    return find_token(state, value)


def issue_token(
    state: State, installed: Installation, repositories: Iterable[int] | None, permissions: Permissions | None
) -> Token:
    """A new token for all the installation has, or narrowed; 422 for more than it has."""
    wanted = installed.repositories if repositories is None else frozenset(repositories)
    if not wanted <= installed.repositories:
        raise Refusal(
            422, "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
    for name, level in (permissions or {}).items():
        if not allows(installed.permissions, name, level):
            raise Refusal(422, "The permissions requested are not granted to this installation.")
    granted = dict(installed.permissions if permissions is None else permissions) | {"metadata": "read"}
    selected = repositories is not None or not installed.everything
    # The long form GitHub has been moving to: whoever redacts or stores tokens must not count on 40 characters.
    value = (
        f"ghs_{state.app.id}_eyJ{secrets.token_urlsafe(120)}.{secrets.token_urlsafe(140)}.{secrets.token_urlsafe(110)}"
    )
    token = Token(value, installed.id, frozenset(wanted), granted, state.now() + TOKEN_LIFE, selected)
    state.tokens[value] = token
    return token


def allows(held: Permissions, name: str, level: str) -> bool:
    return held.get(name) == level or (level == "read" and held.get(name) == "write")


def permit(token: Token | None, repository: Repository, name: str, level: str) -> None:
    """Refuse unless the caller has that permission there. What is private and out of reach does not exist."""
    public_read = not repository.private and level == "read"
    in_reach = token is not None and repository.id in token.repositories
    if in_reach and token is not None:
        if not allows(token.permissions, name, level):
            raise not_accessible()
    elif not public_read:
        if repository.private:
            raise not_found()
        raise not_accessible() if token else Refusal(401, "Requires authentication")
    if repository.archived and level == "write":
        raise Refusal(403, "Repository was archived so is read-only.")
