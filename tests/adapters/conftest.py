"""What tests of adapters share."""

from __future__ import annotations

import pytest

from runner.adapters.workspace import GitWorkspace
from tests.adapters.git_world import World
from tests.adapters.seen import Seen


@pytest.fixture(params=[GitWorkspace, Seen], ids=["worktrees", "overlays"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways in which stories get their trees."""
    monkeypatch.setattr(World, "made", request.param)
