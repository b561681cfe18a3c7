"""The outermost layer: headers that every answer carries, and the one place where requests are counted and logged.

An unexpected error becomes a problem here; the framework's own handler for them lies outside of every other layer, and
its answers would lack the headers.
"""

from __future__ import annotations

import logging
import time

from starlette.datastructures import MutableHeaders
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .metrics import Metrics
from .problems import Problem

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_log = logging.getLogger(__name__)


class Edge:
    """Adds the headers; counts and logs by route, never by what a client put into the address."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = 0

        async def adding(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, adding)
        except Exception:
            if status:
                raise
            _log.exception("unexpected error")
            problem = Problem("InternalError", "Something unexpected happened; the service's log says what.")
            await problem.response()(scope, receive, adding)
        finally:
            seconds = time.perf_counter() - begun
            other = "/static" if isinstance(scope.get("endpoint"), StaticFiles) else "other"
            route = str(getattr(scope.get("route"), "path", other))
            self._metrics.request(route, status, seconds)
            _log.info("%s %s %.3f s", route, status, seconds)
