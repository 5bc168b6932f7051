"""git over smart HTTP: clone and fetch for who may read, push for who may write, with GitHub's answers to the rest."""

from __future__ import annotations

import asyncio
import gzip
from collections import defaultdict

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from .auth import allows, find_token, password
from .hub import Hub
from .model import Permissions, Repository
from .pkt import FLUSH, packet
from .receive import receive
from .refusals import Refusal

SERVICES = {"git-upload-pack": "read", "git-receive-pack": "write"}


class GitHttp:
    """The three addresses of git's smart protocol for `/{owner}/{repo}.git`."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._receiving: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    def routes(self) -> list[Route]:
        """With and without `.git`, like GitHub."""
        found = []
        for base in ("/{owner}/{repo}.git", "/{owner}/{repo}"):
            found.append(Route(f"{base}/info/refs", self.advertise, methods=["GET"]))
            found += [Route(f"{base}/{service}", self.serve, methods=["POST"]) for service in SERVICES]
        return found

    async def advertise(self, request: Request) -> Response:
        service = request.query_params.get("service", "")
        if service not in SERVICES:
            return PlainTextResponse("Please upgrade your git client.\n", 403)
        try:
            repository, _ = self._admit(request, service)
        except Refusal as refusal:
            return self._refuse(refusal)
        refs = await self._run(repository, service, request, "--advertise-refs")
        # Protocol version 2 has no service announcement; version 0 and 1 begin with it.
        v2 = service == "git-upload-pack" and "version=2" in request.headers.get("git-protocol", "")
        head = b"" if v2 else packet(f"# service={service}\n".encode()) + FLUSH
        return Response(head + refs, media_type=f"application/x-{service}-advertisement", headers=NO_CACHE)

    async def serve(self, request: Request) -> Response:
        service = request.url.path.rpartition("/")[2]
        try:
            repository, permissions = self._admit(request, service)
        except Refusal as refusal:
            return self._refuse(refusal)
        body = await request.body()
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if service == "git-upload-pack":
            answer = await self._run(repository, service, request, stdin=body)
        else:
            async with self._receiving[repository.id]:
                answer = await receive(self.hub, repository, body, self.hub.state.app.bot, permissions)
        return Response(answer, media_type=f"application/x-{service}-result", headers=NO_CACHE)

    async def _run(
        self, repository: Repository, service: str, request: Request, *options: str, stdin: bytes = b""
    ) -> bytes:
        git = self.hub.git
        protocol = {"GIT_PROTOCOL": request.headers.get("git-protocol", "")}
        # upload-pack exits with 128 when the client hangs up after it has heard enough, which is no failure of ours
        codes = (0, 128) if stdin else (0,)
        command = (service.removeprefix("git-"), "--stateless-rpc", *options, str(git.directory(repository)))
        return await git.aside(git.run, repository, *command, stdin=stdin, environment=protocol, codes=codes)

    def _admit(self, request: Request, service: str) -> tuple[Repository, Permissions]:
        """The repository and the permissions the caller has there."""
        state, level = self.hub.state, SERVICES[service]
        secret = password(request.headers.get("authorization", ""))
        repository = state.find_repository(request.path_params["owner"], request.path_params["repo"])
        token = find_token(state, secret) if secret is not None else None
        if token is None:
            if repository is None or repository.private or level == "write":
                raise Refusal(401, "Repository not found.")
            return repository, {}
        in_reach = repository is not None and repository.id in token.repositories
        if repository is None or (repository.private and not in_reach):
            raise Refusal(404, "Repository not found.")
        if in_reach and allows(token.permissions, "contents", level) and not (repository.archived and level == "write"):
            return repository, token.permissions
        if not repository.private and level == "read":
            return repository, {}
        raise Refusal(403, f"Permission to {repository.full_name}.git denied to {state.app.bot}.")

    def _refuse(self, refusal: Refusal) -> Response:
        """Plain text, which git shows after `remote:`; a 401 asks for a password."""
        headers = {"WWW-Authenticate": 'Basic realm="GitHub"'} if refusal.status == 401 else {}
        message = refusal.message if refusal.status != 401 else "Invalid username or token."
        return PlainTextResponse(f"{message}\n", refusal.status, headers | NO_CACHE)


NO_CACHE = {"Cache-Control": "no-cache, max-age=0, must-revalidate"}
