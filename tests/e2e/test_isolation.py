"""What agents are held to, and what people are told about it."""

from __future__ import annotations

from pathlib import Path

from tests.world.house import REPO, House, house, read

HOG = '/usr/bin/env python3 -c \'x = b"x" * (400 << 20); open("gate").read()\''


def story(*steps: dict[str, object], **match: object) -> dict[str, object]:
    return {"role": "story", **match, "steps": [*steps]}


async def ask(baro: House) -> str:
    """The pull request's text, once the run it came from is over."""
    issue = await baro.github.open_issue(REPO, "maria", "Add a file")
    await baro.github.label(REPO, issue.number, "baro:focused", by="maria")
    await baro.ended(issue.number)
    (pull,) = baro.github.pulls(REPO)
    return read(pull.body)


async def test_a_story_that_eats_all_memory_is_stopped_told_so_and_done_another_way(
    tmp_path: Path, clean_redis: str
) -> None:
    """The second attempt is answered only if its prompt says what became of the first."""
    async with house(tmp_path, clean_redis, BARO_AGENT_MEMORY="200M") as baro:
        baro.script(
            story({"run": f"mkfifo gate && {HOG}"}, times=1),
            story({"write": {"path": "new.py", "text": "x = 1\n"}}, when="used more than 200 MiB of memory"),
        )
        body = await ask(baro)
        assert "new.py" in body
        assert body.startswith("Closes #")


async def test_the_pull_request_says_how_well_its_agents_were_isolated(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.script(story({"write": {"path": "new.py", "text": "x = 1\n"}}))
        assert "agents ran in a sandbox that held" in await ask(baro)


async def test_a_waived_sandbox_is_shown_to_everybody(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis, BARO_SANDBOX="none") as baro:
        baro.script(story({"write": {"path": "new.py", "text": "x = 1\n"}}))
        assert "⚠️ Agents ran without a sandbox, as the operator of this baro decided." in await ask(baro)
