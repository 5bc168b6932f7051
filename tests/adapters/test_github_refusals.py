"""What GitHub's refusals become: a sentence people can act on, or a reason to wait."""

from __future__ import annotations

import json

import pytest
from gidgethub import HTTPException, sansio
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from runner.adapters.github.call import Call, Method
from runner.adapters.github.pulls import GRAPHQL
from runner.adapters.github.refusals import Rejected, Unanswered, Unauthorized, refusal
from runner.errors import Forbidden, GitHubError, NotFound

NOW = 1_000_000.0
NAMES = {"owner": "acme", "repo": "shop"}
COMMENT = Call("POST", "/repos/{owner}/{repo}/issues/{number}/comments", {**NAMES, "number": 3})


def refused(status: int, message: str = "", call: Call = COMMENT, **headers: str) -> GitHubError:
    """Through gidgethub, as it happens: status, headers and body in, our error out."""
    sent = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    with pytest.raises(HTTPException) as caught:
        sansio.decipher_response(status, sent, json.dumps({"message": message}).encode())
    return refusal(caught.value, call, NOW)


def told(error: GitHubError) -> list[str]:
    return [str(error), error.hint, error.evidence]


def test_a_missing_permission_is_named_as_github_names_it() -> None:
    error = refused(
        403, "Resource not accessible by integration", x_accepted_github_permissions="issues=write; pull_requests=write"
    )
    assert type(error) is Forbidden
    assert told(error) == snapshot(
        [
            "The App may not write issues in acme/shop#3; grant it Issues: read and write.",
            "Once the App asks for it, an owner of acme accepts it on the installation's page.",
            "POST /repos/acme/shop/issues/3/comments: 403 Resource not accessible by integration",
        ]
    )


@pytest.mark.parametrize(
    ("method", "path", "sentence"),
    [
        (
            "POST",
            "/repos/{owner}/{repo}/pulls",
            snapshot("The App may not write pull requests in acme/shop; grant it Pull requests: read and write."),
        ),
        (
            "GET",
            "/repos/{owner}/{repo}/contents/README.md",
            snapshot("The App may not read contents in acme/shop; grant it Contents: read-only."),
        ),
        (
            "POST",
            "/repos/{owner}/{repo}/labels",
            snapshot("The App may not write issues in acme/shop; grant it Issues: read and write."),
        ),
    ],
)
def test_a_missing_permission_is_read_off_the_path_where_github_does_not_name_it(
    method: Method, path: str, sentence: str
) -> None:
    error = refused(403, "Resource not accessible by integration", Call(method, path, NAMES))
    assert str(error) == sentence


def test_a_suspended_installation_says_who_can_resume_it() -> None:
    assert told(refused(403, "This installation has been suspended")) == snapshot(
        [
            "The App's installation on acme is suspended.",
            "An owner of acme can resume it.",
            "POST /repos/acme/shop/issues/3/comments: 403 This installation has been suspended",
        ]
    )


def test_another_403_is_told_in_githubs_words() -> None:
    assert told(refused(403, "Repository was archived so is read-only.")) == snapshot(
        [
            "GitHub does not let the App do this in acme/shop#3: Repository was archived so is read-only.",
            "",
            "POST /repos/acme/shop/issues/3/comments: 403 Repository was archived so is read-only.",
        ]
    )


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_not_there_is_called_by_the_name_people_use(status: int) -> None:
    error = refused(status, "Not Found")
    assert type(error) is NotFound
    assert str(error) == snapshot("GitHub shows us no acme/shop#3: it is gone, or outside the App's reach.")


def test_refused_credentials_name_the_settings_to_check() -> None:
    error = refused(401, "A JSON web token could not be decoded")
    assert isinstance(error, Unauthorized)
    assert told(error) == snapshot(
        [
            "GitHub does not accept the App's credentials.",
            "Check GITHUB_APP_ID, the private key and this machine's clock.",
            "POST /repos/acme/shop/issues/3/comments: 401 A JSON web token could not be decoded",
        ]
    )


def test_a_validation_error_keeps_githubs_reasons_for_the_caller() -> None:
    error = refused(422, "Validation Failed")
    assert isinstance(error, Rejected)
    assert (error.status, str(error)) == snapshot(
        (422, "GitHub refused a request about acme/shop#3: Validation Failed.")
    )


@pytest.mark.parametrize(
    ("status", "message", "headers", "after"),
    [
        (429, "Too many", {"retry_after": "7"}, 7.0),
        (429, "Too many", {}, 60.0),
        (403, "You have exceeded a secondary rate limit.", {}, 60.0),
        (403, "slow down", {"retry_after": "9"}, 9.0),
        (403, "You have triggered an abuse detection mechanism", {}, 60.0),
        (
            403,
            "API rate limit exceeded",
            {"x_ratelimit_limit": "5000", "x_ratelimit_remaining": "0", "x_ratelimit_reset": str(NOW + 30)},
            30.0,
        ),
        (429, "clock behind", {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(NOW - 30)}, 0.0),
        (429, "a date", {"retry_after": "Fri, 20 Nov 2026 10:00:00 GMT"}, 60.0),
    ],
)
def test_a_limit_is_a_reason_to_wait_for_as_long_as_github_says(
    status: int, message: str, headers: dict[str, str], after: float
) -> None:
    error = refused(status, message, **headers)
    assert isinstance(error, Unanswered)
    assert (error.after, error.limited) == (after, True)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_is_a_reason_to_ask_again(status: int) -> None:
    error = refused(status, "")
    assert isinstance(error, Unanswered)
    assert (error.after, error.limited) == (None, False)


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_would_lead_to_another_endpoint_is_refused(name: str) -> None:
    with pytest.raises(GitHubError):
        Call("GET", "/repos/{owner}/{repo}", {"owner": "acme", "repo": name})
    with pytest.raises(GitHubError):
        Call("GET", "/repos/acme/shop/contents{/parts*}", {"parts": ["a", name]})


@given(st.text(min_size=1).filter(lambda name: name not in {".", ".."}))
def test_no_name_leaves_its_place_in_the_path(name: str) -> None:
    filled = Call("GET", "/repos/{owner}/{repo}", {"owner": "acme", "repo": name}).filled
    assert filled.startswith("/repos/acme/")
    assert not set("/?#{}") & set(filled.removeprefix("/repos/acme/"))


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://ghes.example/api/v3", "https://ghes.example/api/graphql"),
        ("http://127.0.0.1:8080/api/v3/", "http://127.0.0.1:8080/api/graphql"),
    ],
)
def test_graphql_lies_beside_the_rest_api(base: str, url: str) -> None:
    assert sansio.format_url(GRAPHQL, {}, base_url=base) == url


def test_names_are_escaped_into_the_path() -> None:
    call = Call("GET", "/repos/{owner}/{repo}/contents{/parts*}", {**NAMES, "parts": ["a b", "?x#y", "../z"]})
    assert call.filled == "/repos/acme/shop/contents/a%20b/%3Fx%23y/..%2Fz"
