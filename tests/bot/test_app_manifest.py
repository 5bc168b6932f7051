"""What an operator grants by app.yml is what the code needs, and no more than that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bot.doctor.github import subscribed
from handlers import PAYLOADS
from runner.adapters.github.permissions import GRANTS, RESERVED, needed

ROOT = Path(__file__).parents[2]
ALWAYS_DELIVERED = {"installation", "installation_repositories"}
"""events that reach every App without a subscription"""


def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "app.yml").read_text())
    return loaded


def test_every_permission_the_code_asks_a_token_for_is_granted() -> None:
    granted = manifest()["default_permissions"]
    for wanted in GRANTS.values():
        assert all(granted[name] in (access, "write") for name, access in wanted.items())


def test_what_the_doctor_asks_for_is_what_the_manifest_grants() -> None:
    assert needed() == manifest()["default_permissions"]
    assert subscribed() == set(manifest()["default_events"])


def test_nothing_is_granted_that_the_code_does_not_need() -> None:
    granted = manifest()["default_permissions"]
    assert set(granted) - set(RESERVED) == {name for wanted in GRANTS.values() for name in wanted}
    assert "workflows" not in granted


def test_every_event_that_can_ask_for_something_is_subscribed_to() -> None:
    assert set(PAYLOADS) - ALWAYS_DELIVERED <= set(manifest()["default_events"])
