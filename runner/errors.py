"""Every error baro raises on purpose, as one tree.

    BaroError                 str() is one sentence fit for a comment
    ├── SettingsError         the operator's environment or file is wrong (exit 2)
    ├── ConfigError           the repository's .github/baro.yml is wrong
    ├── GitHubError           GitHub said no, or could not be reached
    │   ├── Forbidden         the App lacks a permission, or the thing is out of its reach
    │   ├── NotFound          GitHub does not know it (or does not show it to us)
    │   └── Unreachable       no answer, or only server errors, for as long as we were willing to wait
    ├── GitError              a git command failed; carries command, exit code and both streams
    │   └── RefMoved          a ref was not where the caller expected it
    ├── SandboxUnavailable    no working sandbox, and the operator did not waive it
    ├── AgentUnavailable      the wanted agent command line is not installed or not signed in
    ├── StoreDown             Redis does not answer, or answers that it cannot
    ├── LeaseLost             another host holds the run, or the journal moved on without us
    ├── StaleSchema           the journal was written by a newer baro than this one
    └── Stalled               a run with nothing in flight, nothing to say and no end

Everything else that is raised is a bug: it is logged with the ids of run and delivery.
"""

from __future__ import annotations


class BaroError(Exception):
    """A failure people should hear about. `hint` says whose turn it is, `evidence` is folded under the sentence."""

    def __init__(self, sentence: str, *, hint: str = "", evidence: str = "") -> None:
        super().__init__(sentence)
        self.hint = hint
        self.evidence = evidence


class SettingsError(BaroError):
    """One or more settings are missing, malformed or unknown; `problems` has a line for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class ConfigError(BaroError):
    """`.github/baro.yml` cannot be understood; `problems` has a line for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("`.github/baro.yml` is not valid: " + "; ".join(problems))
        self.problems = problems


class GitHubError(BaroError):
    """GitHub refused a request or failed to answer it."""


class Forbidden(GitHubError):
    """The App may not do this: 401 or 403 that no waiting will cure."""


class NotFound(GitHubError):
    """404 or 410: it does not exist, or is hidden from this installation."""


class Unreachable(GitHubError):
    """No usable answer within the time we were willing to retry."""


class GitError(BaroError):
    """A git command failed."""

    def __init__(self, sentence: str, *, command: list[str], code: int, stdout: str = "", stderr: str = "") -> None:
        super().__init__(sentence, evidence=f"$ {' '.join(command)}\n(exit {code})\n{stdout}{stderr}".strip())
        self.command = command
        self.code = code
        self.stdout = stdout
        self.stderr = stderr


class RefMoved(GitError):
    """A compare-and-swap on a ref lost: it did not have the expected old value."""


class SandboxUnavailable(BaroError):
    """Agents cannot be isolated here and the operator did not say that this is fine."""


class AgentUnavailable(BaroError):
    """The agent command line is missing or unusable on this host."""


class StoreDown(BaroError):
    """The durable store is away; nothing was decided, and trying again later is right."""


class LeaseLost(BaroError):
    """This host no longer owns the run; whatever it holds in memory must be dropped."""


class StaleSchema(BaroError):
    """The journal has a schema version this code does not read."""


class Stalled(BaroError):
    """Nothing in flight, nothing to say, not ended. `evidence` is the tail of the journal."""
