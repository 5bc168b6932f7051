"""One request to GitHub's REST API, as a value: a path of ours, and the names that go into its holes."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import uritemplate
from msgspec import Struct

from runner.errors import GitHubError

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
Var = str | int | Sequence[str]


class Call(Struct, frozen=True):
    """`path` is an URI template written by us; everything from outside goes through `vars`, which are escaped."""

    method: Method
    path: str
    vars: Mapping[str, Var] = {}
    data: Any = None

    def __post_init__(self) -> None:
        """Escaping leaves dots alone, and `/repos/../x` would be another endpoint."""
        for value in self.vars.values():
            for part in [value] if isinstance(value, str) else value if isinstance(value, Sequence) else []:
                if part in {"", ".", ".."}:
                    raise GitHubError(f"“{part}” cannot be part of a name on GitHub.", evidence=self.path)

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    @property
    def where(self) -> str:
        """What people call the thing: `o/r#3`, `o/r`, or the path."""
        if "owner" not in self.vars or "repo" not in self.vars:
            return self.filled
        number = f"#{self.vars['number']}" if "number" in self.vars else ""
        return f"{self.vars['owner']}/{self.vars['repo']}{number}"

    @property
    def filled(self) -> str:
        """The path as it is sent, without the query."""
        return urllib.parse.urlsplit(uritemplate.expand(self.path, dict(self.vars))).path

    def __str__(self) -> str:
        return f"{self.method} {self.filled}"
