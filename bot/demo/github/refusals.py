"""GitHub's way of saying no: a status and a JSON body with `message`, `documentation_url` and perhaps `errors`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import JSONResponse

DOCUMENTATION = "https://docs.github.com/rest"


class Refusal(Exception):
    """Raised anywhere below an endpoint, answered as GitHub would."""

    def __init__(
        self, status: int, message: str, *, errors: Sequence[Any] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = list(errors)
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        body: dict[str, Any] = {"message": self.message}
        if self.errors:
            body["errors"] = self.errors
        body |= {"documentation_url": DOCUMENTATION, "status": str(self.status)}
        return JSONResponse(body, self.status, self.headers)


def not_found() -> Refusal:
    return Refusal(404, "Not Found")


def bad_credentials() -> Refusal:
    return Refusal(401, "Bad credentials")


def not_accessible() -> Refusal:
    return Refusal(403, "Resource not accessible by integration")


def invalid(resource: str, field: str, code: str = "invalid", **more: str) -> Refusal:
    """422 about one field. Codes: `missing_field`, `invalid`, `already_exists`, or `custom` with a message."""
    return Refusal(422, "Validation Failed", errors=[{"resource": resource, "field": field, "code": code} | more])
