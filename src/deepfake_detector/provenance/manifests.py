"""C2PA manifests (https://c2pa.org): signed statements inside a picture, verified with c2pa-python.

Nothing is fetched: neither a manifest that the picture only names, nor whether a certificate was revoked. No list of
trusted signers is shipped, for it would be out of date; without one the signer's name is only what the signer wrote.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

from ..errors import MissingExtra, OptionError
from ..extras import require
from ..images import Header
from .base import Finding, shown
from .metadata import Metadata
from .statements import finding

# The description box of a manifest store: type, the UUID of C2PA, as ISO 19566-5 (JUMBF) puts it into any container.
_STORE = b"jumdc2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71"
_MIME = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "TIFF": "image/tiff",
    "GIF": "image/gif",
}
_OFFLINE = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True},
    "core": {"allowed_network_hosts": [], "allow_redirects": False, "decode_identity_assertions": False},
}
"""decode_identity_assertions: resolving an identity may ask the network for its keys."""


def manifest(header: Header, metadata: Metadata, anchors: str | None, notes: list[str]) -> Finding | None:
    """The finding of an embedded manifest, or None; what was not looked at goes to ``notes``.

    anchors: PEM certificates of the authorities that are trusted to name signers. Raises OptionError where the
    library cannot use them.
    """
    if anchors is not None and "-----BEGIN CERTIFICATE-----" not in anchors:
        raise OptionError("the trusted certificates are not PEM text; expected -----BEGIN CERTIFICATE-----")
    remote = metadata.first("dcterms:provenance")
    if _STORE not in (header.data or b""):
        if remote:
            notes.append(f"The picture names a C2PA manifest elsewhere, which was not fetched: {shown(remote)}.")
        return None
    try:
        require("provenance", "c2pa")
    except MissingExtra as missing:
        notes.append(f"The C2PA manifest was not verified: {missing}.")
        return _found("was not verified", {"state": "not verified"})
    try:
        store = read(header, anchors)
    except OptionError:
        raise
    except Exception as error:  # the library raises by what is damaged
        return _found("could not be read", {"state": "unreadable", "error": shown(error)})
    return finding(store, listed=bool(anchors))


def read(header: Header, anchors: str | None = None) -> dict[str, Any]:
    """The manifest store of a picture as c2pa-python gives it, validated, without the network."""
    from c2pa import C2paError, Context, Reader, Settings

    wanted = {**_OFFLINE, "trust": {"trust_anchors": anchors}} if anchors else _OFFLINE
    try:
        context = Context(Settings.from_dict(wanted))
    except C2paError as error:
        raise OptionError(f"the trusted certificates cannot be used ({error}); expected PEM text") from None
    mime = _MIME.get(header.format or "", "application/octet-stream")
    with context, Reader(mime, io.BytesIO(header.data or b""), context=context) as reader:
        store = json.loads(reader.json())
    return store if isinstance(store, dict) else {}


def _found(what: str, details: Mapping[str, str]) -> Finding:
    return Finding(
        kind="c2pa",
        origin="unknown",
        says=f"There is a C2PA manifest in the file; it {what}.",
        proves="Nothing yet: a manifest counts for what its signature and hashes bear out.",
        limits="Anyone can put a manifest into a file, also one that is damaged or belongs to another picture.",
        details=details,
    )
