"""An issue that gets our label asks for a run; `baro:parallel` and its like ask for a mode as well."""

from __future__ import annotations

from runner.domain.goal import Trigger

from .asks import StartRun
from .payloads import IssueEvent, person, thread
from .us import Us


def labeled(event: IssueEvent, us: Us) -> StartRun | None:
    """Only the act of labelling asks, never an issue that was opened with the label on it."""
    issue, label = event.issue, event.label
    if event.installation is None or label is None or label.name not in (us.label, *us.mode_labels):
        return None
    if issue.pull_request is not None or us.sent(event.sender):
        return None
    return StartRun(
        # With `updated_at`, taking the label off and putting it on again asks anew; a redelivery does not.
        key=f"label:{event.repository.id}#{issue.number}:{label.name}:{issue.updated_at}",
        installation=event.installation.id,
        thread=thread(event.repository, issue),
        trigger=Trigger("issue", issue.number),
        sender=person(event.sender),
        title=issue.title,
        body=issue.body or "",
        url=issue.html_url,
        wish=us.mode_labels.get(label.name),
    )
