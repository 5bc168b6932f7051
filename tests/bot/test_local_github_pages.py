"""The local GitHub can be looked at in a browser, which runs nothing that people wrote."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from bot.demo.github.pages.markdown import boxes, render, ticked
from tests.bot.local_github_world import REPO, World, serving


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as world:
        await world.github.open_issue(REPO, "ada", "<Broken>", "It is **broken**.", ["baro"])
        world.github.commit(REPO, "baro/fix", {"a.txt": "two\n"}, by="ada")
        await world.github.open_pull(REPO, "ada", "baro/fix", title="Fix it", draft=True)
        yield world


async def page(world: World, path: str) -> httpx.Response:
    return await world.http.get(world.github.url + path, follow_redirects=True)


@pytest.mark.parametrize(
    "path", ["/", f"/{REPO}", f"/{REPO}/tree/baro/fix", f"/{REPO}/commit/baro/fix", "/-/style.css", "/avatars/u/7"]
)
async def test_every_page_answers(world: World, path: str) -> None:
    assert (await page(world, path)).status_code == 200


async def test_every_link_on_every_page_leads_somewhere(world: World) -> None:
    waiting, known = ["/"], {"/"}
    while waiting:
        path = waiting.pop()
        answer = await page(world, path)
        assert answer.status_code == 200, path
        found = {part.partition('"')[0] for part in answer.text.split('href="')[1:]}
        waiting += [link for link in found - known if link.startswith("/")]
        known |= found
    assert f"/{REPO}/pull/2" in known


async def test_an_issue_shows_its_title_as_text_and_its_body_as_markdown(world: World) -> None:
    text = (await page(world, f"/{REPO}/issues/1")).text
    assert "&lt;Broken&gt;" in text
    assert "<strong>broken</strong>" in text


async def test_a_pull_request_shows_its_state_and_its_diff(world: World) -> None:
    answer = await page(world, f"/{REPO}/issues/2")
    assert answer.url.path == f"/{REPO}/pull/2"
    assert '<span class="state draft">Draft</span>' in answer.text
    assert '<span class="add">+two' in answer.text
    assert (await page(world, f"/{REPO}/pull/2.diff")).text.endswith("-one\n+two\n")


async def test_what_is_not_there_is_a_404(world: World) -> None:
    for path in ("/eve/none", f"/{REPO}/issues/99", f"/{REPO}/blob/main/none", f"/{REPO}/tree/none"):
        assert (await page(world, path)).status_code == 404


async def test_the_person_at_the_browser_comments_as_a_collaborator(world: World) -> None:
    url = f"{world.github.url}/{REPO}/issues/1/comment"
    assert (await world.http.post(url, data={"body": "/baro help"})).status_code == 303
    [said] = world.github.comments(REPO, 1)
    assert (said.author, said.body, world.github.deliveries[-1].event) == ("ada", "/baro help", "issue_comment")


async def test_the_person_at_the_browser_labels(world: World) -> None:
    await world.http.post(f"{world.github.url}/{REPO}/issues/1/label", data={"label": "urgent"})
    assert world.github.issue(REPO, 1).labels == ["baro", "urgent"]


async def test_a_form_on_another_site_cannot_comment(world: World) -> None:
    url = f"{world.github.url}/{REPO}/issues/1/comment"
    answer = await world.http.post(url, data={"body": "x"}, headers={"Origin": "http://evil.test"})
    assert (answer.status_code, world.github.comments(REPO, 1)) == (403, [])


async def test_a_box_in_a_comment_can_be_ticked(world: World) -> None:
    said = await world.github.comment(REPO, 1, "ada", "- [x] focused\n- [ ] parallel")
    url = f"{world.github.url}/{REPO}/issues/1/tick"
    await world.http.post(url, data={"comment": said.id, "box": "1"})
    assert said.body == "- [x] focused\n- [x] parallel"
    assert world.github.deliveries[-1].action == "edited"


def test_markdown_keeps_tables_folds_and_task_lists_and_drops_comments() -> None:
    table, fold = "| a |\n|---|\n| b |", "<details><summary>more</summary>\n\nin *it*\n\n</details>"
    text = f"<!-- baro:run=x -->\n\n{table}\n\n- [x] done\n\n{fold}"
    assert str(render(text)) == snapshot("""\

<table>
<thead>
<tr>
<th>a</th>
</tr>
</thead>
<tbody>
<tr>
<td>b</td>
</tr>
</tbody>
</table>
<ul>
<li><input type="checkbox" class="task" disabled checked> done</li>
</ul>
<details><summary>more</summary>
<p>in <em>it</em></p>
</details>\
""")


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<details onclick=alert(1)>",
        "[x](javascript:alert(1))",
        "a <b onclick=alert(1)>b</b>",
        "<scr<!-- -->ipt>alert(1)</script>",
    ],
)
def test_markdown_runs_nothing(evil: str) -> None:
    shown = str(render(evil))
    assert not any(bad in shown for bad in ("<script", "<img", "<details ", "<b ", 'href="javascript'))


@given(st.text())
def test_any_text_can_be_rendered(text: str) -> None:
    assert "<script" not in render(text)


@given(st.lists(st.booleans(), min_size=1, max_size=6), st.data())
def test_ticking_flips_one_box_and_leaves_the_rest(states: list[bool], data: st.DataObject) -> None:
    text = "\n".join(f"- [{'x' if state else ' '}] box {at}" for at, state in enumerate(states))
    at = data.draw(st.integers(0, len(states) - 1))
    changed = [line for line, old in zip(ticked(text, at).split("\n"), text.split("\n"), strict=True) if line != old]
    assert changed == [f"- [{' ' if states[at] else 'x'}] box {at}"]
    assert boxes(text) == [f"box {at}" for at in range(len(states))]
