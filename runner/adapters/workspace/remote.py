"""What the workspace needs to know about a repository's remote, and talking to it."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urlsplit

from runner.adapters.git import Git, Network
from runner.domain.run import RunSpec
from runner.errors import BaroError


class Remote(Protocol):
    """Where a run's repository lives, and the credential for one process at a time."""

    async def url(self, spec: RunSpec) -> str:
        """`https://host/owner/name.git`, or `http://` where the operator's GitHub speaks that. No credential in it."""
        ...

    async def header(self, spec: RunSpec, *, write: bool) -> str | None:
        """The value of the Authorization header (`Basic …`), narrowed to this repository; None: none is needed."""
        ...

    async def forget(self, spec: RunSpec) -> None:
        """The run is over: revoke what was handed out for it."""
        ...


async def network(remote: Remote, spec: RunSpec, *, write: bool, local: bool) -> Network:
    """Where to fetch or push, or a BaroError for a URL that is none of ours. `local` allows `file://`."""
    url = await remote.url(spec)
    parts = urlsplit(url)
    schemes = ("https", "http", "file") if local else ("https", "http")
    if parts.scheme not in schemes or "@" in parts.netloc:
        raise BaroError(f"baro does not fetch from a {parts.scheme or 'relative'} address with these settings")
    return Network(url, await remote.header(spec, write=write))


async def heads(git: Git, where: Network, *refs: str) -> dict[str, str]:
    """The commits that those refs have on the remote now; a ref that does not exist is left out."""
    answer = await git.run("ls-remote", "--refs", "--end-of-options", where.url, *refs, network=where)
    pairs = (line.split("\t", 1) for line in answer.text.splitlines())
    found = {ref: oid for oid, ref in pairs}
    # ls-remote matches by suffix, so `refs/heads/main` also finds `refs/heads/x/refs/heads/main`.
    return {ref: found[ref] for ref in refs if ref in found}
