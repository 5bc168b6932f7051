"""GitHub behind runner.ports: `connect(...)` gives one App's comments, pull requests, repositories and git remote."""

from .connection import GitHub, connect

__all__ = ["GitHub", "connect"]
