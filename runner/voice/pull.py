"""The pull request: what was asked, how it was cut, what became of each story, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from runner.domain.change import Change
from runner.domain.report import Report
from runner.domain.text import code, defused, html_words, one_line, quote_block, quote_cell

from . import comment, isolation, network, shared

TITLE_LENGTH = 200
GOAL_LENGTH = 2_000
PATHS_SHOWN = 50


def title(report: Report) -> str:
    """The issue's title or the goal's first line; `[checkpoint]` when something is missing."""
    prefix = "" if report.complete else "[checkpoint] "
    return prefix + one_line(defused(one_line(report.spec.goal.title)), TITLE_LENGTH)


def body(report: Report, changes: Sequence[Change]) -> str:
    assert report.intake is not None
    assert report.mode is not None
    remarks, checked = shared.remarks(report), shared.verification(report)
    parts = [
        _closes(report),
        quote_block(_goal(report), GOAL_LENGTH),
        f"**Shape:** {shared.shape(report.mode, report.intake)}",
        shared.bullets(map(shared.plain, report.adjustments)),
        "### Stories",
        shared.table(report.lines),
        shared.picture(report.lines) if len(report.lines) > 1 else "",
        f"### What to know\n\n{shared.bullets(remarks)}" if remarks else "",
        f"### Verification\n\n{checked}" if checked else "",
        shared.kept(report),
        _discarded(report),
        _exposed(report),
        network.unreached(report),
        shared.folded(f"{len(changes)} changed file{'s' if len(changes) != 1 else ''}", _changes(changes)),
        _footer(report),
        comment.marker(report.spec.id),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _goal(report: Report) -> str:
    goal = report.spec.goal
    return goal.title if goal.title == goal.text else f"{goal.title}\n\n{goal.text}".strip()


def _closes(report: Report) -> str:
    number = report.spec.thread.number
    if not report.complete or report.spec.thread.kind != "issue":
        return f"Part of #{number}"
    if report.failing_before:  # it may be the very thing that was to be mended
        failing = ", ".join(code(check.name) for check in report.failing_before)
        return (
            f"Part of #{number}: {failing} fails with this work as it did before, so whether it is done is yours to say"
        )
    return f"Closes #{number}"


def _discarded(report: Report) -> str:
    """Every line that merging in favour of a story dropped, so that nobody has to find out later."""
    parts = [
        shared.evidence("\n".join(d.lines), f"Lines of <code>{html_words(d.path)}</code> that {line.id} replaced")
        for line in report.lines
        for d in line.discarded
    ]
    return "\n\n".join(parts)


def _exposed(report: Report) -> str:
    """Code by an agent that was less isolated than it should be deserves another look."""
    if report.isolation is None or report.isolation.level == "full":
        return ""
    return f"⚠️ {isolation.level(report.isolation)}."


def _changes(changes: Sequence[Change]) -> str:
    rows = [f"- {quote_cell(c.path)} {_size(c)}" for c in changes[:PATHS_SHOWN]]
    more = len(changes) - PATHS_SHOWN
    return "\n".join([*rows, f"- and {more} more"] if more > 0 else rows)


def _size(change: Change) -> str:
    if change.added is None or change.removed is None:
        return f"({change.status}, binary)"
    return f"({change.status}, +{change.added} −{change.removed})"


def _footer(report: Report) -> str:
    thread, spent = report.spec.thread, _spent(report)
    saved = ""
    if report.alone_seconds is not None and report.wall_seconds is not None and len(report.lines) > 1:
        alone, together = shared.duration(report.alone_seconds), shared.duration(report.wall_seconds)
        saved = f" · stories done in {together}, one after another {alone}"
    by = quote_cell(report.spec.requester.login)
    held = ""
    if report.isolation is not None and report.isolation.level == "full":
        held = f" · {isolation.level(report.isolation)}"
    return f"<sub>Asked for by {by} in #{thread.number} · run `{report.spec.id}` · {spent}{saved}{held}</sub>"


def _spent(report: Report) -> str:
    """In all, and by what it was for where that is more than one thing."""
    total = shared.spent(report.usage)
    if len(report.spent) < 2:
        return total
    return f"{total} ({', '.join(f'{what} {shared.tokens(usage)}' for what, usage in report.spent)})"
