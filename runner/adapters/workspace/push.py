"""Pushing: past the gate, with an expected old value, never by force."""

from __future__ import annotations

import asyncio

from msgspec import Struct

from runner.adapters.git import Git, Network, Result, failed
from runner.crashpoints import crashpoint
from runner.domain.amounts import Allowance, gathered
from runner.domain.change import HeldBack, NotPushed, Pushed
from runner.domain.policy import Gate

from .clone import printable
from .diffs import differences, files, parse_raw
from .layout import head_ref
from .remote import heads

_REJECTED = "!"
_RACED = ("stale info", "non-fast-forward", "fetch first", "already exists")


class Parcel(Struct, frozen=True):
    """A commit and the branch it is for. Everything after `start` is ours; `start` itself may be on the remote
    already (`onto_start`: a follow-up's branch) or must not be (a branch we create)."""

    branch: str
    commit: str
    start: str
    onto_start: bool
    hidden: str = ""
    """a full ref name outside `refs/heads/`, where no workflow and no person looks"""
    seen: str | None = None
    """where we have left that ref on the remote; it is looked for first only if it is not there any more"""

    @property
    def ref(self) -> str:
        return self.hidden or head_ref(self.branch)


async def push(git: Git, where: Network, parcel: Parcel, gate: Gate, allowance: Allowance) -> Pushed | NotPushed:
    """Look where the remote branch is, push if it is where it may be, and look again when the answer was no.
    `allowance` is one story's; the commit may hold several."""
    held = await outgoing(git, parcel, gate, allowance)
    if held:
        return NotPushed(parcel.branch, "the publish gate holds some of it back", held_back=held)
    if parcel.seen and (await _push(git, where, parcel, parcel.seen)).code == 0:
        return Pushed(parcel.branch, parcel.commit)
    ref = parcel.ref
    there = (await heads(git, where, ref)).get(ref)
    if there == parcel.commit:
        return Pushed(parcel.branch, parcel.commit)
    if not await _may_move(git, parcel, there):
        return _moved(parcel)
    crashpoint("push.before")
    answer = await _push(git, where, parcel, there)
    crashpoint("push.after")
    if answer.code == 0:
        return Pushed(parcel.branch, parcel.commit)
    # The answer may have been lost, or somebody was faster: only the remote knows.
    if (await heads(git, where, ref)).get(ref) == parcel.commit:
        return Pushed(parcel.branch, parcel.commit)
    return _refused(parcel, answer)


async def outgoing(git: Git, parcel: Parcel, gate: Gate, allowance: Allowance) -> tuple[HeldBack, ...]:
    """What the gate finds in *every* outgoing commit: a secret that a later one removes is published all the same."""
    span = f"{parcel.start}..{parcel.commit}"
    options = ("-r", "-m", "-z", "--raw", "--no-renames", "--no-abbrev", "--format=")
    found = list(dict.fromkeys(parse_raw((await git.run("log", *options, span)).fields)))
    base = {d.before.oid for d in await differences(git, parcel.start, parcel.commit)}
    stories = int((await git.run("rev-list", "--count", "--no-merges", span)).line)
    inspection = gate.inspect(allowance.times(stories))
    async for file in files(git, found, gate, base):
        await asyncio.to_thread(inspection.look, file)  # reading takes a while, and leases must be kept meanwhile
    pairs = zip(found, inspection.reasons(), strict=True)
    return gathered(HeldBack(path, reason) for path, reason in sorted({(printable(d.path), r) for d, r in pairs if r}))


async def _may_move(git: Git, parcel: Parcel, there: str | None) -> bool:
    """Only from nothing, from where a follow-up began, or from one of our own commits: those nobody else can have
    pushed first. Every one of them is an ancestor of what we push, so this is never a rewrite."""
    if there is None:
        return not parcel.onto_start
    if there == parcel.start:
        return parcel.onto_start
    ours = (await git.run("rev-list", f"{parcel.start}..{parcel.commit}")).text.split()
    return there in ours


async def _push(git: Git, where: Network, parcel: Parcel, there: str | None) -> Result:
    ref = parcel.ref
    lease = f"--force-with-lease={ref}:{there or ''}"
    options = ("--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no", lease)
    every = tuple(range(256))
    return await git.run(
        "push", *options, "--end-of-options", where.url, f"{parcel.commit}:{ref}", network=where, ok=every
    )


async def remove(git: Git, where: Network, ref: str) -> None:
    """Delete a hidden ref of ours; one that is gone already is fine."""
    if ref in await heads(git, where, ref):
        await git.run("push", "--no-verify", "--end-of-options", where.url, f":{ref}", network=where)


def _moved(parcel: Parcel) -> NotPushed:
    return NotPushed(parcel.branch, f"somebody else has pushed to `{parcel.branch}` in the meantime", moved=True)


def _refused(parcel: Parcel, answer: Result) -> NotPushed:
    """The remote said no to this ref. Anything else (no network, no access) is an error to retry or to report."""
    line = next((line for line in answer.text.splitlines() if line.startswith(_REJECTED)), None)
    if line is None:
        raise failed(["git", "push"], answer)
    if any(word in line for word in _RACED):
        return _moved(parcel)
    reason = line.rpartition("\t")[2]
    return NotPushed(parcel.branch, f"the remote refused it: {printable(reason)}", evidence=answer.stderr[-4000:])
