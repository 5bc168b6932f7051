"""What a sandbox could not reach is said where the result is read, and nowhere when there was nothing."""

from __future__ import annotations

import re
from pathlib import Path

from inline_snapshot import snapshot

from tests.e2e.test_endings import labelled
from tests.e2e.test_focused import STORY
from tests.e2e.test_ways_in import FOCUSED
from tests.world.house import REPO, house, read

TRY = "curl -sS https://{}.example/ || true"


def fold(body: str) -> str:
    found = re.search(r"<details><summary>[^<]*could not be reached.*?</details>", read(body), re.DOTALL)
    return found[0] if found else ""


async def test_blocked_hosts_are_named_with_the_setting_that_would_allow_them(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.github.commit(REPO, "main", {"Makefile": f"check:\n\t{TRY.format('checked')}\n"}, by="maria")
        tries = [{"run": TRY.format("first")}, {"run": TRY.format("first")}, {"run": TRY.format("second")}]
        baro.script(FOCUSED, {**STORY, "steps": [*tries, *STORY["steps"]]})
        number = await labelled(baro)
        comment = await baro.ended(number)
        (pull,) = baro.github.pulls(REPO)
        assert not pull.pull.draft
        assert fold(pull.body) == snapshot("""\
<details><summary>3 hosts could not be reached from the sandbox</summary>

| For | Host | Asked for |
|---|---|--:|
| S1 | `first.example` | 2 |
| S1 | `second.example` | 1 |
| `make check` | `checked.example` | 1 |

That need not matter. Where it does, whoever runs this baro can allow it with `BARO_NETWORK_HOSTS=checked.example,first.example,second.example`.

</details>\
""")
        assert fold(comment) == fold(pull.body)


async def test_an_operator_can_name_a_host_and_then_it_is_not_blocked(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis, BARO_NETWORK_HOSTS="first.example, second.example:8443") as baro:
        baro.script(FOCUSED, {**STORY, "steps": [{"run": TRY.format("first")}, *STORY["steps"]]})
        await baro.ended(await labelled(baro))
        (pull,) = baro.github.pulls(REPO)
        assert fold(pull.body) == ""
