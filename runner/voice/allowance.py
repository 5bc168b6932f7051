"""What an attempt took too much of, as the end of a sentence."""

from __future__ import annotations

from runner.domain.allowance import Allowance, Excess


def took_too_much(excess: Excess, allowance: Allowance) -> str:
    match excess:
        case "memory":
            return f"it and what it started used more than {size(allowance.memory)} of memory"
        case "processes":
            return f"it ran more than {allowance.processes} processes at a time"
        case "disk":
            return f"it wrote more than {size(allowance.disk)} to disk"
        case "full":
            return f"less than {size(allowance.spare)} was left on the disk of this machine"


def size(count: int) -> str:
    """`8 GiB`, `1.5 GiB`, `512 MiB`: bytes as people say them."""
    for unit, one in (("GiB", 1 << 30), ("MiB", 1 << 20)):
        if count >= one:
            return f"{count / one:.3g} {unit}"
    return f"{count / 1024:.3g} KiB"
