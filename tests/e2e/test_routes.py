"""Which agent does what, and which one takes over, as people come to see it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inline_snapshot import snapshot

from tests.e2e.test_endings import labelled
from tests.e2e.test_parallel import INTAKE, story, writes
from tests.e2e.test_ways_in import FOCUSED, said
from tests.world.house import REPO, house

PASS = {"role": "critic", "answer": {"verdict": "pass", "reasoning": "all there", "violated_criteria": []}}


def full(role: str, **more: Any) -> dict[str, Any]:
    """The provider is at its limit, the first time."""
    limit = {"kind": "provider_capacity", "message": "The model provider is at its limit.", "retry_after": 3600}
    return {"role": role, "times": 1, "steps": [{"fail": limit}], **more}


def told(comment: str) -> str:
    return "\n".join(line for line in comment.splitlines() if line.startswith(("✅", "❌", "| S", "- ")))


async def test_a_story_whose_agent_is_at_its_limit_goes_on_with_the_next_one(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis, BARO_AGENTS="standard=scripted:one|scripted:two") as baro:
        baro.script(FOCUSED, full("story"), writes("S1", "src/a.py", "A = 2\n"), PASS)
        assert told(await baro.ended(await labelled(baro))) == snapshot("""\
✅ **baro opened #2 (1 of 1 story)**
| Story | What | Depends on | State | Agent | Tokens | Time | Commit |
| S1 | A should be two | – | ✅ landed | scripted:two | – | TIME | COMMIT |
- **S1** went on with `scripted:two` instead of `scripted:one`: The model provider is at its limit.\
""")
        (pull,) = baro.github.pulls(REPO)
        assert "went on with `scripted:two` instead of `scripted:one`" in pull.body


async def test_roles_and_tiers_have_their_own_routes_and_a_full_one_is_remembered(
    tmp_path: Path, clean_redis: str
) -> None:
    """The first story finds the limit; the second one, of the same tier, does not even try."""
    async with house(tmp_path, clean_redis) as baro:
        agents = "agents: {light: scripted:small, standard: [scripted:one, scripted:two], critic: scripted:judge}\n"
        baro.github.commit(REPO, "main", {".github/baro.yml": agents}, by="maria")
        stories = [
            story("S1", ["src/a.py"]),
            story("S2", ["src/b.py"], ("S1",)),
            {**story("S3", ["src/c.py"], ("S1",)), "tier": "light"},
        ]
        work = [writes(f"S{n}", f"src/{name}.py", "x = 2\n") for n, name in enumerate("abc", 1)]
        baro.script(INTAKE, {"role": "plan", "answer": {"stories": stories}}, full("story"), *work, PASS)
        assert told(await baro.ended(await labelled(baro))) == snapshot("""\
✅ **baro opened #2 (3 of 3 stories)**
| Story | What | Depends on | State | Agent | Tokens | Time | Commit |
| S1 | Do S1 | – | ✅ landed | scripted:two | – | TIME | COMMIT |
| S2 | Do S2 | S1 | ✅ landed | scripted:two | – | TIME | COMMIT |
| S3 | Do S3 | S1 | ✅ landed | scripted:small | – | TIME | COMMIT |
- **S1** went on with `scripted:two` instead of `scripted:one`: The model provider is at its limit.\
""")


async def test_an_agent_that_is_not_there_is_passed_over_without_an_attempt(tmp_path: Path, clean_redis: str) -> None:
    """Claude Code is not on this PATH; the scripted agent is."""
    routes = "intake=claude|scripted; plan=claude|scripted; standard=claude|scripted; critic=claude|scripted"
    async with house(tmp_path, clean_redis, BARO_AGENTS=routes, PATH="/usr/bin:/bin") as baro:
        baro.script(FOCUSED, writes("S1", "src/a.py", "A = 2\n"), PASS)
        comment = await baro.ended(await labelled(baro))
        assert told(comment) == snapshot("""\
✅ **baro opened #2 (1 of 1 story)**
| Story | What | Depends on | State | Agent | Tokens | Time | Commit |
| S1 | A should be two | – | ✅ landed | scripted | – | TIME | COMMIT |
- Intake went on with `scripted` instead of `claude`: Claude Code is not installed.\
""")


async def test_a_missing_agent_without_another_one_is_said_at_once(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis, BARO_AGENTS="standard=claude", PATH="/usr/bin:/bin") as baro:
        baro.script(FOCUSED)
        comment = await baro.ended(await labelled(baro))
        assert "S1 failed and nothing could be shipped: Claude Code is not installed." in comment
        assert "```\nnpm install -g @anthropic-ai/claude-code\n```" in comment


async def test_intake_at_its_limit_is_asked_elsewhere_before_it_falls_back(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis, BARO_AGENTS="intake=scripted:one|scripted:two") as baro:
        baro.script(full("intake"), FOCUSED, writes("S1", "src/a.py", "A = 2\n"), PASS)
        comment = await baro.ended(await labelled(baro))
        assert "Shape: **focused**, confidence 95% (decided by a model)" in comment
        assert "Intake went on with `scripted:two` instead of `scripted:one`" in comment


async def test_a_runner_that_dies_after_the_limit_goes_on_with_the_next_agent(tmp_path: Path, clean_redis: str) -> None:
    """Which routes there are and which one was full is in the journal, not in a process."""
    routes = "standard=scripted:one|scripted:two"
    async with house(tmp_path, clean_redis, start=False, BARO_AGENTS=routes) as baro:
        baro.script(FOCUSED, full("story"), writes("S1", "src/a.py", "A = 2\n"), PASS)
        await baro.start("web")
        await baro.start("runner", BARO_CRASHPOINT="attempt.ended")
        number = await labelled(baro)
        assert await baro.died("runner") == -9
        await baro.start("runner", BARO_AGENTS="")
        comment = await baro.ended(number)
        assert "| scripted:two |" in comment


async def test_a_repository_may_only_choose_what_the_operator_allows(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis, BARO_AGENTS="allow=scripted:small") as baro:
        agents = "agents: {light: scripted:small, heavy: scripted:huge, plan: scirpted}\n"
        baro.github.commit(REPO, "main", {".github/baro.yml": agents}, by="maria")
        number = await labelled(baro)
        await baro.until(lambda: said(baro, number))
        (answer,) = said(baro, number)
        assert (
            "`agents.heavy`: `scripted:huge` is not among what whoever runs this baro allows: `scripted:small`"
            in answer
        )
        assert "(did you mean `scripted`?)" in answer
