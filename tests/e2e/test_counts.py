"""What a run may cost others: model calls, requests to GitHub, processes, and room in Redis."""

from __future__ import annotations

from pathlib import Path

from inline_snapshot import snapshot

from tests.bench import counts
from tests.bench.runs import bench


async def test_a_focused_run_asks_the_models_and_github_no_more_than_it_must(tmp_path: Path, clean_redis: str) -> None:
    """Edits of the living comment follow the clock, so they have a ceiling; what is asked of GitHub otherwise is exact."""
    async with bench(tmp_path, clean_redis) as made:
        await made.baro.start("web", "runner")
        first, ran = await counts.focused(made), await counts.focused(made)
    assert counts.model_calls(ran) == snapshot({"intake": 1, "story": 1, "critic": 1})
    assert counts.api(ran) == snapshot(
        {
            "DELETE /installation/token": 2,
            "DELETE /repos/R/issues/N/reactions/N": 1,
            "GET /repos/R": 1,
            "GET /repos/R/collaborators/maria/permission": 1,
            "GET /repos/R/contents/.github/baro.yml": 1,
            "GET /repos/R/issues/N": 1,
            "GET /repos/R/issues/N/comments": 2,
            "GET /repos/R/issues/N/reactions": 2,
            "GET /repos/R/pulls": 1,
            "POST /app/installations/N/access_tokens": 2,
            "POST /repos/R/issues/N/comments": 1,
            "POST /repos/R/issues/N/reactions": 2,
            "POST /repos/R/pulls": 1,
        }
    )
    assert sum(counts.api(first).values()) - sum(counts.api(ran).values()) <= 6, (
        "some of it the start may have asked already"
    )
    assert counts.git_http(ran) == snapshot(10)
    assert counts.comment_edits(ran) <= 10
    assert len(ran.gits) <= 42
    assert ran.journal_bytes < 9_000


async def test_a_story_more_costs_two_model_calls_and_no_request_but_edits(tmp_path: Path, clean_redis: str) -> None:
    async with bench(tmp_path, clean_redis) as made:
        await made.baro.start("web", "runner")
        await counts.focused(made)
        one, four = await counts.focused(made), await counts.parallel(made)
    more = counts.STORIES - 1
    assert counts.model_calls(four) == snapshot({"intake": 1, "plan": 1, "story": 4, "critic": 4})
    assert counts.api(four) == counts.api(one)
    assert (four.journal_bytes - one.journal_bytes) / more < 4_000
    assert (len(four.gits) - len(one.gits)) / more < 36
