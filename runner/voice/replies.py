"""What baro answers to a comment or a label when no living comment speaks for it: refusals, help, status, a guess.

A refusal is one line: what the matter is, and whose turn it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from runner.domain.goal import Person, Trigger
from runner.domain.text import code, quote_cell

from .shared import plain

CONFIG = "`.github/baro.yml`"


def reply_marker(trigger: Trigger) -> str:
    """Hidden in the reply, so that saying it twice edits the first one. A label's reply names the issue."""
    return f"<!-- baro:reply={trigger.id if trigger.kind == 'comment' else f'issue-{trigger.id}'} -->"


def marked(text: str, trigger: Trigger) -> str:
    return f"{text}\n\n{reply_marker(trigger)}"


# --- refusals ---------------------------------------------------------------------------------------------------


def not_a_person(sender: Person) -> str:
    who = "A deleted account" if sender.kind == "Ghost" else f"{code(sender.login)} is not a person and"
    return f"{who} cannot ask for work here; someone with write access can comment `/baro <what to do>`."


def not_a_writer(sender: Person, role: str) -> str:
    return (
        f"Only people with write access to this repository can ask for work, and {code(sender.login)} has "
        f"{code(role or 'none')}; someone with write access can ask for you."
    )


def locked() -> str:
    return "This conversation is locked, so I leave it alone; unlock it and ask again."


def closed(kind: str) -> str:
    noun = "pull request" if kind == "pull" else "issue"
    return f"This {noun} is closed, so there is nothing to do here; reopen it and ask again."


def merged() -> str:
    return "This pull request is merged, so nothing can be added to it; open an issue for what is left, and ask there."


def fork() -> str:
    return (
        "The branch of this pull request lives in a fork, where I may not push; "
        "move it to a branch of this repository and ask again."
    )


def bad_config(problems: Sequence[str]) -> str:
    """`problems` are as ConfigError gives them, with backticks around names and values."""
    said = "; ".join(plain(problem).rstrip(".") for problem in problems)
    return f"{CONFIG} on the default branch is not valid ({said}); correct it and ask again."


def busy(run: str) -> str:
    return f"Run {code(run)} is already at work here; wait for it, or stop it with `/baro cancel`."


# --- questions --------------------------------------------------------------------------------------------------


def what_to_do() -> str:
    return "What should be different when this is done? Say it in a sentence or two: `/baro <what to do>`."


def what_about_the_link() -> str:
    return "What should I do about that link? I do not follow it; say it in words: `/baro <what to do>`."


def did_you_mean(said: str, meant: str) -> str:
    """`meant` is empty where there is no guess."""
    guess = f"did you mean `/baro {meant}`?" if meant else "`/baro help` lists what I know."
    # `<` could begin a marker of ours, and a marker is how a comment of ours is found again.
    return f"I do not know the command {code(said.replace('<', '‹'), 60)}; {guess} Nothing was started."


# --- answers ----------------------------------------------------------------------------------------------------


def help_text(label: str) -> str:
    return f"""\
I turn a goal into a pull request. Label an issue {code(label)}, or start a line of a comment with:

| comment | what happens |
|---|---|
| `/baro <what to do>` | on an issue: a new pull request; on a pull request: more commits on its branch |
| `/baro parallel <what to do>` | the same, in that shape: `focused`, `sequential` or `parallel` |
| `/baro status` | how the run on this thread is doing |
| `/baro cancel` | stops the run on this thread; finished work is kept |
| `/baro help` | this table |

Starting and cancelling take write access to the repository. Its wishes live in {CONFIG}."""


def status(header: str, table: str) -> str:
    """`header` is the report's first line, `table` its stories in Markdown, empty before there is a plan."""
    return f"{header}\n\n{table}" if table else header


def no_run_yet() -> str:
    return "There has been no run on this thread; start one with `/baro <what to do>`."


def nothing_to_cancel() -> str:
    return "Nothing is running on this thread, so there is nothing to cancel."


def gave_up(sentence: str) -> str:
    """`sentence` is why, empty where it is an error of ours."""
    why = f" ({quote_cell(sentence.rstrip('.'), 300)})" if sentence else ""
    return f"I could not take this on{why}; ask again, and tell whoever runs this baro if it happens twice."


def label_says() -> str:
    """The label's description on GitHub, at most 100 characters."""
    return "baro turns this issue into a pull request"
