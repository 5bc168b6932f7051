"""The doctor's findings for people (on a terminal or in a pipe) and for machines.

The JSON, whose names stay:

    {"version": 1, "ok": false,
     "findings": [{"name": "redis", "state": "ok|warning|failed|skipped", "says": "…", "hint": "…"}, …]}
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.text import Text

from .finding import Finding, State

SCHEMA = 1
_LOOKS: dict[State, tuple[str, str]] = {
    "ok": ("✓", "green"),
    "warning": ("!", "yellow"),
    "failed": ("✗", "bold red"),
    "skipped": ("·", "dim"),
}
_INDENT = 21


class Diagnosis(Struct, frozen=True):
    version: int
    ok: bool
    findings: Sequence[Finding]


def well(findings: Sequence[Finding]) -> bool:
    """Warnings are no reason not to start."""
    return all(finding.state != "failed" for finding in findings)


def as_json(findings: Sequence[Finding], hide: Callable[[str], str]) -> str:
    clean = [msgspec.structs.replace(one, says=hide(one.says), hint=hide(one.hint)) for one in findings]
    return msgspec.json.format(msgspec.json.encode(Diagnosis(SCHEMA, well(findings), clean)), indent=2).decode()


def for_people(findings: Sequence[Finding], hide: Callable[[str], str], console: Console) -> None:
    """A line each, and below it whose turn it is where something is to be done."""
    for finding in findings:
        mark, style = _LOOKS[finding.state]
        line = Text.assemble((f" {mark} ", style), (f"{finding.name:<17} ", "bold"), hide(finding.says))
        console.print(line)
        if finding.hint and finding.state != "ok":
            console.print(Text(f"{'':{_INDENT}}→ {hide(finding.hint)}", "cyan"))
    console.print(Text(f"\n{_summary(findings)}"))


def _summary(findings: Sequence[Finding]) -> str:
    failed = sum(one.state == "failed" for one in findings)
    warnings = sum(one.state == "warning" for one in findings)
    warned = f"{warnings} warning{'s' if warnings != 1 else ''}" if warnings else ""
    if failed:
        also = f", and {warned}" if warned else ""
        return f"{failed} thing{'s' if failed != 1 else ''} to be mended before baro can work{also}."
    return f"baro can work here, with {warned}." if warned else "baro can work here."
