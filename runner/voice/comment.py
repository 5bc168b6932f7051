"""The living comment: one per run, edited in place, its first line fit for a notification."""

from __future__ import annotations

from runner.domain.report import Report
from runner.domain.run import Outcome, RunSpec

from . import network, shared


def marker(run: str) -> str:
    """Hidden in the comment so that it is found again."""
    return f"<!-- baro:run={run} -->"


def living(report: Report, now: float) -> str:
    """The whole body. `now` in seconds since the epoch, for how long it has been going."""
    parts = [
        f"{_icon(report)} **{_header(report)}**",
        _ending(report),
        _shape(report),
        shared.table(report.lines) if report.lines else "",
        shared.bullets(shared.remarks(report)),
        shared.verification(report),
        shared.kept(report),
        shared.folded("How the stories depend on each other", shared.picture(report.lines))
        if _branching(report)
        else "",
        shared.evidence(report.evidence) if report.evidence else "",
        network.unreached(report),
        _footer(report, now),
        marker(report.spec.id),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _branching(report: Report) -> bool:
    return len(report.lines) > 1


def _icon(report: Report) -> str:
    if report.outcome is None:
        return "🛠️" if report.taken_at else "🕓"
    return {
        Outcome.DONE: "✅",
        Outcome.GAPS: "🟡",
        Outcome.UNCHANGED: "➖",
        Outcome.FAILED: "❌",
        Outcome.CANCELLED: "⏹️",
    }[report.outcome]


def _header(report: Report) -> str:
    if report.outcome is not None:
        return _result(report)
    landed = sum(line.state in ("landed", "unchanged") for line in report.lines)
    match report.phase:
        case "queued":
            return "baro has taken this on and starts as soon as a runner is free"
        case "preparing":
            return "baro is fetching the repository"
        case "intake":
            return "baro is deciding the shape of the work"
        case "planning":
            return "baro is planning the stories"
        case "publishing":
            return "baro is publishing the result"
    if len(report.lines) == 1:
        return "baro is working on it"
    return f"baro is working on it: {landed} of {len(report.lines)} stories landed"


def _result(report: Report) -> str:
    match report.outcome:
        case Outcome.DONE if report.spec.pull:
            return f"baro added its work to this pull request ({_landed(report)})"
        case Outcome.DONE:
            return f"baro opened #{report.pull_number} ({_landed(report)})"
        case Outcome.GAPS if report.complete and report.spec.pull:
            return "baro did it, on a branch of its own"
        case Outcome.GAPS if report.pull_number and report.landed:
            why = "it conflicts with the base branch" if report.collides else "a check fails"
            return f"baro opened #{report.pull_number} as a draft: {why} ({_landed(report)})"
        case Outcome.GAPS if report.pull_number:
            return f"baro opened #{report.pull_number} as a draft: part of it is missing ({_landed(report)})"
        case Outcome.GAPS:
            return f"baro did part of it ({_landed(report)})"
        case Outcome.UNCHANGED:
            return "baro changed nothing"
        case Outcome.CANCELLED:
            return "baro stopped: cancelled"
    return "baro could not do this"


def _landed(report: Report) -> str:
    landed = sum(line.state in ("landed", "unchanged") for line in report.lines)
    total = len(report.lines)
    return f"{landed} of {total} {'story' if total == 1 else 'stories'}"


def _ending(report: Report) -> str:
    if report.outcome in (None, Outcome.DONE):
        return ""
    return f"{shared.plain(report.sentence)} {shared.plain(report.hint)}".strip()


def _shape(report: Report) -> str:
    if report.intake is None:
        return ""
    mode = report.mode or report.intake.mode
    parts = [f"Shape: {shared.shape(mode, report.intake)}"]
    if report.adjustments:
        parts.append(shared.bullets(map(shared.plain, report.adjustments)))
    return "\n\n".join(parts)


def _footer(report: Report, now: float) -> str:
    since = report.taken_at or report.submitted_at
    took = shared.duration((report.concluded_at or now) - since)
    spent = shared.spent(report.usage)
    if report.outcome is None:
        return f"<sub>run `{report.spec.id}` · {spent} so far · `/baro cancel` stops it</sub>"
    return f"<sub>run `{report.spec.id}` · {took} · {spent}</sub>"


def status(report: Report) -> tuple[str, str]:
    """What `/baro status` answers: the header, and the stories if there are any."""
    header = f"{_icon(report)} {_header(report)}"
    return header, shared.table(report.lines) if report.lines else ""


def given_up(spec: RunSpec) -> str:
    """When the run's own participants cannot speak any more."""
    return (
        "❌ **baro could not do this**\n\n"
        "baro ran into an error of its own, several times over, and gave this run up. "
        f"Whoever runs this baro finds the details in its log under `{spec.id}`.\n\n{marker(spec.id)}\n"
    )
