"""What follows once no story is left: the result is verified, compared, pushed and shown, or it is said why not."""

from __future__ import annotations

from collections.abc import Iterator

from runner.domain import events as e
from runner.domain.change import HeldBack, NotPushed, Pushed
from runner.domain.run import Outcome
from runner.voice import endings

from .progress import Progress


def ship(now: Progress) -> Iterator[e.Event]:
    """What is done leaves the machine: verified first, unless the run was told to stop."""
    if now.landed and not now.stop:
        yield e.VerifyWanted(story="", commit=[*now.landed.values()][-1], stories=(*now.landed,))
    elif now.landed or now.preserved:
        yield e.PushWanted(preserved=now.preserved)
    else:
        yield _nothing_to_ship(now)


def _nothing_to_ship(now: Progress) -> e.RunConcluded:
    if now.stop:
        return stopped(now)
    if now.failures:
        first = now.failures[0]
        return e.RunConcluded(Outcome.FAILED, endings.story_failed(first), endings.retry_hint(), first.evidence)
    return e.RunConcluded(Outcome.UNCHANGED, endings.unchanged(), endings.unchanged_hint())


def follow(now: Progress, event: e.Event) -> Iterator[e.Event]:
    """What a step of it asks for next; nothing for any other event."""
    spec = now.spec
    assert spec is not None
    match event:
        case e.Verified() if now.uncompared:
            yield e.CompareWanted(now.base, now.uncompared)
        case e.Verified() | e.Compared():
            yield e.PushWanted(preserved=now.preserved)
        case e.PushEnded(run=NotPushed(moved=True)) if spec.pull is not None and not now.stop:
            yield from _aside(now, event)
        case e.PushEnded(run=NotPushed() as refused):
            yield e.RunConcluded(Outcome.FAILED, endings.not_pushed(refused), "", refused.evidence)
        case e.PushEnded() if now.stop == "cancelled":
            yield stopped(now)
        case e.PushEnded(run=Pushed() as pushed) if spec.pull is not None:
            yield _follow_up_ended(now, pushed)
        case e.PushEnded(run=Pushed()):
            yield e.PullWanted(draft=not _complete(now))
        case e.PushEnded():
            yield _nothing_to_ship(now)
        case e.PullShown():
            yield _done(now)


def _aside(now: Progress, event: e.PushEnded) -> Iterator[e.Event]:
    """Somebody pushed to the pull request's branch meanwhile: keep the work beside it, never over it."""
    assert isinstance(event.run, NotPushed)
    assert now.spec is not None
    if event.run.branch == now.spec.branch:
        yield e.RunConcluded(Outcome.FAILED, endings.not_pushed(event.run), "", event.run.evidence)
    else:
        yield e.PushWanted(aside=True)


def _follow_up_ended(now: Progress, pushed: Pushed) -> e.RunConcluded:
    spec = now.spec
    assert spec is not None
    assert spec.pull is not None
    if pushed.branch != spec.pull.head_ref:
        return e.RunConcluded(Outcome.GAPS, endings.head_moved(spec.pull, pushed), endings.head_moved_hint(pushed))
    return _done(now)


def _done(now: Progress) -> e.RunConcluded:
    if _complete(now):
        return e.RunConcluded(Outcome.DONE, endings.done())
    first = now.failures[0] if now.failures else None
    return e.RunConcluded(Outcome.GAPS, _gaps(now, first), endings.gaps_hint(), first.evidence if first else "")


def _gaps(now: Progress, first: e.StoryFailed | None) -> str:
    if now.stop:
        return endings.stopped(now.stop, now.stop_sentence)
    if first is None and not _held_back(now):
        return endings.collides(now.collides) if now.collides else endings.checks_failed(now.failed_checks)
    return endings.gaps(first, _held_back(now))


def _held_back(now: Progress) -> tuple[HeldBack, ...]:
    return tuple(held for story in now.landed for held in now.held_back.get(story, ()))


def _complete(now: Progress) -> bool:
    return not (now.failures or _held_back(now) or now.stop or now.failed_checks or now.collides)


def stopped(now: Progress) -> e.RunConcluded:
    assert now.stop is not None
    if now.stop != "cancelled":
        return e.RunConcluded(Outcome.FAILED, endings.stopped(now.stop, now.stop_sentence), endings.retry_hint())
    kept = now.pushed if isinstance(now.pushed, Pushed) else None
    return e.RunConcluded(Outcome.CANCELLED, endings.cancelled(now.stop_sentence, kept))
