"""Pages for a browser: what there is on the local GitHub, and the few things a person may want to do there."""

from __future__ import annotations

from starlette.routing import Route

from bot.demo.github.hub import Hub
from bot.demo.github.pages.acts import PageActs
from bot.demo.github.pages.views import Pages


def routes(hub: Hub) -> list[Route]:
    pages, acts = Pages(hub), PageActs(hub)
    repo = "/{owner}/{repo}"
    return [
        Route("/", pages.home),
        Route("/-/style.css", pages.style),
        Route("/-/live.js", pages.live),
        Route("/avatars/u/{id:int}", pages.avatar),
        Route(repo, pages.repository),
        Route(repo + "/issues", pages.repository),
        Route(repo + "/pulls", pages.repository),
        Route(repo + "/issues/{number:int}", pages.thread),
        Route(repo + "/pull/{number:int}", pages.thread),
        Route(repo + "/pull/{number:int}.diff", pages.diff),
        Route(repo + "/pull/{number:int}.patch", pages.patch),
        Route(repo + "/commit/{sha:path}", pages.commit),
        Route(repo + "/tree/{ref:path}", pages.tree),
        Route(repo + "/blob/{ref}/{path:path}", pages.blob),
        Route(repo + "/issues/{number:int}/comment", acts.comment, methods=["POST"]),
        Route(repo + "/issues/{number:int}/label", acts.label, methods=["POST"]),
        Route(repo + "/issues/{number:int}/tick", acts.tick, methods=["POST"]),
    ]
