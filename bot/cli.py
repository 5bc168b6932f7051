"""The command line.

Exit status: 0 done, 1 failed, 2 settings or usage, 3 done with gaps, 4 refused, 130 interrupted.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer

from runner.errors import BaroError, SettingsError

from . import log
from .settings import AppSettings, HostSettings, Kind, Settings, read

FAILED, USAGE, INTERRUPTED = 1, 2, 130

app = typer.Typer(
    name="baro",
    help="A self-hosted GitHub App that turns an issue into a pull request.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they show local variables, secrets among them
)


def main() -> NoReturn:
    """The `baro` script: what was raised on purpose becomes a few lines on stderr and an exit status."""
    try:
        app()
    except SettingsError as error:
        _complain("baro cannot start with these settings:", *(f"  {problem}" for problem in error.problems))
        sys.exit(USAGE)
    except BaroError as error:
        _complain(*filter(None, (str(error), error.evidence, error.hint)))
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.exit(0)


@app.command()
def web() -> None:
    """Listen for GitHub's webhooks. Needs REDIS_URL."""
    settings = _settings(Settings)
    # Imported only now: help and complaints about settings are to be quick.
    from . import server

    sys.exit(server.serve(settings))


@app.command()
def runner() -> None:
    """Carry out runs. Needs REDIS_URL; start as many as you like, on any machine."""
    settings = _settings(Settings)
    from . import worker

    sys.exit(_wait_for(worker.run(settings)))


@app.command()
def up() -> None:
    """Web, runner and, without REDIS_URL, a Redis: everything on this machine, kept running."""
    settings = _settings(AppSettings)
    from . import supervisor

    sys.exit(_wait_for(supervisor.up(settings)))


@app.command()
def demo(
    goal: Annotated[str | None, typer.Option(help="What to achieve, instead of the sample issue.")] = None,
    agent: Annotated[
        Literal["scripted", "claude"], typer.Option(help="Who does the work. scripted: no network, no key.")
    ] = "scripted",
    keep: Annotated[bool, typer.Option("--keep", help="Leave it all running to look at, until Ctrl-C.")] = False,
    home: Annotated[Path | None, typer.Option(help="Where to work; it is not removed afterwards.")] = None,
) -> None:
    """See an issue become a pull request, on a small GitHub of its own."""
    if goal and agent == "scripted":
        raise typer.BadParameter(
            "the scripted agent can only do the sample issue; add --agent claude", param_hint="--goal"
        )
    settings = _settings(HostSettings, level=logging.ERROR)
    from .demo import show

    sys.exit(_wait_for(show.demo(settings, goal=goal, agent=agent, keep=keep, home=home)))


@app.command()
def doctor(
    json: Annotated[bool, typer.Option("--json", help="For machines; the names in it stay.")] = False,
) -> None:
    """Is everything there that baro needs? Says what is not, and whose turn it is."""
    log.configure("json", level=logging.CRITICAL)  # what there is to say is in the findings
    from . import doctor

    sys.exit(_wait_for(doctor.doctor(as_json=json)))


@app.command()
def version() -> None:
    """Which baro this is."""
    typer.echo(f"baro {installed_version('baro')}")


def _settings(kind: type[Kind], level: int = logging.INFO) -> Kind:
    settings = read(kind)
    log.configure(settings.log_format, settings.secrets, level=level)
    return settings


def _wait_for(work: Coroutine[Any, Any, int]) -> int:
    """Run to the end, or until SIGINT or SIGTERM; either way everything that was opened is closed."""
    try:
        return asyncio.run(_ended_by_sigterm_too(work))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return INTERRUPTED


async def _ended_by_sigterm_too(work: Coroutine[Any, Any, int]) -> int:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work


def _complain(*lines: str) -> None:
    print(*lines, sep="\n", file=sys.stderr)
