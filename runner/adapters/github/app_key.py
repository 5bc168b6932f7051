"""The App's private key, and the short-lived JWT that proves we hold it."""

from __future__ import annotations

from collections.abc import Callable

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from runner.errors import SettingsError

JWT_BACK = 60.0
"""seconds the JWT is dated back, for clocks that run ahead of GitHub's"""
JWT_LIFE = 480.0
"""seconds it is valid for; with `JWT_BACK` below GitHub's ten minutes"""


class AppKey:
    """Signs as the App; `app` is its id or client id."""

    def __init__(self, app: str, pem: str, now: Callable[[], float]) -> None:
        self._app = app
        self._key = _private_key(pem)
        self._now = now
        self._jwt = ""
        self._until = 0.0

    def jwt(self) -> str:
        now = self._now()
        if now >= self._until:
            claims = {"iat": int(now - JWT_BACK), "exp": int(now + JWT_LIFE), "iss": self._app}
            self._jwt = jwt.encode(claims, self._key, algorithm="RS256")
            self._until = now + JWT_LIFE / 2
        return self._jwt

    @property
    def current(self) -> str:
        """The JWT that was last signed, "" before the first."""
        return self._jwt


def _private_key(pem: str) -> RSAPrivateKey:
    """Environment files often hold the line breaks of a PEM as a backslash and an n."""
    try:
        key = load_pem_private_key(pem.replace("\\n", "\n").encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise SettingsError(["GITHUB_PRIVATE_KEY is not an RSA private key in PEM form; download a new one"])
    return key
