"""Who may ask: an optional key."""

from __future__ import annotations

import hmac

from fastapi import Request

from .problems import Problem


async def authorised(request: Request) -> None:
    """Let a request pass that carries the key, in ``X-API-Key`` or as a bearer token. Raises Problem otherwise."""
    key: str | None = request.app.state.api_key
    if key is None:
        return
    given = request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
    # Headers come as Latin-1, so this is the bytes that were sent; compared in constant time.
    if not hmac.compare_digest(given.encode("latin-1"), key.encode()):
        raise Problem("KeyRequired", "Send the key in the header X-API-Key.", {"WWW-Authenticate": "Bearer"})
