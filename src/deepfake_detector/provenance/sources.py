"""IPTC's Digital Source Type: the field in which tools declare how a picture came to be."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .base import NAME, Finding, Origin, shown
from .metadata import Metadata

TYPES: Mapping[str, tuple[Origin, str]] = MappingProxyType(
    {
        "trainedAlgorithmicMedia": ("ai", "made by a generative AI model"),
        "compositeWithTrainedAlgorithmicMedia": ("ai", "a composite or an edit with parts by a generative AI model"),
        "trainedAlgorithmicData": ("ai", "data made by a generative AI model"),
        "compositeSynthetic": ("edited", "a composite with at least one synthetic part"),
        "algorithmicMedia": ("unknown", "made by an algorithm that was not trained on pictures"),
        "dataDrivenMedia": ("unknown", "a presentation of data made by a program"),
        "digitalCapture": ("camera", "taken with a digital camera from real life"),
        "computationalCapture": ("camera", "several frames of a camera merged without generative AI"),
        "negativeFilm": ("camera", "scanned from a negative on film"),
        "positiveFilm": ("camera", "scanned from a positive on film"),
        "print": ("camera", "scanned from a print"),
        "compositeCapture": ("edited", "a composite of pictures that were all taken from real life"),
        "composite": ("edited", "a composite of several elements"),
        "humanEdits": ("edited", "edited by people with tools that do not generate"),
        "minorHumanEdits": ("edited", "a photograph with minor edits by people"),
        "algorithmicallyEnhanced": ("edited", "changed or corrected by an algorithm that does not generate"),
        "digitalCreation": ("unknown", "drawn or made by a person with digital tools"),
        "digitalArt": ("unknown", "drawn or made by a person with digital tools"),
        "softwareImage": ("unknown", "made by software"),
        "virtualRecording": ("unknown", "a recording of a virtual event"),
        "screenCapture": ("unknown", "a capture of a screen"),
        "empty": ("unknown", "empty, before anything was put in"),
    }
)
"""By the last part of the URI in http://cv.iptc.org/newscodes/digitalsourcetype/ and C2PA's own two: origin, and words
for what the type declares (https://cv.iptc.org/newscodes/digitalsourcetype/, retired types included).
"""

_MOST = 4


def meaning(uri: str) -> tuple[Origin, str]:
    """Origin and plain words of a Digital Source Type, given as a URI, a QCode or its name alone."""
    name = uri.strip().rstrip("/").replace(":", "/").rpartition("/")[2]
    return TYPES.get(name, ("unknown", f"of a type that is not known here, {shown(name, NAME)!r}"))


def digital_source_type(metadata: Metadata) -> list[Finding]:
    """One finding for each Digital Source Type that XMP declares; the first few, as a picture has one."""
    values = list(dict.fromkeys(metadata.values("Iptc4xmpExt:DigitalSourceType")))[:_MOST]
    return [_finding(value, metadata) for value in values]


def _finding(value: str, metadata: Metadata) -> Finding:
    origin, words = meaning(value)
    more = {
        name.partition(":")[2]: shown(text)
        for name in ("Iptc4xmpExt:AISystemUsed", "Iptc4xmpExt:AISystemVersionUsed", "photoshop:Credit")
        if (text := metadata.first(name))
    }
    return Finding(
        kind="digital_source_type",
        origin=origin,
        says=f"The IPTC field for the digital source declares the picture: {words}.",
        proves="The tool or person that wrote the metadata declared so; generators and editors set this field in order "
        "to be open about it.",
        limits="The field is not signed: anyone can write, change or remove it, and nothing ties it to the pixels.",
        details={"DigitalSourceType": shown(value), **more},
    )
