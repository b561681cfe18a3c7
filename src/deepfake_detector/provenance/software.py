"""Programs that the file says it passed through."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from .base import LONGEST, NAME, Finding, shown
from .metadata import Metadata

_EDITORS = re.compile(
    r"photoshop|lightroom|camera raw|\bgimp\b|affinity|\bkrita\b|paint\.net|paint ?shop|corel|pixelmator|snapseed"
    r"|capture one|darktable|rawtherapee|luminar|\bdxo\b|\bon1\b|topaz|picsart|facetune|faceapp|facelab|meitu"
    r"|beautyplus|airbrush|\bremini\b|\bvsco\b|\bcanva\b|picasa|acdsee|imagemagick|graphicsmagick|photopea|pixlr"
    r"|fotor|photoscape|befunky|photodirector|polarr|inkscape|illustrator|windows photo|google photos|\bpaint\b",
    re.IGNORECASE,
)
CREDIT = "XMP photoshop:Credit"
"""Names people and agencies, and at times a program."""


def makers(metadata: Metadata) -> Iterator[tuple[str, str]]:
    """(where it stands, what it says) of every field in which a program names itself, in order, each text once."""
    seen: set[str] = set()
    fields = [
        *((f"EXIF {name}", metadata.exif.get(name, "")) for name in ("Software", "ProcessingSoftware")),
        *(
            (f"XMP {name}", value)
            for name in ("xmp:CreatorTool", "stEvt:softwareAgent", "tiff:Software", "photoshop:Credit")
            for value in metadata.values(name)
        ),
        *((name, text) for name, text in metadata.texts if name.lower() in ("software", "creator tool")),
        *(("Comment", text) for name, text in metadata.texts if name == "Comment" and "created with" in text.lower()),
    ]
    for place, text in fields:
        text = text.strip()[:LONGEST]
        if text and text not in seen:
            seen.add(text)
            yield place, text


def software(metadata: Metadata, generator: Callable[[str, str], str | None]) -> Finding | None:
    """Programs named: those known to edit, or else those that may be anything.

    generator: says of a field (place, text) which generator it names, if any; those are not told here.
    """
    named = [(place, text) for place, text in makers(metadata) if place != CREDIT and not generator(place, text)]
    if not named:
        return None
    editors = [text for _, text in named if _EDITORS.search(text)]
    history = [value for name in ("stEvt:action", "stEvt:changed") for value in metadata.values(name)]
    details: dict[str, str] = {}
    for place, text in named:
        details[place] = shown(f"{details[place]}; {text}" if place in details else text)
    if history:
        details["XMP history"] = shown(", ".join(history))
    names = ", ".join(dict.fromkeys(shown(text, NAME) for text in editors[:3] or [text for _, text in named[:3]]))
    if editors:
        return Finding(
            kind="software",
            origin="edited",
            says=f"The file names software that edits pictures: {names}.",
            proves="The file was written, or its metadata copied, by a program that can change any pixel.",
            limits="It does not say what was changed: cropping or developing a photograph leaves the same trace as a "
            "montage; and an edit by a program that writes no name leaves none.",
            details=details,
        )
    return Finding(
        kind="software",
        origin="unknown",
        says=f"The file names the software that wrote it: {names}.",
        proves="Nothing about the content: cameras' own firmware writes this field as other programs do.",
        limits="The name is not among the editors and generators known here, and the field can be forged.",
        details=details,
    )
