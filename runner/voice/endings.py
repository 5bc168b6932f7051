"""How a run ends, and why a story did not make it: one plain sentence each, and whose turn it is.

They go into the journal as they are, with backticks around names and commands; every surface escapes the rest in its
own way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from runner.domain.change import HeldBack, NotPushed, Preserved, Pushed
from runner.domain.events import StoryFailed
from runner.domain.goal import PullTarget
from runner.domain.run import Outcome
from runner.domain.verdict import Verdict

_REACTIONS: dict[Outcome, Literal["rocket", "confused", "-1"]] = {
    Outcome.DONE: "rocket",
    Outcome.GAPS: "confused",
    Outcome.UNCHANGED: "confused",
    Outcome.FAILED: "-1",
    Outcome.CANCELLED: "-1",
}


def reaction(outcome: Outcome) -> Literal["rocket", "confused", "-1"]:
    return _REACTIONS[outcome]


# --- endings ---------------------------------------------------------------------------------------------------


def done() -> str:
    return "Everything that was planned is done."


def gaps(first: StoryFailed | None, held_back: Sequence[HeldBack]) -> str:
    if first is not None:
        return f"Part of it is done; {first.story} is missing: {first.sentence}"
    paths = ", ".join(f"`{held.path}`" for held in held_back[:3])
    return f"Done except for what baro may not publish: {paths}{' and more' if len(held_back) > 3 else ''}."


def gaps_hint() -> str:
    return "Take over from the branch, or ask again for what is missing with `/baro <goal>`."


def unchanged() -> str:
    return "The agents finished without changing a file, so there is no pull request."


def unchanged_hint() -> str:
    return "If something should have changed, say more precisely what, with `/baro <goal>`."


def story_failed(failed: StoryFailed) -> str:
    return f"{failed.story} failed and nothing could be shipped: {failed.sentence}"


def retry_hint() -> str:
    return "Ask again with `/baro <goal>`, perhaps for less or with more detail."


def cancelled(by: str, kept: Pushed | None) -> str:
    what = f" What had landed by then is on `{kept.branch}`." if kept else " Nothing had landed yet."
    return f"Cancelled by {by}.{what}"


def stopped(why: str, sentence: str) -> str:
    """A stop that nobody asked for: the clock, the budget, or a plan that could not be mended."""
    match why:
        case "budget":
            return sentence
        case "surgeon":
            return f"A story failed and the rest was given up: {sentence}"
    return "The run reached its time limit before everything was done."


def tokens_used(used: int, limit: int) -> str:
    return f"The run used {used:,} of its {limit:,} tokens, so nothing more was started."


def cost_used(used: float, limit: float) -> str:
    return f"The run used ${used:.2f} of its ${limit:.2f}, so nothing more was started."


def checks_failed(names: Sequence[str]) -> str:
    return f"Everything was done, but {_listed(names)} {'fails' if len(names) == 1 else 'fail'} on the result."


def head_moved(pull: PullTarget, pushed: Pushed) -> str:
    moved = f"`{pull.head_ref}` moved while baro worked on it, so nothing was pushed there"
    return f"{moved}; the work is on `{pushed.branch}`."


def head_moved_hint(pushed: Pushed) -> str:
    return f"Merge it with `git fetch origin {pushed.branch} && git merge FETCH_HEAD`, or ask again."


def not_pushed(refused: NotPushed) -> str:
    first = f" (`{refused.held_back[0].path}` {refused.held_back[0].reason})" if refused.held_back else ""
    return f"The result could not be pushed to `{refused.branch}`: {refused.reason}{first}"


def no_pull(sentence: str, pushed: Pushed) -> str:
    return f"The work is on `{pushed.branch}`, but the pull request could not be opened: {sentence}"


def own_error(sentence: str) -> tuple[str, str]:
    return "baro ran into an error of its own and gave up on this run.", sentence


def own_error_hint() -> str:
    return "Whoever runs this baro finds the details in its log under the run's id."


def stalled(tail: str) -> tuple[str, str]:
    return "baro lost track of this run and gave it up: nothing was in flight and nothing had ended it.", tail


# --- stories ---------------------------------------------------------------------------------------------------


def not_merged(kept: Preserved) -> str:
    return f"its work could not be merged ({kept.reason}) and is kept on `{kept.branch}`."


def all_held_back(held_back: Sequence[HeldBack]) -> str:
    first = held_back[0]
    return f"all it changed may not be published (`{first.path}`: {first.reason})."


def not_accepted(verdict: Verdict) -> str:
    violated = verdict.violated_criteria
    return f"a reviewer found it not done twice over: {violated[0] if violated else verdict.reasoning}"


def conflicting(kept: Preserved) -> str:
    """Evidence for doing a story again on top of what it conflicts with."""
    return (
        "Your work could not be merged with what other stories have landed meanwhile "
        f"({kept.reason}). You start from their result now: "
        "do your story again on top of it, and keep what they did.\n\n"
        f"{kept.evidence}"
    ).strip()


def no_healing(problems: Sequence[str]) -> str:
    return f"the plan could not be mended: {'; '.join(problems[:3]) or 'no usable proposal came back'}"


def does_not_fit(mode: str) -> str:
    return f"the mended plan does not fit {mode} work within its limits"


def collides(paths: Sequence[str]) -> str:
    return f"Everything was done, but the base branch has moved meanwhile and conflicts in {_listed(paths)}."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def closed_too_long(sentence: str, until: float) -> str:
    """`until` in seconds since the epoch."""
    when = datetime.fromtimestamp(until, UTC)
    return f"{sentence.rstrip('.')} until {when:%H:%M} UTC on {when:%d %B}, which is longer than this run may take."


# --- intake ----------------------------------------------------------------------------------------------------


def no_intake(sentence: str) -> str:
    return f"the shape could not be decided ({sentence.rstrip('.')}), so one focused story it is"


def no_plan(problems: Sequence[str]) -> str:
    first = "; ".join(problem.rstrip(".") for problem in problems[:3])
    return f"no usable plan came back ({first}), so one focused story it is"
