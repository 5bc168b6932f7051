"""A subscription that a command line is signed in with: the `auth.json` of OpenCode and Pi, lent to one attempt.

Untested, for want of a subscription. A token that is refreshed in the throw-away home is lost with it: where the
provider accepts each refresh token only once, that signs the operator out. A key is the sturdier way.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec


class SignIn:
    """`hosts` are the providers whose sign-in is lent, and where it is used and renewed. Keys in the file stay where
    they are, and so does GitHub Copilot's token: no GitHub credential gets near an agent."""

    def __init__(self, file: Path, hosts: Mapping[str, tuple[str, ...]]) -> None:
        self._file = file
        self._hosts = hosts

    def __bool__(self) -> bool:
        return bool(self._entries())

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(host for name in self._entries() for host in self._hosts[name]))

    def lend(self, to: Path) -> None:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.touch(mode=0o600)
        to.write_bytes(msgspec.json.encode(self._entries()))

    def _entries(self) -> dict[str, Any]:
        if not self._file.is_file():
            return {}
        try:
            stored = msgspec.json.decode(self._file.read_bytes(), type=dict[str, Any])
        except msgspec.DecodeError:
            return {}
        return {
            name: entry
            for name, entry in stored.items()
            if name in self._hosts and isinstance(entry, dict) and entry.get("type") == "oauth"
        }
