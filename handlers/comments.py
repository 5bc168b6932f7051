"""A new comment asks what its `/baro …` line says; an edited or deleted one asks nothing."""

from __future__ import annotations

from runner.domain.goal import Trigger

from .asks import Ask, Command, Misread, StartRun
from .commands import Goal, Unsure, Word, read
from .payloads import CommentEvent, person, thread
from .us import Us


def created(event: CommentEvent, us: Us) -> Ask | None:
    comment, issue = event.comment, event.issue
    if event.installation is None or us.wrote(comment.performed_via_github_app) or us.sent(event.sender):
        return None
    said = read(comment.body or "")
    if said is None:
        return None
    key = f"comment:{comment.id}"
    installation = event.installation.id
    where = thread(event.repository, issue)
    trigger = Trigger("comment", comment.id)
    sender = person(event.sender)
    match said:
        case Goal(words, wish):
            return StartRun(
                key=key,
                installation=installation,
                thread=where,
                trigger=trigger,
                sender=sender,
                title=issue.title,
                body=issue.body or "",
                url=comment.html_url,
                words=words,
                wish=wish,
            )
        case Word(name):
            return Command(key=key, installation=installation, thread=where, trigger=trigger, sender=sender, name=name)
        case Unsure(said=word, meant=meant):
            return Misread(
                key=key, installation=installation, thread=where, trigger=trigger, sender=sender, said=word, meant=meant
            )
