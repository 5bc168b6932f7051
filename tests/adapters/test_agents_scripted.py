"""The scripted agent: a process like the others, in the same sandbox."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
import yaml
from inline_snapshot import snapshot

from runner.domain.agent import Did, Failure, Usage
from runner.errors import BaroError
from tests.adapters.seats import Bench, detached, git, running, trusted, until


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def test_a_story_writes_edits_deletes_and_commits_in_its_worktree(bench: Bench) -> None:
    reply = await bench.play("""
- role: story
  story: S1
  steps:
    - write: {path: src/a.py, text: "x = 1\\n"}
    - edit: {path: src/a.py, old: "1", new: "2"}
    - read: src/a.py
    - delete: README.md
    - run: "test -f src/a.py && echo built > built.txt"
    - commit: "a message of its own"
    - usage: {input: 1200, cached: 800, output: 300, cost: 0.01}
    - usage: {input: 1}
    - say: "found it"
""")
    assert reply.ended.failure is None
    assert (reply.agent, reply.ended.said) == ("scripted", "found it")
    assert reply.ended.usage == Usage(1201, 800, 300, 0.01)
    assert (bench.seat.tree / "src/a.py").read_text() == "x = 2\n"
    assert (bench.seat.tree / "built.txt").read_text() == "built\n"
    assert not (bench.seat.tree / "README.md").exists()
    assert git(bench.seat.git, "log", "-1", "--format=%an: %s") == "baro agent: a message of its own"
    assert git(trusted(bench.seat), "log", "--all", "--format=%s") == "first", "the trusted one knows nothing of that"
    assert bench.heard == [
        Did("write", "src/a.py"),
        Did("read", "src/a.py"),
        Did("write", "README.md"),
        Did("run", note="test -f src/a.py && echo built > built.txt"),
        Did("run", note="git commit"),
        Did("say", note="found it"),
    ]


async def test_a_command_that_fails_ends_the_story_with_its_output_as_evidence(bench: Bench) -> None:
    reply = await bench.play("- steps: [{run: 'echo broken >&2; exit 4'}, {write: {path: never, text: ''}}]")
    assert reply.ended.failure == Failure("execution", "`echo broken >&2; exit 4` ended with exit code 4.", "broken")
    assert not (bench.seat.tree / "never").exists()


async def test_a_scripted_failure_is_told_as_it_stands(bench: Bench) -> None:
    reply = await bench.play("- steps: [{fail: {kind: provider_capacity, message: rate limited, retry_after: 2}}]")
    assert reply.ended.failure == Failure("provider_capacity", "rate limited", "", 2.0)


@pytest.mark.parametrize("code", [0, 3])
async def test_no_exit_code_is_proof_of_a_good_end(bench: Bench, code: int) -> None:
    reply = await bench.play(f"- steps: [{{exit: {code}}}]")
    assert reply.ended.failure is not None
    assert reply.ended.failure.kind == "execution"
    assert f"exit code {code}" in reply.ended.failure.message


async def test_a_step_that_cannot_be_done_is_a_failure_of_the_story(bench: Bench) -> None:
    reply = await bench.play("- steps: [{edit: {path: README.md, old: absent, new: x}}]")
    assert reply.ended.failure is not None
    assert reply.ended.failure.message == "README.md does not contain the text to be replaced."
    reply = await bench.play("- steps: [{read: no/such/file}]", attempt=2)
    assert reply.ended.failure is not None
    assert "no/such/file" in reply.ended.failure.message


async def test_a_one_shot_answers_with_its_json(bench: Bench) -> None:
    reply = await bench.play("- {role: intake, answer: {mode: focused, confidence: 0.9, reason: one}}", "intake")
    assert reply.ended.well
    assert reply.json == {"mode": "focused", "confidence": 0.9, "reason": "one"}


async def test_json_is_found_in_the_text_around_it(bench: Bench) -> None:
    reply = await bench.play('- raw: \'Sure! {"verdict": "pass"} Anything else?\'', "critic")
    assert reply.json == {"verdict": "pass"}


async def test_text_without_json_is_a_failed_one_shot(bench: Bench) -> None:
    reply = await bench.play("- {role: plan, raw: 'I would rather not.'}", "plan")
    assert reply.json is None
    assert reply.ended.failure is not None
    assert reply.ended.failure.evidence == "I would rather not."


@pytest.mark.parametrize("role", ["story", "intake", "plan", "critic", "surgeon"])
async def test_what_no_entry_matches_fails_so_that_the_caller_can_fall_back(bench: Bench, role: str) -> None:
    reply = await bench.play("- {story: S9, answer: {}}", role)
    assert reply.json is None
    assert reply.ended.failure is not None
    assert reply.ended.failure.kind == "execution"
    assert reply.ended.failure.message.startswith(f"No entry of the agents' script answers {role}")


async def test_the_first_entry_that_matches_role_story_and_prompt_answers(bench: Bench) -> None:
    script = """
- {role: critic, answer: {it: 1}}
- {story: S2, answer: {it: 2}}
- {when: '(?i)parser', answer: {it: 3}}
- {answer: {it: 4}}
"""
    assert (await bench.play(script, "critic", prompt="a")).json == {"it": 1}
    assert (await bench.play(script, "surgeon", prompt="b", story="S2")).json == {"it": 2}
    assert (await bench.play(script, "surgeon", prompt="the Parser", story="S1")).json == {"it": 3}
    assert (await bench.play(script, "surgeon", prompt="c", story="S1")).json == {"it": 4}


async def test_times_is_counted_right_when_many_ask_at_once(bench: Bench) -> None:
    bench.script.write_text("- {times: 3, answer: {it: one of three}}\n- {answer: {it: another}}\n")
    fleet = bench.fleet()
    jobs = [bench.job("critic", story=f"S{number}") for number in range(8)]
    replies = await asyncio.gather(*(fleet.run(job, bench.heard.append) for job in jobs))
    assert sorted(reply.json["it"] for reply in replies) == ["another"] * 5 + ["one of three"] * 3


async def test_times_is_counted_across_restarts_and_survives_edits_of_other_entries(bench: Bench) -> None:
    once = "- {times: 1, answer: {it: once}}\n"
    always = "- {answer: {it: always}}\n"
    assert (await bench.play(once + always, "critic", attempt=1)).json == {"it": "once"}
    other = Bench.__new__(Bench)
    other.__dict__ = {**bench.__dict__, "heard": []}
    assert (await other.play("- {role: plan, answer: {}}\n" + once + always, "critic", attempt=2)).json == {
        "it": "always"
    }


async def test_an_attempt_run_again_after_a_crash_gets_its_entry_again_and_counts_once(bench: Bench) -> None:
    script = "- {times: 1, steps: [{write: {path: a, text: a}}]}\n- {steps: [{write: {path: b, text: b}}]}"
    await bench.play(script)
    (bench.home / "runs/run1/logs/S1-1.ended.json").unlink()  # as if the runner had died just before
    await bench.play(script)
    assert not (bench.seat.tree / "b").exists()
    await bench.play(script, attempt=2)
    assert (bench.seat.tree / "b").exists()


async def test_an_attempt_that_ended_is_not_run_again(bench: Bench) -> None:
    """The runner may die between the agent's end and the journal entry that says so."""
    script = "- steps: [{run: 'echo once >> count'}, {say: done}]"
    first = await bench.play(script)
    assert await bench.play(script) == first
    assert (bench.seat.tree / "count").read_text() == "once\n"


async def test_a_one_shot_may_be_asked_again_with_another_prompt(bench: Bench) -> None:
    script = "- {times: 1, raw: 'not json'}\n- {answer: {it: repaired}}"
    assert (await bench.play(script, "plan", prompt="plan this")).json is None
    assert (await bench.play(script, "plan", prompt="plan this; that was no JSON")).json == {"it": "repaired"}


async def test_an_agent_without_a_sign_of_life_is_stopped(bench: Bench) -> None:
    reply = await bench.play("- steps: [{hang: true}]", silence=0.3)
    assert reply.ended.failure == Failure(
        "infrastructure", "scripted showed no sign of life for 0.3 s and was stopped."
    )


async def test_a_running_command_is_work_however_silent(bench: Bench) -> None:
    reply = await bench.play("- steps: [{run: 'sleep 4'}, {say: done}]", silence=2.0)
    assert reply.ended.well


async def test_cancelling_kills_what_the_agent_started(bench: Bench) -> None:
    word = f"scripted-{bench.home.parent.name}"
    bench.script.write_text(yaml.safe_dump([{"steps": [{"run": f"{detached(word)}; wait"}]}]))
    attempt = asyncio.create_task(bench.fleet().run(bench.job(), bench.heard.append))
    await until((bench.seat.tree / "up").exists)
    assert running(word)
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    await until(lambda: not running(word))
    assert not (bench.home / "runs/run1/logs/S1-1.ended.json").exists(), "it did not end: it may run again"
    assert not list((bench.home / "runs/run1/rooms").iterdir())


async def test_what_a_one_shot_sees_is_read_only(bench: Bench) -> None:
    bench.seat = msgspec.structs.replace(bench.seat, writable=False)
    reply = await bench.play("- steps: [{write: {path: README.md, text: mine}}]", "critic")
    assert reply.ended.failure is not None
    assert "Read-only file system" in reply.ended.failure.message
    assert (bench.seat.tree / "README.md").read_text() == "hello\n"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("{", "is not YAML"),
        ("a: 1", "is not a list of entries"),
        ("- {role: boss}", "Entry 1 of"),
        ("- {answer: {}}\n- {roll: plan}", "Entry 2 of"),
        ("- {steps: [{fly: high}]}", "step 1, `fly`, is none of"),
        ("- {steps: [{say: hi}, {write: {path: a}}]}", "step 2, `write`: Object missing required field `text`"),
        ("- {when: '('}", "Entry 1 of"),
    ],
)
async def test_a_script_that_cannot_be_understood_is_named_with_its_entry(
    bench: Bench, script: str, message: str
) -> None:
    with pytest.raises(BaroError) as caught:
        await bench.play(script)
    assert message in str(caught.value)
    assert str(bench.script) in str(caught.value)


async def test_the_stream_is_kept_beside_the_run(bench: Bench) -> None:
    await bench.play("- steps: [{say: hello}]")
    assert (bench.home / "runs/run1/logs/S1-1.out").read_text() == snapshot("""\
{"type": "did", "kind": "say", "path": "", "note": "hello"}
{"type": "said", "text": "hello"}
{"type": "finished"}
""")
    assert (bench.home / "runs/run1/logs/S1-1.err").read_text() == ""
