"""One picture's file in, everything it says of its origin out."""

from __future__ import annotations

import hashlib

from .. import images
from ..files import ImageSource
from .base import KINDS, Finding, Provenance
from .camera import camera
from .generators import generators, name_of
from .manifests import manifest
from .metadata import gather
from .software import software
from .sources import digital_source_type
from .tables import jpeg_tables


def examine(source: ImageSource, anchors: str | None = None, max_pixels: int = images.MAX_PIXELS) -> Provenance:
    """What the file of a picture says of where it comes from: a path, bytes or a binary file object.

    anchors: PEM text, the certificates of authorities trusted to name signers of C2PA manifests; none are shipped.
    max_pixels: as for ``images.read``.
    No pixel is decoded, nothing is fetched, no score is changed, and damaged metadata is noted, not raised. Pixels
    without a file give a Provenance that says so. Raises ImageNotFound, ImageUnreadable or ImageTooLarge as
    ``images.read`` does, and OptionError where ``anchors`` are no certificates.
    """
    header = images.header(source, max_pixels)
    if header.data is None:
        note = "These are pixels without their file: there is no metadata to look at. Hand over the path or the bytes."
        return Provenance(header.name, None, None, notes=(note,))
    metadata = gather(header)
    notes = list(metadata.notes)
    found: list[Finding | None] = [
        manifest(header, metadata, anchors, notes),
        *digital_source_type(metadata),
        *generators(metadata),
        camera(metadata),
        software(metadata, name_of),
        jpeg_tables(header),
    ]
    findings = sorted((finding for finding in found if finding), key=lambda finding: KINDS.index(finding.kind))
    sha256 = hashlib.sha256(header.data).hexdigest()
    return Provenance(header.name, sha256, header.format, tuple(findings), tuple(notes))
