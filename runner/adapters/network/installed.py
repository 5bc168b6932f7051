"""The package registries of this machine: what is written down here, and what its pip and npm have built in.

The tools are asked because they know best: there is no name of a registry here that could be out of date, and where
a machine uses mirrors, these are what sandboxes can reach. Asking costs a second, so it waits for the first request
that could depend on it, and it is never a reason not to start.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import structlog

from runner.domain.network import Authority

from .configured import ENVIRONMENT, authority_of, configured, trusted

log = structlog.get_logger(__name__)

WITHIN = 15.0
"""seconds for a tool to answer"""
ASK_PIP = str(Path(__file__).with_name("pip_defaults.py"))


class Registries:
    """`env` are the operator's variables: PATH, HOME and those named in ENVIRONMENT and TRUST."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = {name: env[name] for name in ("PATH", "HOME", *ENVIRONMENT) if env.get(name)}
        self.trusted = trusted(env)
        self.configured = configured(self._env, Path(self._env.get("HOME", "/nonexistent")))
        self._asking: asyncio.Task[frozenset[Authority]] | None = None

    async def known(self) -> frozenset[Authority]:
        """All there are. Asks once, however many want to know."""
        if self._asking is None or self._asking.cancelled():
            self._asking = asyncio.create_task(self._ask(), name="baro:registries")
        return await asyncio.shield(self._asking)

    async def _ask(self) -> frozenset[Authority]:
        urls = [url for each in await asyncio.gather(self._pip(), self._npm()) for url in each]
        found = self.configured.mirrors | {place for url in urls if (place := authority_of(url))}
        log.info("network.registries", hosts=sorted(map(str, found)))
        return found

    async def _pip(self) -> Iterable[str]:
        """Of the first Python that has one."""
        for python in (sys.executable, shutil.which("python3", path=self._env.get("PATH", ""))):
            said = await _said((python, "-I", ASK_PIP), {}) if python else None
            if isinstance(said, list):
                return map(str, said)
        return ()

    async def _npm(self) -> Iterable[str]:
        npm = shutil.which("npm", path=self._env.get("PATH", ""))
        said = await _said((npm, "config", "list", "--json"), self._env) if npm else None
        settings: dict[str, Any] = said if isinstance(said, dict) else {}
        return [str(url) for key, url in settings.items() if key == "registry" or key.endswith(":registry")]


async def _said(argv: tuple[str, ...], env: Mapping[str, str]) -> object:
    """The JSON it prints; None where it fails, or takes too long."""
    process = None
    try:
        async with asyncio.timeout(WITHIN):
            process = await asyncio.create_subprocess_exec(
                *argv,
                env={**env},
                cwd="/",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            printed, _ = await process.communicate()
            return msgspec.json.decode(printed)
    except (OSError, TimeoutError, msgspec.DecodeError) as error:
        log.warning("network.registry_unknown", asked=argv[0], error=repr(error))
        return None
    finally:
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
