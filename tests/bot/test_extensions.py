"""Participants and sources from outside, in real runners: they are served well, and can do no harm."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from tests.bot.extensions_world import eventually, package
from tests.e2e.test_focused import STORY
from tests.e2e.test_ways_in import FOCUSED, issue, said
from tests.world.house import REPO, House, house, read

EXAMPLES = Path(__file__).parents[2] / "examples/baro-example-extensions"


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example package, built into a wheel and installed into a directory of its own: for pure Python, unpacked."""
    made = tmp_path_factory.mktemp("examples")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check", "--outdir", made]
    subprocess.run([*build, EXAMPLES], check=True, capture_output=True)
    (wheel,) = made.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(made / "site")
    return made / "site"


def logged(baro: House, event: str) -> list[dict[str, Any]]:
    """The lines of that event in the runner's log, which must be one JSON object each."""
    lines = [line for line in (baro.root / "runner.log").read_text().splitlines() if line.startswith("{")]
    return [entry for entry in map(json.loads, lines) if entry["event"] == event]


# --- the examples -----------------------------------------------------------------------------------------------


async def test_a_source_starts_a_run_and_a_participant_announces_its_end(
    tmp_path: Path, clean_redis: str, examples: Path
) -> None:
    asks, announced = tmp_path / "asks", tmp_path / "announced.txt"
    asks.mkdir()
    env = {"PYTHONPATH": str(examples), "FOLDER_OF_ASKS": str(asks), "ANNOUNCER_FILE": str(announced)}
    async with webhook([503, 204]) as (url, posted), house(tmp_path, clean_redis, ANNOUNCER_WEBHOOK=url, **env) as baro:
        baro.script(FOCUSED, STORY)
        number = await issue(baro, "See the ticket.")
        put(asks, "ticket.json", ticket(baro, number))
        comment = await baro.ended(number)
        assert comment.splitlines()[0] == snapshot("✅ **baro opened #2 (1 of 1 story)**")
        (pull,) = baro.github.pulls(REPO)
        assert pull.title == "A ticket's own title"
        assert baro.github.reactions(REPO, number=number) == [("baro[bot]", "rocket")]
        await eventually(announced.exists)
        assert read_line(announced) == snapshot("acme/toolkit#1 done: A ticket's own title")
        assert [post["text"] + "\n" for post in posted] == 2 * [announced.read_text()], "once more after the 503"

        put(asks, "again.json", ticket(baro, number))
        put(asks, "typo.json", {"key": "LIN-124", "who": "maria"})
        await eventually(lambda: (asks / "typo.json.refused").exists() and (asks / "again.json.asked").exists())
        assert len(logged(baro, "source.asked")) == 1
        assert len(announced.read_text().splitlines()) == 1


async def test_a_source_adds_no_authority(tmp_path: Path, clean_redis: str, examples: Path) -> None:
    """What it asks on behalf of somebody without write access is refused on the thread, like that person's comment."""
    asks = tmp_path / "asks"
    asks.mkdir()
    env = {"PYTHONPATH": str(examples), "FOLDER_OF_ASKS": str(asks), "ANNOUNCER_FILE": str(tmp_path / "announced")}
    async with house(tmp_path, clean_redis, **env) as baro:
        number = await issue(baro)
        baro.github.person("eve")
        put(asks, "ticket.json", ticket(baro, number, on_behalf_of="eve"))
        await baro.until(lambda: said(baro, number))
        assert said(baro, number) == snapshot(
            [
                "Only people with write access to this repository can ask for work, and `eve` has `read`; someone with write access can ask for you."
            ]
        )
        assert baro.living(number) is None


@asynccontextmanager
async def webhook(answers: list[int]) -> AsyncIterator[tuple[str, list[dict[str, str]]]]:
    """An HTTP server that gives these statuses one after the other; its URL, and what was posted to it."""
    posted: list[dict[str, str]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].split()[0])
        posted.append(json.loads(await reader.readexactly(length)))
        writer.write(f"HTTP/1.1 {answers.pop(0)} So\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook", posted


def ticket(baro: House, number: int, **changes: Any) -> dict[str, Any]:
    repository = baro.github.hub.state.repository(REPO)
    installation = baro.github.hub.state.installation_on(repository)
    assert installation
    return {
        "key": "LIN-123",
        "installation": installation.id,
        "repository_id": repository.id,
        "repository": REPO,
        "number": number,
        "on_behalf_of": "maria",
        "title": "A ticket's own title",
        "body": "Please set `A` to 2 in src/a.py.",
        **changes,
    }


def put(directory: Path, name: str, content: dict[str, Any]) -> None:
    draft = directory / f"{name}.draft"
    draft.write_text(json.dumps(content))
    draft.rename(directory / name)


def read_line(file: Path) -> str:
    """Without the run's id."""
    return read(file.read_text()).rpartition(" (")[0]


# --- guests who behave badly ------------------------------------------------------------------------------------

GUESTS = """
    import asyncio, os, sys, time

    class Good:
        async def heard(self, run, entry):
            with open(os.environ["HEARD"], "a") as heard:
                print(run.id, entry.seq, type(entry.event).__name__, file=heard)

    class Slow:
        async def heard(self, run, entry):
            await asyncio.sleep(1)

    class Raising:
        async def heard(self, run, entry):
            raise ValueError("not today")

    class Leaving:
        async def heard(self, run, entry):
            sys.exit("I am off")

    class Hanging:
        async def heard(self, run, entry):
            await asyncio.Event().wait()

    class Stubborn:
        async def heard(self, run, entry):
            while True:
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    pass

    class Blocking:
        async def heard(self, run, entry):
            time.sleep(3600)

    class Threads:
        async def heard(self, run, entry):
            await asyncio.to_thread(time.sleep, 3600)

    class Unborn:
        def __init__(self):
            raise KeyError("GUEST_SETTING")
"""
BAD = ("Slow", "Raising", "Leaving", "Hanging", "Stubborn", "Blocking", "Threads", "Unborn")


async def test_guests_who_are_slow_raise_hang_or_block_hurt_nothing_and_the_log_names_them(
    tmp_path: Path, clean_redis: str
) -> None:
    points = {name.lower(): f"guests:{name}" for name in ("Good", *BAD)} | {"lost": "no_such_module:Guest"}
    site = package(tmp_path / "site", GUESTS, **points)
    heard = tmp_path / "heard"
    async with house(tmp_path, clean_redis, PYTHONPATH=str(site), HEARD=str(heard)) as baro:
        baro.script(FOCUSED, STORY)
        number = await issue(baro)
        await eventually(lambda: len(logged(baro, "extension.loaded")) == 8)
        await eventually(lambda: {e["extension"] for e in logged(baro, "extension.not_loaded")} == {"unborn", "lost"})

        await baro.github.label(REPO, number, "baro", by="maria")
        assert (await baro.ended(number)).startswith("✅ **baro opened #2 (1 of 1 story)**")

        await eventually(lambda: "RunEnded" in heard.read_text())
        assert_heard_out(heard)
        culprits = {"raising", "leaving", "hanging", "stubborn", "blocking", "threads"}
        await eventually(lambda: {e["extension"] for e in logged(baro, "extension.failed")} == culprits)
        assert (
            "ValueError: not today"
            in {e["extension"]: e for e in logged(baro, "extension.failed")}["raising"]["exception"]
        )

        assert await baro.terminate("runner") == 0


def assert_heard_out(heard: Path) -> None:
    """One run, from its first entry to its last, in order."""
    lines = [line.split() for line in heard.read_text().splitlines()]
    assert [int(seq) for _, seq, _ in lines] == list(range(1, len(lines) + 1))
    assert (lines[0][2], lines[-1][2]) == ("RunSubmitted", "RunEnded")
