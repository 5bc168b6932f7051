"""An ask that a source from outside has put is one to start a run, as if its person had labelled the thread."""

from __future__ import annotations

import msgspec

from runner.domain.goal import Person, Repository, Thread, Trigger
from runner.extend import SourceAsk

from .asks import StartRun


def start_run(source: str, said: SourceAsk) -> StartRun:
    """Raises ValueError for what is no valid ask: sources are other people's code, so nothing is taken on trust.

    There is no comment to react to, so the thread itself carries our reaction. The person's account id is not known,
    which admission takes as "whoever has this login now".
    """
    ask = _checked(said)
    owner, _, name = ask.repository.partition("/")
    return StartRun(
        # The source's name goes first, so that two sources cannot take each other's asks for their own.
        key=f"source:{source}:{ask.key}",
        installation=ask.installation,
        thread=Thread(Repository(ask.repository_id, owner, name), ask.number, ask.kind),
        trigger=Trigger("issue", ask.number),
        sender=Person(id=0, login=ask.on_behalf_of),
        title=ask.title,
        body=ask.body,
        url=ask.url,
        wish=ask.mode,
    )


def _checked(said: object) -> SourceAsk:
    """Through the wire format: a struct built in Python has not been validated."""
    try:
        return msgspec.convert(msgspec.to_builtins(said, builtin_types=(bytes, bytearray)), SourceAsk)
    except (msgspec.ValidationError, TypeError) as wrong:
        raise ValueError(f"not a valid SourceAsk: {wrong}") from wrong
