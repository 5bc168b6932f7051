"""The backends there are, by hand: a new one is a module and a few lines here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from . import claude, codex, opencode, pi
from .backend import Backend
from .claude import Claude
from .codex import Codex
from .opencode import OpenCode
from .pi import Pi
from .scripted import Scripted

COMMAND_LINES = (Claude, Codex, OpenCode, Pi)
"""in the order in which `auto` tries them"""
AUTO = tuple(kind.name for kind in COMMAND_LINES)
NAMES = (*AUTO, Scripted.name)
"""what people may write, and the one list of them"""
ENVIRONMENT: tuple[str, ...] = tuple(
    dict.fromkeys(("PATH", "HOME", *claude.ENVIRONMENT, *codex.ENVIRONMENT, *opencode.ENVIRONMENT, *pi.ENVIRONMENT))
)
"""The variables of the operator's that backends know; settings collect these and no others."""


def backends(home: Path, env: Mapping[str, str], script: str = "") -> dict[str, Backend]:
    """`home` is BARO_HOME, `env` the operator's variables named in ENVIRONMENT, `script` BARO_AGENT_SCRIPT."""
    every: list[Backend] = [*(kind(env) for kind in COMMAND_LINES), Scripted(home, script)]
    return {backend.name: backend for backend in every}
