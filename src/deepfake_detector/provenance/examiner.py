"""One picture's file in, everything it says of its origin out."""

from __future__ import annotations

import hashlib

from .. import images
from ..images import ImageSource
from .base import KINDS, Finding, Provenance
from .camera import camera
from .generators import AI, generators
from .metadata import gather
from .software import software
from .sources import digital_source_type


def examine(source: ImageSource) -> Provenance:
    """What the file of a picture says of where it comes from: a path, bytes or a binary file object.

    No pixel is decoded, nothing is fetched, and damaged metadata is noted, not raised. Pixels without a file give a
    Provenance that says so. Raises ImageNotFound, ImageUnreadable or ImageTooLarge as ``images.read`` does.
    """
    header = images.header(source)
    if header.data is None:
        note = "These are pixels without their file: there is no metadata to look at. Hand over the path or the bytes."
        return Provenance(header.name, None, None, notes=(note,))
    metadata = gather(header)
    found: list[Finding | None] = [
        *digital_source_type(metadata),
        *generators(metadata),
        camera(metadata),
        software(metadata, AI),
    ]
    findings = sorted((finding for finding in found if finding), key=lambda finding: KINDS.index(finding.kind))
    sha256 = hashlib.sha256(header.data).hexdigest()
    return Provenance(header.name, sha256, header.format, tuple(findings), metadata.notes)
