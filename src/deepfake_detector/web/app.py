"""The application: routes put together, limits and headers around them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect

from .. import __version__
from ..detector import DeepfakeDetector
from ..errors import DeepfakeDetectorError, OptionError
from . import problems
from .access import authorised
from .edge import Edge
from .limits import Limits
from .routes import router, service_of
from .service import Service

STATIC = Path(__file__).parent / "static"


def build(detector: DeepfakeDetector | None, limits: Limits, api_key: str | None, origins: Sequence[str]) -> FastAPI:
    """As ``create_app`` says."""
    if api_key is not None and not api_key.strip():
        raise OptionError("the API key is empty; set one, or leave the variable out to ask for none")
    if api_key is not None and (api_key != api_key.strip() or not api_key.isprintable()):
        raise OptionError("the API key must begin and end without a space, and be printable: clients cannot send it")
    service = Service(detector, limits)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        service.stop()

    app = FastAPI(
        title="deepfake-detection",
        version=__version__,
        description="Says whether pictures are real or fake, how sure it is, and why.",
        lifespan=life,
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
    )
    app.state.service, app.state.api_key = service, api_key
    app.include_router(router, dependencies=[Depends(authorised)])
    app.get("/metrics", dependencies=[Depends(authorised)])(metrics)
    for path, health in (("/healthz", healthz), ("/readyz", readyz)):
        app.get(path)(health)
        app.head(path, include_in_schema=False)(health)
    if (STATIC / "index.html").is_file():
        app.get("/", include_in_schema=False)(page)
        app.mount("/static", StaticFiles(directory=STATIC))
    app.add_exception_handler(problems.Problem, problems.on_problem)
    app.add_exception_handler(DeepfakeDetectorError, problems.on_problem)
    app.add_exception_handler(HTTPException, problems.on_http)
    app.add_exception_handler(RequestValidationError, problems.on_validation)
    app.add_exception_handler(ClientDisconnect, problems.on_gone)
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["X-API-Key", "Authorization", "Content-Type"],
            expose_headers=["Retry-After"],
        )
    app.add_middleware(Edge, metrics=service.metrics)
    return app


async def healthz() -> JSONResponse:
    """Whether the process is alive."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> JSONResponse:
    """Whether pictures can be judged: 503 until the model is loaded."""
    return JSONResponse({"status": "ready", "model": service_of(request).detector.model})


async def metrics(request: Request) -> Response:
    """Figures for Prometheus."""
    figures = service_of(request).metrics
    return Response(figures.text(), media_type=figures.media_type)


async def page() -> FileResponse:
    """The page for people."""
    return FileResponse(STATIC / "index.html", media_type="text/html")
