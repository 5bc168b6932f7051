"""Phrases that more than one surface uses: numbers, story states, the stories table, the picture of the DAG."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from runner.domain.agent import Role, Usage
from runner.domain.change import HeldBack, NotPushed, Pushed, held_back_patch
from runner.domain.events import Rerouted
from runner.domain.mode import Intake, Mode
from runner.domain.report import Line, Report, StoryState
from runner.domain.text import clip, code, fence, html_words, one_line, quote_cell
from runner.domain.verdict import CheckResult

EVIDENCE_LIMIT = 4_000
"""characters of evidence under a fold"""
UNKNOWN = "–"

_STATES: dict[StoryState, str] = {
    "waiting": "⏳ waiting",
    "running": "🔧 working",
    "retrying": "🔁 trying again",
    "merging": "🔀 merging",
    "landed": "✅ landed",
    "unchanged": "➖ nothing to change",
    "preserved": "⚠️ not merged, kept",
    "failed": "❌ failed",
    "blocked": "🚫 blocked",
    "stopped": "⏹️ stopped",
}

_COLOURS: dict[StoryState, str] = {
    "landed": "fill:#dafbe1,stroke:#1a7f37",
    "unchanged": "fill:#eaeef2,stroke:#6e7781",
    "running": "fill:#ddf4ff,stroke:#0969da",
    "retrying": "fill:#ddf4ff,stroke:#0969da",
    "merging": "fill:#ddf4ff,stroke:#0969da",
    "failed": "fill:#ffebe9,stroke:#cf222e",
    "preserved": "fill:#fff8c5,stroke:#9a6700",
    "blocked": "fill:#ffebe9,stroke:#6e7781",
}

_SOURCES = {
    "user": "you chose it",
    "config": "`.github/baro.yml` says so",
    "rule": "by rule",
    "model": "decided by a model",
    "fallback": "fallback",
}


def plain(text: str, limit: int = 600) -> str:
    """A sentence of the journal, ended as one: `code` stays code, everything else shows as the very words."""
    parts = re.split(r"`([^`\n]+)`", clip(text, limit))
    said = "".join(code(part, limit) if at % 2 else _inert(part) for at, part in enumerate(parts)).strip()
    return said if not said or said[-1] in ".!?…:" else f"{said}."


def _inert(part: str) -> str:
    """quote_cell folds the spaces at the edges away; between code and words they count."""
    before, after = " " * part[:1].isspace(), " " * part[-1:].isspace()
    return f"{before}{quote_cell(part, len(part) or 1)}{after}" if part.strip() else " " * bool(part)


def duration(seconds: float | None) -> str:
    if seconds is None:
        return UNKNOWN
    whole = round(seconds)
    if whole == 0:
        return "under 1 s"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def tokens(usage: Usage) -> str:
    count = usage.tokens
    if count is None:
        return UNKNOWN
    return str(count) if count < 1000 else f"{count / 1000:.1f}k" if count < 1_000_000 else f"{count / 1e6:.1f}M"


def spent(usage: Usage) -> str:
    """`12.3k tokens, $0.12`; what no agent reported is unknown, which is not zero."""
    cost = "" if usage.cost is None else f", ${usage.cost:.2f}"
    return "tokens unknown" if usage.tokens is None else f"{tokens(usage)} tokens{cost}"


def shape(mode: Mode, intake: Intake) -> str:
    """`**parallel**, confidence 93% (decided by a model): three modules that share no file`."""
    reason = plain(intake.reason, 400)
    return f"**{mode}**, confidence {intake.confidence:.0%} ({_SOURCES[intake.source]}): {reason}"


def state(line: Line) -> str:
    attempt = f" (attempt {line.attempt})" if line.attempt > 1 and line.state == "running" else ""
    return _STATES[line.state] + attempt


def table(lines: Sequence[Line]) -> str:
    """One row a story, its id first."""
    head = "| Story | What | Depends on | State | Agent | Tokens | Time | Commit |\n|---|---|---|---|---|--:|--:|---|"
    return "\n".join([head, *(_row(line) for line in lines)])


def _row(line: Line) -> str:
    needs = ", ".join(line.depends_on) or UNKNOWN
    commit = line.commit[:7] or UNKNOWN
    cells = (line.id, quote_cell(line.title), needs, state(line), quote_cell(line.agent) or UNKNOWN)
    return f"| {' | '.join((*cells, tokens(line.usage), duration(line.seconds), commit))} |"


def picture(lines: Sequence[Line]) -> str:
    """The DAG as Mermaid, coloured by state."""
    rows = ["flowchart LR"]
    rows += [f'  {line.id}["{line.id}: {_label(line.title)}"]' for line in lines]
    rows += [f"  {before} --> {line.id}" for line in lines for before in line.depends_on]
    rows += [f"  style {line.id} {_COLOURS[line.state]}" for line in lines if line.state in _COLOURS]
    return "```mermaid\n" + "\n".join(rows) + "\n```"


def _label(title: str) -> str:
    """Mermaid reads quotes, brackets and entities; a label keeps words, digits and plain punctuation."""
    return "".join(c if c.isalnum() or c in " .,-/" else " " for c in one_line(title, 60)).strip()


def remarks(report: Report) -> list[str]:
    """What a reader must know beside the table: reasons, changes of the plan, held-back paths, discarded lines."""
    said = [
        f"**{healing.story}** {_HEALED[healing.action]}: {plain(healing.reason, 400)}" for healing in report.healings
    ]
    said += map(_rerouted, report.reroutes)
    for line in report.lines:
        said += _story_remarks(line)
    if any(line.held_back for line in report.lines):
        said.append(_left_out())
    said += [
        f"{code(check.name)} is defined in {code(check.source)}, which this run changed" for check in report.rewritten
    ]
    return said + [
        f"**{warning.story}** came close to {code(warning.path)}, which {warning.other} had changed and was still at"
        for warning in report.warnings
    ]


_HEALED = {
    "split": "failed and was split",
    "prerequisite": "failed and got a prerequisite",
    "rewire": "failed and was put in another place",
    "drop": "failed and was dropped",
}


def _rerouted(one: Rerouted) -> str:
    who = f"**{one.story}**" if one.role == "story" else _ASKED[one.role] + (f" of **{one.story}**" * bool(one.story))
    return f"{who} went on with {code(one.taken)} instead of {code(one.left)}: {plain(one.why, 300)}"


_ASKED: dict[Role, str] = {"intake": "Intake", "plan": "Planning", "critic": "The review", "surgeon": "The mending"}


def _story_remarks(line: Line) -> Iterator[str]:
    if line.note and line.state in ("failed", "preserved", "blocked", "retrying"):
        yield f"**{line.id}** {plain(line.note, 400)}"
    if line.verdict is not None and line.state not in ("failed", "preserved"):
        violated = "; ".join(line.verdict.violated_criteria) or line.verdict.reasoning
        yield f"**{line.id}** was sent back by the reviewer: {plain(violated, 400)}"
    for held in line.held_back:
        what = code(held.path) if held.files == 1 else f"{held.files:,} files below {code(held.path)}"
        yield f"**{line.id}** left out {what}: {'it' if held.files == 1 else 'each'} {plain(held.reason)}"
    if line.outside:
        yield f"**{line.id}** also changed what it had not declared: {_paths(line.outside)}"
    if line.discarded:
        yield _replaced(line)


def _replaced(line: Line) -> str:
    """Whose lines a merge dropped, and what the checks of those stories said afterwards."""
    paths = [
        f"{len(dropped.lines)} line{'s' if len(dropped.lines) != 1 else ''} of {code(dropped.path)}"
        for dropped in line.discarded
    ]
    writers = " and ".join(f"**{id}**" for id in line.written_by) or "another story"
    failed = [code(check.name) for check in line.checks if check.state == "fail"]
    passed = any(check.state == "pass" for check in line.checks)
    checked = f"; checked again, {', '.join(failed)} failed" if failed else "; checked again, nothing failed" * passed
    return f"**{line.id}** replaced {', '.join(paths)} that {writers} had written{checked}"


def _left_out() -> str:
    """What a person can do about it."""
    return (
        f"What was left out stays on the runner for a while, as {code(held_back_patch('<story>'))} in this run's "
        "directory. Whoever runs this baro can look at it there and, if it is right, add it with `git apply`."
    )


def verification(report: Report) -> str:
    """`pytest` passed, `mypy` failed, `cargo test` skipped (…): three states, and the output of what failed. What
    failed before the run as well is said to have, with both outputs."""
    if report.unverified:
        return f"Not verified: {plain(report.unverified, 300)}"
    blamed = report.blamed
    old = "failed on this pull request before" if report.spec.pull else f"fails on {code(report.spec.base_ref)} too"
    said = [
        f"⚠️ {code(check.name)} {old}: {code(check.command)}"
        if check.state == "fail" and check not in blamed
        else _check(check)
        for check in report.checks
    ]
    folds = [evidence(c.output, f"Output of {html_words(c.name)}") for c in report.checks if c.state == "fail"]
    folds += [
        evidence(c.output, f"Output of {html_words(c.name)} without this run's work") for c in report.failing_before
    ]
    return "\n\n".join([bullets(said), *folds]) if said else ""


def _check(check: CheckResult) -> str:
    match check.state:
        case "pass":
            return f"✅ {code(check.name)} passed in {duration(check.seconds)}"
        case "fail":
            return f"❌ {code(check.name)} failed: {code(check.command)}"
        case "skipped":
            return f"➖ {code(check.name)} was skipped: {plain(check.reason, 200)}"


def _paths(paths: Sequence[str], limit: int = 5) -> str:
    more = f" and {len(paths) - limit} more" if len(paths) > limit else ""
    return ", ".join(code(path) for path in paths[:limit]) + more


def kept(report: Report) -> str:
    """Branches that hold work which is not in the result, with the commands that bring it back."""
    said = []
    for branch in report.kept:
        match branch:
            case Pushed():
                said.append(
                    f"Work that is not in the result is on `{branch.branch}`: "
                    f"`git fetch origin {branch.branch} && git cherry-pick FETCH_HEAD`"
                )
            case NotPushed():
                said.append(f"`{branch.branch}` stays on the runner: {plain(branch.reason)}{_which(branch.held_back)}")
    return bullets(said)


def _which(held: Sequence[HeldBack], limit: int = 5) -> str:
    named = [f" {code(one.path)} {plain(one.reason)}" for one in held[:limit]]
    return "".join(named) + (f" And {len(held) - limit} more." if len(held) > limit else "")


def bullets(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def folded(summary: str, text: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>"


def evidence(text: str, summary: str = "What went wrong") -> str:
    return folded(summary, fence(text, EVIDENCE_LIMIT))
