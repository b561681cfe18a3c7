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
    # Headers come as Latin-1, so this is the bytes that were sent. Beyond ASCII programs send UTF-8, browsers Latin-1;
    # what that lacks is escaped, so no sign stands for several. Compared in constant time.
    sent, latin = given.encode("latin-1"), key.encode("latin-1", "backslashreplace")
    if not (hmac.compare_digest(sent, key.encode()) | hmac.compare_digest(sent, latin)):
        raise Problem("KeyRequired", "Send the key in the header X-API-Key.", {"WWW-Authenticate": "Bearer"})
