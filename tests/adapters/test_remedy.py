"""A sandbox that does not start says exactly what to do about it on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from inline_snapshot import snapshot

from runner.adapters.sandbox.remedy import absent, remedy

REFUSED = "bwrap: setting up uid map: Permission denied"


def put(root: Path, name: str, text: str = "") -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


@pytest.mark.parametrize(
    ("knob", "value", "advice"),
    [
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "1",
            snapshot(
                "This system's AppArmor forbids user namespaces (Ubuntu does since 23.10). Allow them to bubblewrap with a profile (`userns,` for its path, see `man apparmor.d`), or for all with `sysctl kernel.apparmor_restrict_unprivileged_userns=0`, or set BARO_SANDBOX=none if this machine is isolation enough."
            ),
        ),
        (
            "kernel/unprivileged_userns_clone",
            "0",
            snapshot(
                "User namespaces are switched off: `sysctl kernel.unprivileged_userns_clone=1`, and the same in /etc/sysctl.d to keep it so, or set BARO_SANDBOX=none if this machine is isolation enough."
            ),
        ),
        (
            "user/max_user_namespaces",
            "0",
            snapshot(
                "User namespaces are switched off: `sysctl user.max_user_namespaces=15000`, and the same in /etc/sysctl.d to keep it so, or set BARO_SANDBOX=none if this machine is isolation enough."
            ),
        ),
    ],
)
def test_it_follows_the_kernel_setting_that_forbids_it(tmp_path: Path, knob: str, value: str, advice: str) -> None:
    put(tmp_path, knob, f"{value}\n")
    assert remedy(REFUSED, kernel=tmp_path, root=tmp_path) == advice


def test_a_kernel_setting_outranks_the_container_it_was_found_in(tmp_path: Path) -> None:
    put(tmp_path, "user/max_user_namespaces", "0\n")
    put(tmp_path, ".dockerenv")
    assert "sysctl user.max_user_namespaces=15000" in remedy(REFUSED, kernel=tmp_path, root=tmp_path)


@pytest.mark.parametrize(
    ("mark", "advice"),
    [
        (
            ".dockerenv",
            snapshot(
                "The container around baro forbids it: start it with `docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined`, or set BARO_SANDBOX=none if this machine is isolation enough."
            ),
        ),
        (
            "run/.containerenv",
            snapshot(
                "The container around baro forbids it: start it with `podman run --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt unmask=ALL`, or set BARO_SANDBOX=none if this machine is isolation enough."
            ),
        ),
        (
            "var/run/secrets/kubernetes.io/serviceaccount/token",
            snapshot(
                "The container around baro forbids it: in the Pod, set `securityContext: {seccompProfile: {type: Unconfined}, appArmorProfile: {type: Unconfined}, procMount: Unmasked}` for its container, and `hostUsers: false`, or set BARO_SANDBOX=none if this machine is isolation enough."
            ),
        ),
    ],
)
def test_each_kind_of_container_has_its_own_words(tmp_path: Path, mark: str, advice: str) -> None:
    put(tmp_path, mark)
    assert remedy("bwrap: Can't mount proc on /newroot/proc", kernel=tmp_path, root=tmp_path) == advice


def test_a_pod_is_recognised_whatever_runs_its_containers(tmp_path: Path) -> None:
    put(tmp_path, ".dockerenv")
    put(tmp_path, "run/secrets/kubernetes.io/serviceaccount/token")
    assert "securityContext" in remedy(REFUSED, kernel=tmp_path, root=tmp_path)


def test_hardening_without_a_mark_is_guessed_from_what_it_said(tmp_path: Path) -> None:
    assert remedy(REFUSED, kernel=tmp_path, root=tmp_path) == snapshot(
        "Something around baro forbids it, a container or a service's own hardening: a container needs `--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined`, a systemd service no RestrictNamespaces=, or set BARO_SANDBOX=none if this machine is isolation enough."
    )


def test_whatever_else_it_is_a_newer_bubblewrap_may_help(tmp_path: Path) -> None:
    assert remedy("bwrap: Unknown option --size", kernel=tmp_path, root=tmp_path) == snapshot(
        "Update bubblewrap to 0.8 or newer, or set BARO_SANDBOX=none if this machine is isolation enough."
    )


@pytest.mark.parametrize(
    ("tool", "command"),
    [("usr/bin/apt-get", "apt-get install bubblewrap"), ("sbin/apk", "apk add bubblewrap")],
)
def test_where_it_is_missing_the_systems_own_installer_is_named(tmp_path: Path, tool: str, command: str) -> None:
    put(tmp_path, tool)
    assert f"`{command}`" in absent("linux", tmp_path)


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_where_there_are_no_namespaces_another_machine_is_needed(tmp_path: Path, platform: str) -> None:
    assert absent(platform, tmp_path) == snapshot(
        "bubblewrap needs Linux: run baro in a Linux virtual machine or container, or, on a machine of its own, set BARO_SANDBOX=none."
    )
