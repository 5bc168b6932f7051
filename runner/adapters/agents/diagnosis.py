"""What can be said of a backend on this machine without asking a model anything."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from msgspec import Struct

from runner.errors import AgentUnavailable

from . import installed
from .backend import Backend


class Diagnosis(Struct, frozen=True):
    """`problem` says why it cannot be used, and `hint` what to do; both are empty where it can."""

    name: str
    program: Path | None = None
    version: str = ""
    access: Literal["key", "signed-in", ""] = ""
    """"" where it asks no model"""
    problem: str = ""
    hint: str = ""


def diagnose(backend: Backend, path: str) -> Diagnosis:
    """`path` is where programs are looked for. Starts the program, to hear its version."""
    try:
        program = backend.find()
        version = installed.version(program, path)
    except AgentUnavailable as missing:
        return Diagnosis(backend.name, problem=str(missing), hint=missing.hint)
    if backend.provider("") is not None:
        return Diagnosis(backend.name, program, version, "key")
    return Diagnosis(backend.name, program, version, "signed-in" if backend.hosts("") else "")
