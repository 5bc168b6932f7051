"""A participant that tells others how each run came out: a line in a file, a message to a webhook, or both.

Settings: `ANNOUNCER_FILE`, a path; `ANNOUNCER_WEBHOOK`, a URL that takes `{"text": …}`, as Slack's and others' do.
"""

from __future__ import annotations

import os
from pathlib import Path

import httpx

from runner.domain.events import Entry, RunConcluded
from runner.domain.run import RunSpec

TIMEOUT = 5.0
"""seconds for the webhook; baro would cancel the call after ten"""


class Announcer:
    """Keeps nothing in memory, so it does not matter when baro is restarted."""

    def __init__(self) -> None:
        self._file = os.environ.get("ANNOUNCER_FILE")
        self._webhook = os.environ.get("ANNOUNCER_WEBHOOK")
        if not self._file and not self._webhook:
            raise ValueError("set ANNOUNCER_FILE or ANNOUNCER_WEBHOOK, or uninstall this package")

    async def heard(self, run: RunSpec, entry: Entry) -> None:
        """Most entries are of no interest; whatever this raises, baro logs, and calls again."""
        if not isinstance(entry.event, RunConcluded):
            return
        line = sentence(run, entry.event)
        if self._webhook:
            await post(self._webhook, line)
        if self._file:
            append(Path(self._file), line)


def sentence(run: RunSpec, end: RunConcluded) -> str:
    """With the run's id: an entry may be heard twice, and then readers can tell."""
    thread = f"{run.thread.repository.full_name}#{run.thread.number}"
    return f"{thread} {end.outcome}: {run.goal.title} ({run.id})"


async def post(url: str, text: str) -> None:
    async with httpx.AsyncClient(timeout=TIMEOUT) as client:
        (await client.post(url, json={"text": text})).raise_for_status()


def append(file: Path, line: str) -> None:
    """Blocking is fine: nobody else lives in this thread."""
    with file.open("a", encoding="utf-8") as lines:
        lines.write(line + "\n")
