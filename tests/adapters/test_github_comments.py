"""baro's comments and reactions on a GitHub that loses answers, has strangers, and forgets nothing."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runner.adapters.github import GitHub
from runner.domain.goal import Trigger
from runner.errors import Forbidden, NotFound, Unreachable

from .github_world import BOT, REPO, World, world
