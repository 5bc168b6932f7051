"""What the operator can do about a sandbox that does not start: whose turn it is, and the exact words to type."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

WAIVE = "or set BARO_SANDBOX=none if this machine is isolation enough"

_INSTALL = (
    ("apt-get", "apt-get install bubblewrap"),
    ("dnf", "dnf install bubblewrap"),
    ("apk", "apk add bubblewrap"),
    ("pacman", "pacman -S bubblewrap"),
    ("zypper", "zypper install bubblewrap"),
)

# Docker's and Podman's own profiles forbid what the sandbox is made of: mounting, and a /proc without masks.
_ALLOWED = "--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined"


def absent(platform: str = sys.platform, root: Path = Path("/")) -> str:
    """There is no bubblewrap at all."""
    if platform != "linux":
        return (
            "bubblewrap needs Linux: run baro in a Linux virtual machine or container, or, on a machine of its own, "
            "set BARO_SANDBOX=none."
        )
    tools = (command for tool, command in _INSTALL if any((root / place / tool).exists() for place in _PROGRAMS))
    return f"Install it: `{next(tools, 'the package bubblewrap')}`, {WAIVE}."


_PROGRAMS = ("usr/bin", "sbin", "usr/sbin", "bin")


def remedy(complaint: str, kernel: Path = Path("/proc/sys"), root: Path = Path("/")) -> str:
    """It is there and does not start; `complaint` is what it said."""
    if _knob(kernel / "kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "This system's AppArmor forbids user namespaces (Ubuntu does since 23.10). Allow them to bubblewrap with a "
            "profile (`userns,` for its path, see `man apparmor.d`), or for all with "
            f"`sysctl kernel.apparmor_restrict_unprivileged_userns=0`, {WAIVE}."
        )
    for name, wanted in _KNOBS.items():
        if _knob(kernel / name) == "0":
            setting = name.replace("/", ".")
            return (
                f"User namespaces are switched off: `sysctl {setting}={wanted}`, "
                f"and the same in /etc/sysctl.d to keep it so, {WAIVE}."
            )
    if container := _container(root):
        return f"The container around baro forbids it: {_CONTAINERS[container]}, {WAIVE}."
    if "ermi" in complaint or "proc" in complaint:
        return (
            "Something around baro forbids it, a container or a service's own hardening: a container needs "
            f"`{_ALLOWED}`, a systemd service no RestrictNamespaces=, {WAIVE}."
        )
    return f"Update bubblewrap to 0.8 or newer, {WAIVE}."


_KNOBS = {
    "kernel/unprivileged_userns_clone": "1",  # Debian's and Arch's
    "user/max_user_namespaces": "15000",  # RHEL's, and every hardened system's
}
_CONTAINERS = {
    "kubernetes": (
        "in the Pod, set `securityContext: {seccompProfile: {type: Unconfined}, "
        "appArmorProfile: {type: Unconfined}, procMount: Unmasked}` for its container, and `hostUsers: false`"
    ),
    "podman": f"start it with `podman run {_ALLOWED.replace('systempaths=unconfined', 'unmask=ALL')}`",
    "docker": f"start it with `docker run {_ALLOWED}`",
}


def _container(root: Path) -> str:
    """Kubernetes first: its containers carry the marks of whatever runs them, too."""
    marks: Mapping[str, tuple[str, ...]] = {
        "kubernetes": ("var/run/secrets/kubernetes.io", "run/secrets/kubernetes.io"),
        "podman": ("run/.containerenv",),
        "docker": (".dockerenv",),
    }
    return next((kind for kind, paths in marks.items() if any((root / path).exists() for path in paths)), "")


def _knob(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""
