"""What a repository may say in `.github/baro.yml`, and the limits a run obeys."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from .mode import Mode

AgentName = Literal["auto", "claude", "codex", "opencode", "pi", "scripted"]


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """Hard caps, enforced by the Conductor and shown to people."""

    agents: int = 4
    """agents at a time"""
    stories: int = 12
    """stories in a parallel plan"""
    sequential_stories: int = 5
    """stories in a sequential plan"""
    attempts: int = 2
    """attempts at one story that count against it"""
    waits: int = 6
    """attempts at one story that ended for reasons that are not its own (capacity, transport, infrastructure)"""
    wall: float = 4 * 3600.0
    """seconds from the start of a run to its forced end"""
    silence: float = 600.0
    """seconds without any sign of life of an agent before it is stopped"""


class RepoConfig(Struct, frozen=True):
    """The parsed file; `mode` None means that intake decides."""

    mode: Mode | None = None
    agent: AgentName = "auto"
    limits: Limits = Limits()
