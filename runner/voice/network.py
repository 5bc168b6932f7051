"""What is said about hosts that a sandbox asked for and did not reach."""

from __future__ import annotations

from runner.domain.network import Level
from runner.domain.report import Report
from runner.domain.text import code

from . import shared

SHOWN = 20
"""rows of the table"""

_LEVELS: dict[Level, str] = {
    "model": "only the model's provider is reachable",
    "registry": "only package registries are reachable",
    "open": "only web servers on the internet are reachable",
}


def not_listed(host: str, level: Level) -> str:
    """Stands in an HTTP status line: plain ASCII, no line break."""
    return f"{host} is blocked: BARO_NETWORK={level}, {_LEVELS[level]}. {_remedy(host)}"


def not_public(host: str) -> str:
    return f"{host} is blocked: it is at a private address. {_remedy(host)}"


def unreached(report: Report) -> str:
    """One fold: which host, for whom, how often, and what would change it. Empty where nothing was missed."""
    missed = [(line.id, blocked) for line in report.lines for blocked in line.blocked]
    missed += [(code(check.name), blocked) for check in report.checks for blocked in check.blocked]
    if not missed:
        return ""
    hosts = sorted({blocked.host for _, blocked in missed})
    rows = [f"| {who} | {code(blocked.host)} | {blocked.times} |" for who, blocked in missed[:SHOWN]]
    table = "\n".join(["| For | Host | Asked for |", "|---|---|--:|", *rows])
    setting = f"`BARO_NETWORK_HOSTS={','.join(hosts[:SHOWN])}`"
    count = f"{len(hosts)} host{'s' if len(hosts) != 1 else ''}"
    return shared.folded(
        f"{count} could not be reached from the sandbox",
        f"{table}\n\nThat need not matter. Where it does, whoever runs this baro can allow it with {setting}.",
    )


def _remedy(host: str) -> str:
    return f"Whoever runs baro can allow it with BARO_NETWORK_HOSTS={host}"
