"""What an attempt is given to run in: its values, its environment, and the limits around it; for every sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from msgspec import Struct

from runner.domain.allowance import Allowance
from runner.errors import AgentUnavailable
from runner.ports import Seat

Sharing = Literal["overlay", "copies", "portable"]
"""How an installation reaches another tree: shown there by the sandbox; copied, to where the sandbox has every tree at
the same path; or copied as far as it does not name the path it was made at."""

CALM = {
    "CI": "1",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
    "NO_COLOR": "1",
    "PAGER": "cat",
    "EDITOR": "true",
    "DEBIAN_FRONTEND": "noninteractive",
    "PIP_NO_INPUT": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "COREPACK_ENABLE_DOWNLOAD_PROMPT": "0",
    "npm_config_yes": "true",
    "npm_config_fund": "false",
    "npm_config_audit": "false",
    "npm_config_update_notifier": "false",
    "COMPOSER_NO_INTERACTION": "1",
    # Installed beside the code, as most do: what goes into the home is gone with the attempt.
    "POETRY_VIRTUALENVS_IN_PROJECT": "true",
    "PIPENV_VENV_IN_PROJECT": "1",
    "BUNDLE_PATH": "vendor/bundle",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_EDITOR": "true",
    "GIT_CONFIG_NOSYSTEM": "1",
}
"""What keeps installers, test runners and git from asking questions or watching for ever."""

GIT_SAFETY = {"core.fsmonitor": "false", "core.hooksPath": "/dev/null", "safe.directory": "*"}
"""Agents call git by themselves, some before they are asked anything; nothing a repository brings may run then."""

# The identity is a default, in the home's own file: in the environment it would overrule what a project's tests set.
GITCONFIG = "[user]\n\tname = baro agent\n\temail = agent@baro.invalid\n[init]\n\tdefaultBranch = main\n"


class Inside(Struct, frozen=True):
    """Where the agent finds its tree, its home and its model, as it sees them."""

    tree: str
    home: str
    model: str = ""
    """the base URL of its provider, "" where it signs in by itself"""


class Outlet(Struct, frozen=True):
    """The way out of a sandbox that has a network of its own: `ports` of its loopback, served from outside as soon as
    they have come through `handle`. The default is none at all."""

    handle: int | None = None
    """a file descriptor that the sandbox inherits"""
    ports: tuple[int, ...] = ()
    env: dict[str, str] = {}
    files: dict[str, str] = {}
    """for the home, by their path in it"""


class Room(Struct, frozen=True):
    """What to run, and with what. `scratch` is a directory of this attempt alone, thrown away afterwards; `reads` are
    further host paths it may read, at the same place; `masks` are paths of the tree it must not see."""

    seat: Seat
    scratch: Path
    argv: tuple[str, ...]
    env: dict[str, str]
    reads: tuple[Path, ...] = ()
    masks: tuple[str, ...] = ()
    outlet: Outlet = Outlet()

    @property
    def home(self) -> Path:
        return home(self.scratch)


def exposed(path: str) -> AgentUnavailable:
    return AgentUnavailable(
        f"This agent would take orders from `{path}` in the repository, which cannot be hidden from it here.",
        hint="Choose another agent for this repository.",
    )


class Confined(Struct, frozen=True):
    """The same as the host starts it. `writes` are the directories on disk that it may fill, `handles` the file
    descriptors it inherits."""

    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: Path
    allowance: Allowance
    writes: tuple[Path, ...]
    handles: tuple[int, ...] = ()


def home(scratch: Path) -> Path:
    return scratch / "home"


def furnish(room: Room) -> None:
    """What every home has. An agent's backend may have put a credential there before."""
    room.home.mkdir(parents=True, exist_ok=True)
    for name, text in {".gitconfig": GITCONFIG, **room.outlet.files}.items():
        path = room.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def surroundings(inside: Inside, path: str) -> dict[str, str]:
    """The environment common to all agents; nothing of the runner's own comes along."""
    git = {"GIT_CONFIG_COUNT": str(len(GIT_SAFETY))}
    for number, (key, value) in enumerate(GIT_SAFETY.items()):
        git |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return CALM | git | {"HOME": inside.home, "PATH": path, "USER": "agent", "PWD": inside.tree}


def writable(room: Room) -> tuple[Path, ...]:
    return (room.seat.tree, room.home) if room.seat.writable else (room.home,)


def proxied(port: int) -> dict[str, str]:
    """How programs are told of the proxy: nearly all look at the first ones, some have to be told separately."""
    url = f"http://127.0.0.1:{port}"
    both = {"HTTP_PROXY": url, "HTTPS_PROXY": url, "NO_PROXY": "localhost,127.0.0.1,::1"}
    java = " ".join(f"-D{scheme}.proxyHost=127.0.0.1 -D{scheme}.proxyPort={port}" for scheme in ("http", "https"))
    return (
        both
        | {name.lower(): value for name, value in both.items()}
        | {
            "NODE_USE_ENV_PROXY": "1",  # Node's own fetch, from Node 22.21 on
            "YARN_HTTP_PROXY": url,
            "YARN_HTTPS_PROXY": url,
            "MAVEN_OPTS": java,
            "GRADLE_OPTS": java,
        }
    )
