"""Clone, worktrees, merges and pushes of a run, with real git: satisfies `runner.ports.Workspace`."""

from .decoy import SHOWN_AT, pointer
from .facade import GitWorkspace
from .remote import Remote

__all__ = ["SHOWN_AT", "GitWorkspace", "Remote", "pointer"]
