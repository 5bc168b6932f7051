"""What the gate holds back is kept on this machine, as a patch beside the run's logs, for a person to take over."""

from __future__ import annotations

from runner.adapters.git import Git
from runner.domain.change import held_back_patch

from .layout import Layout


async def keep(git: Git, layout: Layout, story: str, shipped: str, whole: str) -> None:
    """Write what the tree `whole` has beyond `shipped`. It may hold secrets, so nobody else on the machine may read
    it. A repeated harvest writes it anew; it goes when the run's logs go."""
    patch = layout.root / held_back_patch(story)
    if shipped == whole:
        patch.unlink(missing_ok=True)
        return
    patch.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    building = patch.with_suffix(".building")
    building.unlink(missing_ok=True)
    building.touch(mode=0o600)
    # Straight into the file: what is too much to publish is too much to hold in memory as well.
    options = ("-r", "-p", "--binary", "--full-index", "--no-renames", "--no-ext-diff", "--no-textconv")
    await git.run("diff-tree", *options, f"--output={building}", shipped, whole)
    building.rename(patch)
