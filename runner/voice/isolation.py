"""How well agents are isolated, in words: for pull requests, the log and `baro doctor`."""

from __future__ import annotations

from collections.abc import Iterable

from runner.domain.isolation import Probe, SandboxLevel

_FOUND: dict[Probe, str] = {
    "files": "it can read files of this host",
    "environment": "it can see the environment of the runner",
    "namespaces": "it shares namespaces with this host",
    "processes": "it sees processes of this host",
    "writes": "it can write outside of its tree",
    "kernel": "it can change settings of the kernel",
    "privileges": "it has rights that an ordinary user has not",
    "survivor": "processes outlive it",
    "redis": "it can connect to baro's Redis",
    "network": "its network is not restricted",
}


def level(isolation: SandboxLevel) -> str:
    """A sentence without its full stop; at level full, part of one."""
    match isolation.level:
        case "full":
            return "agents ran in a sandbox that held when it was tried"
        case "degraded":
            return f"Agents ran in a sandbox with gaps: {found(isolation.reasons)}"
        case "none":
            return "Agents ran without a sandbox, as the operator of this baro decided"


def found(probes: Iterable[Probe]) -> str:
    return ", ".join(_FOUND[probe] for probe in probes)


def broken(probes: Iterable[Probe]) -> str:
    return f"The sandbox does not hold on this machine: {found(probes)}."


def mend(probes: Iterable[Probe]) -> str:
    if {"files", "writes", "environment"} & {*probes}:
        return (
            "Run baro as a user of its own with a home of its own, or set BARO_SANDBOX=none if this machine is "
            "isolation enough."
        )
    return "Update bubblewrap and the kernel, or set BARO_SANDBOX=none if this machine is isolation enough."


def silent() -> str:
    return "The sandbox starts, but what runs in it does not end as it should."


def report() -> str:
    return "See what it said above; with BARO_SANDBOX=none agents would run without a sandbox."
