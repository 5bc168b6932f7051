"""`baro demo`: an issue becomes a pull request before your eyes, and nothing but the real thing is shown."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markdown import Markdown
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.settings import HostSettings
from bot.supervisor import stop_signals
from runner.adapters.agents.registry import backends
from runner.adapters.sandbox import choose
from runner.errors import BaroError, SandboxUnavailable, SettingsError

from . import sample
from .github import Issue, LocalGitHub
from .stage import Stage, stage
from .watch import Row, Seen, for_a_terminal, news, read

DONE, FAILED, GAPS = 0, 1, 3
PATIENCE = {"scripted": 180.0, "claude": 3600.0}
"""seconds for the whole run"""
LABEL = "baro"


async def demo(settings: HostSettings, *, goal: str | None, agent: str, keep: bool, home: Path | None) -> int:
    """0: a pull request was opened and nothing is missing in it. 3: it is a draft. 1: there is none."""
    console = Console(highlight=False)
    with _directory(home) as directory:
        chosen = await asyncio.to_thread(_settings, settings, agent, directory, console)
        console.print("Starting a small GitHub, a Redis, and baro …", style="dim")
        async with stage(directory, chosen) as built:
            github = built.github
            issue = await _ask(github, goal)
            _show_issue(console, issue)
            seen = await built.until(_follow(built, issue, console, PATIENCE[agent]))
            pull = next(iter(github.pulls(sample.REPOSITORY, "open")), None)
            _show_stories(console, seen)
            if pull is None:
                _show_comments(console, issue)
            else:
                await _show_pull(console, github, pull, keep)
            if keep:
                await _until_told(console, built)
            return FAILED if pull is None or pull.pull is None else GAPS if pull.pull.draft else DONE


# --- before the curtain ------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _directory(home: Path | None) -> Iterator[Path]:
    if home is None:
        with tempfile.TemporaryDirectory(prefix="baro-demo-") as temporary:
            yield Path(temporary)
        return
    directory = home.expanduser().absolute()
    if directory.exists() and any(directory.iterdir()):
        raise SettingsError([f"--home {directory} is not empty: name a directory that is, or none"])
    directory.mkdir(parents=True, exist_ok=True)
    yield directory


def _settings(settings: HostSettings, agent: str, directory: Path, console: Console) -> dict[str, str]:
    """What baro's processes are told about the agents, checked here, where it can be said plainly."""
    backends(directory, settings.agent_environment(), "script")[agent].find()
    told = {"BARO_AGENT": agent, "BARO_SANDBOX": settings.sandbox, "BARO_NETWORK": settings.network}
    if settings.network_hosts:
        told["BARO_NETWORK_HOSTS"] = ",".join(map(str, settings.network_hosts))
    if settings.model:
        told["BARO_MODEL"] = settings.model
    if agent == "scripted":
        told |= {"BARO_AGENT_SCRIPT": str(sample.write_script(directory)), "BARO_SANDBOX": _sandbox(settings, console)}
    return settings.registry_environment() | settings.agent_environment() | told


def _sandbox(settings: HostSettings, console: Console) -> str:
    """The scripted agent does what is written in our own wheel, so for its sake nobody has to set up a sandbox."""
    try:
        choose(settings.sandbox, settings.path)
    except SandboxUnavailable as error:
        console.print(
            f"{error} {error.hint}\nThis demo goes on without: its agents only follow a script of baro's own."
        )
        return "none"
    return settings.sandbox


async def _ask(github: LocalGitHub, goal: str | None) -> Issue:
    title, _, body = (goal or f"{sample.TITLE}\n{sample.BODY}").partition("\n")
    github.repository(sample.REPOSITORY, sample.repository())
    github.grant(sample.REPOSITORY, sample.AUTHOR, "write")
    issue = await github.open_issue(sample.REPOSITORY, sample.AUTHOR, title, body.strip())
    await github.label(sample.REPOSITORY, issue.number, LABEL, by=sample.AUTHOR)
    return issue


# --- the play ----------------------------------------------------------------------------------------------------


async def _follow(built: Stage, issue: Issue, console: Console, patience: float) -> Seen:
    """Tell what the issue shows, as it changes, until the run is over."""
    began, seen, github = time.monotonic(), Seen(), built.github

    def tell(line: str) -> None:
        grid = Table.grid(padding=(0, 2))  # of two columns, so that long lines wrap in theirs
        grid.add_column(width=8, justify="right", style="dim")
        grid.add_row(f"{time.monotonic() - began:.1f} s", Text(line))
        console.print(grid)

    def changed() -> Seen | None:
        said = [comment.body for comment in issue.comments if comment.via_app]
        now = read(said[0]) if said else Seen()
        return now if now != seen else None

    tell(f"{sample.AUTHOR} labels the issue `{LABEL}`")
    try:
        async with asyncio.timeout(patience):
            await github.until(lambda: issue.reactions, patience)
            tell("👀 baro has seen it")
            while not seen.over:
                now = await github.until(changed, patience)
                assert now is not None
                for line in news(seen, now):
                    tell(line)
                seen = now
    except TimeoutError:
        raise BaroError(f"The run did not end within {patience:g} s.", evidence=built.logs()) from None
    return seen


# --- what became of it -------------------------------------------------------------------------------------------


def _show_issue(console: Console, issue: Issue) -> None:
    title = f"[bold]{escape(issue.title)}[/] #{issue.number}, by {issue.author}, in {sample.REPOSITORY}"
    console.print(Panel(Markdown(issue.body or "*no description*"), title=title, title_align="left", padding=(1, 2)))


def _show_stories(console: Console, seen: Seen) -> None:
    if not seen.rows:
        return
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("", "story", "after", "state", "agent", "tokens", "time", "commit"):
        table.add_column(heading, justify="right" if heading in ("tokens", "time") else "left")
    for row in seen.rows:
        table.add_row(*(Text(getattr(row, field)) for field in Row.__struct_fields__))
    console.print(table)


def _show_comments(console: Console, issue: Issue) -> None:
    """Where there is no pull request, the reason is in what baro said."""
    for comment in issue.comments:
        console.print(Panel(Markdown(for_a_terminal(comment.body)), title=comment.author, title_align="left"))


async def _show_pull(console: Console, github: LocalGitHub, issue: Issue, keep: bool) -> None:
    assert issue.pull is not None
    kind = "Draft pull request" if issue.pull.draft else "Pull request"
    console.print()
    console.print(
        Panel(
            Markdown(for_a_terminal(issue.body or "")),
            title=f"[bold]{kind} #{issue.number}: {escape(issue.title)}[/]",
            subtitle=f"{issue.pull.head} → {issue.pull.base}",
            title_align="left",
            padding=(1, 2),
        )
    )
    repository, branch = github.git_dir(sample.REPOSITORY), issue.pull.head
    where = f" -C {repository}" if keep else ""
    for command in (("log", "--oneline", "--graph", branch), ("diff", "--stat", f"{issue.pull.base}...{branch}")):
        console.print(Text(f"$ git{where} {' '.join(command)}", style="bold"), soft_wrap=True)
        console.print(Text(await _git(repository, *command)), soft_wrap=True)
    if not keep:
        console.print("All of this is removed now; `baro demo --keep` lets you look around in it.", style="dim")


async def _git(repository: Path, *command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "git", "-C", str(repository), *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return output.decode(errors="replace")


async def _until_told(console: Console, built: Stage) -> None:
    console.print(f"\nEverything keeps running. See {built.github.url} in a browser, or", soft_wrap=True)
    console.print(f"git clone {built.github.url}/{sample.REPOSITORY}.git", style="bold", soft_wrap=True)
    console.print(
        f"The logs are in {built.directory}. Ctrl-C ends it and removes everything but --home.", soft_wrap=True
    )
    with stop_signals() as told:
        await told
