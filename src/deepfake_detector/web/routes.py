"""The addresses below /v1: pictures in, results out."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse
from PIL import Image

from ..ensemble.policy import Policy
from ..errors import DeepfakeDetectorError, ImageUnreadable
from ..explain import Explanation, explain
from ..explain.explainer import default_method
from ..explain.overlay import layer
from ..provenance import examine
from ..report import examine_case, html
from ..types import REASONS, Failure, Prediction
from . import schemas
from .openapi import EXPLANATION, MANY, ONE, PREDICTION, PROVENANCE, answers
from .problems import Problem, of_error
from .queue import Full, Step, Waiting
from .service import Service, arrived, busy, finished
from .uploads import Upload, looks_like_a_picture, receive


def known_parameters(request: Request) -> None:
    """Refuse what an address does not take: a threshold that is sent and not heeded would be believed in."""
    taken = {parameter.alias for parameter in request.scope["route"].dependant.query_params}
    if set(request.query_params) - taken:
        raise Problem("InvalidParameter", f"unknown parameter; taken here: {', '.join(sorted(taken)) or 'none'}.")


router = APIRouter(prefix="/v1", dependencies=[Depends(known_parameters)])

SLOTS = {"attention": 1, "occlusion": 4, "lime": 8}
"""What an explanation counts for in the queue, in pictures."""


def service_of(request: Request) -> Service:
    """The service that this application was built around."""
    service: Service = request.app.state.service
    return service


@router.post("/predict", responses=answers(schemas.Judged | schemas.Results, PREDICTION), openapi_extra=MANY)
async def predict(request: Request) -> JSONResponse:
    """Judge one picture, or several.

    One: the bytes as the body, or a form with one file. Several: a form with several files; results come in their
    order, and a picture that cannot be judged is a problem in its place.
    """
    service = service_of(request)
    limits, policy = service.limits, service.detector.policy
    now = asyncio.get_running_loop().time
    until = now() + limits.timeout
    with service.enter() as place:
        uploads = await arrived(receive(request, limits.body, limits.files), limits.timeout)
        try:
            futures = place.judge([upload.data for upload in uploads])
        except Full as full:
            raise busy(full) from None
        results = await finished(request, futures, until - now())
    for result in results:
        service.metrics.verdict(result)
    if len(uploads) == 1:
        if isinstance(results[0], Failure):
            raise _problem(results[0].error, uploads[0])
        return JSONResponse(_judged(results[0], uploads[0], policy))
    both = zip(results, uploads, strict=True)
    return JSONResponse({"results": [_entry(result, upload, policy) for result, upload in both]})


@router.post(
    "/explain",
    responses=answers(schemas.Explanation, EXPLANATION, "ExplanationError", "MissingExtra"),
    openapi_extra=ONE,
)
async def why(
    request: Request,
    method: Annotated[Literal["attention", "occlusion", "lime"] | None, Query()] = None,
    of: Annotated[str, Query(pattern="^(verdict|scene|[0-9]{1,3})$")] = "verdict",
    samples: Annotated[int | None, Query(ge=10)] = None,
) -> JSONResponse:
    """Say why one picture got its score."""
    service = service_of(request)
    detector = service.detector
    chosen = method or default_method(detector)
    options = {}
    if samples is not None and chosen != "lime":
        raise Problem("InvalidParameter", f"samples: for lime alone, and this is {chosen}.")
    if chosen == "lime":
        most = service.limits.samples
        if samples is not None and samples > most:
            raise Problem("InvalidParameter", f"samples: at most {most} on this service.")
        options = {"num_samples": samples or most}

    def work(upload: Upload, step: Step) -> dict[str, Any]:
        explanation = explain(detector, Waiting(upload.data), chosen, of, step, **options)
        return {**explanation.to_dict(), "layer": _layer(explanation)}

    return JSONResponse(await _one(request, "explain", work, SLOTS[chosen]))


@router.post("/provenance", responses=answers(schemas.Provenance, PROVENANCE), openapi_extra=ONE)
async def provenance(request: Request) -> JSONResponse:
    """Say what one picture's file tells of its origin: evidence beside the score, never inside it."""
    most = service_of(request).detector.preprocessor.max_pixels

    def work(upload: Upload, _: Step) -> dict[str, Any]:
        return examine(Waiting(upload.data), max_pixels=most).to_dict()

    return JSONResponse(await _one(request, "provenance", work))


@router.post(
    "/report",
    response_class=HTMLResponse,
    responses=answers(None, None, "MissingExtra"),
    openapi_extra=ONE,
)
async def report(
    request: Request, method: Annotated[Literal["attention", "occlusion"] | None, Query()] = None
) -> HTMLResponse:
    """Everything about one picture as one HTML page that stands by itself, to be saved."""
    detector = service_of(request).detector
    chosen = method or default_method(detector)

    def work(upload: Upload, step: Step) -> str:
        # The name is put in afterwards: what goes wrong on the way is logged, and names are not.
        case = examine_case(detector, Waiting(upload.data), Waiting.name, chosen, step)
        if case.failure is not None:
            raise case.failure.error
        return html([replace(case, name=upload.name or Waiting.name)], "POST /v1/report")

    text = await _one(request, "report", work, SLOTS[chosen])
    headers = {
        "Content-Disposition": 'attachment; filename="report.html"',
        "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    }
    return HTMLResponse(text, headers=headers)


@router.get("/model", responses=answers(schemas.Model, None, body=False))
async def model(request: Request) -> JSONResponse:
    """What answers: the model, its members, and the limits of this service."""
    service = service_of(request)
    detector, limits = service.detector, service.limits
    return JSONResponse(
        {
            "name": detector.bundle.name,
            "version": detector.bundle.version,
            "threshold": detector.threshold,
            "aggregation": detector.aggregation,
            "explanation": default_method(detector),
            "members": [card.to_dict() for card in detector.bundle.cards],
            "about": dict(detector.bundle.about),
            "reasons": dict(REASONS),
            "limits": {
                "max_body_bytes": limits.body,
                "max_files": limits.files,
                "max_pixels": detector.preprocessor.max_pixels,
                "max_faces": detector.max_faces,
                "max_samples": limits.samples,
                "queue": limits.queue,
                "timeout_seconds": limits.timeout,
                "long_timeout_seconds": limits.long_timeout,
            },
        }
    )


async def _one(request: Request, kind: str, work: Callable[[Upload, Step], Any], slots: int = 1) -> Any:
    """What ``work`` makes of the request's one picture, in a thread of the queue."""
    service = service_of(request)
    limits = service.limits
    now = asyncio.get_running_loop().time
    until = now() + limits.long_timeout
    with service.enter() as place:
        [upload] = await arrived(receive(request, limits.body, 1), limits.timeout)
        try:
            future = place.work(kind, lambda step: work(upload, step), slots)
        except Full as full:
            raise busy(full) from None
        try:
            return (await finished(request, [future], until - now()))[0]
        except DeepfakeDetectorError as error:
            raise _problem(error, upload) from None


def _judged(result: Prediction, upload: Upload, policy: Policy) -> dict[str, Any]:
    bounds = [round(bound, 4) for bound in policy.bounds(result.reasons, result.threshold)]
    return {**result.to_dict(), "inconclusive": bounds, "name": upload.name}


def _entry(result: Prediction | Failure, upload: Upload, policy: Policy) -> dict[str, Any]:
    if isinstance(result, Failure):
        return {**_problem(result.error, upload).to_dict(), "name": upload.name}
    return _judged(result, upload, policy)


def _problem(error: DeepfakeDetectorError, upload: Upload) -> Problem:
    problem = of_error(error)
    if isinstance(error, ImageUnreadable) and upload.data and not looks_like_a_picture(upload.data):
        return Problem("UnsupportedMediaType", problem.detail)
    return problem


def _layer(explanation: Explanation) -> dict[str, Any]:
    """The map as a picture to lay over the upright picture."""
    pixels = layer(explanation)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return {
        "png": base64.b64encode(buffer.getvalue()).decode(),
        "width": int(pixels.shape[1]),
        "height": int(pixels.shape[0]),
    }
