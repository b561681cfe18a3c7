"""The same detector as a service, with a page for people.

>>> from deepfake_detector.web import create_app
>>> app = create_app()  # doctest: +SKIP

``create_app`` gives a FastAPI application: run it with any ASGI server, or mount it in one of your own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..extras import require
from .limits import Limits as Limits

if TYPE_CHECKING:
    from fastapi import FastAPI

    from ..detector import DeepfakeDetector

__all__ = ["Limits", "create_app"]


def create_app(
    detector: DeepfakeDetector | None = None,
    limits: Limits | None = None,
    *,
    api_key: str | None = None,
    origins: Sequence[str] = (),
) -> FastAPI:
    """The service around a detector.

    detector: None loads the default one in the background; until it is there ``/readyz`` and every picture get a 503.
    limits: None takes the defaults; how many pixels a picture may have is the detector's own ``max_pixels``.
    api_key: what ``/v1`` and ``/metrics`` ask for in ``X-API-Key``; None asks for none. origins: pages of other sites
    that may call the service (CORS), such as "https://example.org".
    Raises MissingExtra without the ``web`` extra, OptionError for an empty key.
    """
    require("web")
    from .app import build

    return build(detector, limits or Limits(), api_key, origins)
