"""The backends there are, by hand: a new one is a module and two lines here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .backend import Backend
from .claude import ENVIRONMENT as CLAUDE
from .claude import Claude
from .codex import ENVIRONMENT as CODEX
from .codex import Codex
from .scripted import Scripted

COMMAND_LINES = (Claude, Codex)
"""in the order in which `auto` tries them"""
AUTO = tuple(kind.name for kind in COMMAND_LINES)
NAMES = (*AUTO, Scripted.name)
"""what people may write, and the one list of them"""
ENVIRONMENT: tuple[str, ...] = ("PATH", "HOME", *CLAUDE, *CODEX)
"""The variables of the operator's that backends know; settings collect these and no others."""


def backends(home: Path, env: Mapping[str, str], script: str = "") -> dict[str, Backend]:
    """`home` is BARO_HOME, `env` the operator's variables named in ENVIRONMENT, `script` BARO_AGENT_SCRIPT."""
    every: list[Backend] = [*(kind(env) for kind in COMMAND_LINES), Scripted(home, script)]
    return {backend.name: backend for backend in every}
