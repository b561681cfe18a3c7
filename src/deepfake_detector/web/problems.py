"""What goes wrong, as RFC 9457 problem documents. Every code that a client can meet stands in ``CODES``."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ..errors import DeepfakeDetectorError, ImageError

CODES: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "BadRequest": (400, "The request cannot be understood"),
        "InvalidParameter": (400, "A parameter has a value that is not allowed"),
        "NoPicture": (400, "The request carries no picture"),
        "OptionError": (400, "An option is outside what is allowed"),
        "KeyRequired": (401, "An API key is needed"),
        "NotFound": (404, "There is nothing at this address"),
        "MethodNotAllowed": (405, "This address does not take this method"),
        "UploadTimeout": (408, "The request did not arrive in time"),
        "BodyTooLarge": (413, "The request is too large"),
        "TooManyFiles": (413, "The request has too many files"),
        "ImageTooLarge": (413, "The picture has too many pixels"),
        "UnsupportedMediaType": (415, "This is not a picture of a supported format"),
        "ImageUnreadable": (422, "The picture is damaged or truncated"),
        "ImageTooSmall": (422, "The picture has too few pixels"),
        "ExplanationError": (422, "There is nothing to explain"),
        "TooManyRequests": (429, "The service is busy"),
        "ClientGone": (499, "The client has left"),
        "InternalError": (500, "The service failed"),
        "MissingExtra": (501, "An optional part is not installed"),
        "NotReady": (503, "The model is not loaded yet"),
        "Timeout": (503, "The answer took too long"),
    }
)
"""Status and title by code."""

_UNREAD = frozenset({401, 408, 413, 415, 429, 503})
"""Answers that may be given before the body has come."""
MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)


class Problem(Exception):
    """An answer that is no result. code: of ``CODES``; detail: what to do about it; headers: of the answer."""

    def __init__(
        self, code: str, detail: str, headers: Mapping[str, str] | None = None, extra: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.headers, self.extra = code, detail, headers, extra or {}

    @property
    def status(self) -> int:
        """Of the HTTP answer."""
        return CODES[self.code][0]

    def to_dict(self) -> dict[str, Any]:
        """The document."""
        status, title = CODES[self.code]
        kind = f"urn:deepfake-detection:problem:{self.code}"
        return {
            "type": kind,
            "title": title,
            "status": status,
            "detail": self.detail,
            "code": self.code,
            **self.extra,
        }

    def response(self) -> JSONResponse:
        """The document as an answer."""
        headers = dict(self.headers or {})
        if self.status in _UNREAD:
            headers["Connection"] = "close"  # what is left of the body is not read on
        return JSONResponse(self.to_dict(), self.status, headers, MEDIA_TYPE)


def of_error(error: DeepfakeDetectorError) -> Problem:
    """An error of this package as a problem; what clients can do nothing about is told without particulars."""
    code = type(error).__name__
    if code not in CODES:
        _log.error("%s", error)
        return Problem("InternalError", "The picture could not be judged; the service's log says why.")
    return Problem(code, error.reason if isinstance(error, ImageError) else str(error))


async def on_problem(_: Request, error: Exception) -> JSONResponse:
    """Handler for ``Problem`` and for this package's own errors."""
    problem = error if isinstance(error, Problem) else of_error(error)  # type: ignore[arg-type]
    return problem.response()


async def on_http(_: Request, error: Exception) -> JSONResponse:
    """Handler for what the framework refuses: no such route, wrong method."""
    assert isinstance(error, HTTPException)
    code, detail = {
        404: ("NotFound", "See /openapi.json for what there is."),
        405: ("MethodNotAllowed", "The Allow header has the methods that are."),
    }.get(error.status_code, ("BadRequest", "See /openapi.json for what is expected."))
    return Problem(code, detail, error.headers).response()


async def on_validation(_: Request, error: Exception) -> JSONResponse:
    """Handler for parameters that do not fit; what was sent is not repeated."""
    assert isinstance(error, RequestValidationError)
    wrong = [{"parameter": str(one["loc"][-1]), "message": str(one["msg"])} for one in error.errors()]
    detail = "; ".join(f"{one['parameter']}: {one['message']}" for one in wrong)
    return Problem("InvalidParameter", detail, extra={"errors": wrong}).response()


async def on_gone(_: Request, __: Exception) -> JSONResponse:
    """Handler for clients that leave while their body is read."""
    return Problem("ClientGone", "Nobody waits for the answer.").response()
