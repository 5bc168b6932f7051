"""`baro doctor`: looks at everything baro stands on, all at once, and says whose turn it is.

It changes nothing but for a try-out in BARO_HOME, works before anything is configured, and shows no secret. A new
thing to look at is a function in `LOOKS` that answers with findings.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TextIO

from rich.console import Console

from runner.domain.policy import Gate

from . import draft, github, machine, say, show
from .draft import Draft
from .finding import Finding

Look = Callable[[Draft], Awaitable[list[Finding]]]
LOOKS: Mapping[str, Look] = {
    "home": machine.room,
    "git": machine.tools,
    "sandbox": machine.sandbox,
    "agents": machine.agents,
    "Redis": machine.redis,
    "GitHub": github.reach,
    "App": github.app,
}
"""in the order in which they are shown"""


async def doctor(
    *, as_json: bool, environ: Mapping[str, str] | None = None, directory: Path | None = None, out: TextIO | None = None
) -> int:
    """The exit status: 0 where baro can work, 1 where something is to be mended first."""
    settings, problems = draft.settings(environ, directory)
    findings = [*say.settings(problems), *await _looked(settings)]
    hide = Gate(settings.secrets()).text
    console = Console(file=out or sys.stdout, highlight=False, emoji=False, markup=False, soft_wrap=True)
    if as_json:
        console.out(show.as_json(findings, hide), highlight=False)
    else:
        show.for_people(findings, hide, console)
    return 0 if show.well(findings) else 1


async def _looked(settings: Draft) -> list[Finding]:
    """All at once; who waits at a terminal sees for what."""
    going = dict.fromkeys(LOOKS)
    with Console(stderr=True).status(_waiting(going)) as status:

        async def look(name: str) -> list[Finding]:
            found = await LOOKS[name](settings)
            del going[name]
            status.update(_waiting(going))
            return found

        return [finding for found in await asyncio.gather(*map(look, LOOKS)) for finding in found]


def _waiting(going: Mapping[str, None]) -> str:
    return f"looking at {', '.join(going)} …"
