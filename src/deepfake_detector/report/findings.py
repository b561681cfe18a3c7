"""What a report says of a picture's file: what was found in it, what that proves, and whether it fits the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..provenance import Finding, Provenance
from ..provenance.base import CAUTION, Kind, Origin
from ..types import Prediction
from .blocks import Block, Facts, Points, Section, Words

_KINDS: Mapping[Kind, str] = {
    "c2pa": "C2PA manifest (Content Credentials)",
    "digital_source_type": "Declared digital source type",
    "generator": "Data left by an image generator",
    "camera": "Data of a camera",
    "software": "Data of a program",
    "jpeg_tables": "JPEG quantisation tables",
}
_ORIGINS: Mapping[Origin, str] = {
    "ai": "points to AI",
    "camera": "points to a camera",
    "edited": "points to editing",
    "unknown": "points to no origin",
}


def provenance(found: Provenance, result: Prediction | None) -> Section:
    """What the file says of its origin, and a warning where that and the verdict point different ways."""
    blocks: list[Block] = [Words(CAUTION)]
    blocks += [Words(warning, "warning") for warning in _against(found, result)]
    for number, finding in enumerate(found.findings, 1):
        blocks += _finding(number, finding)
    if not found.findings:
        blocks.append(Words("Nothing in the file says where the picture comes from."))
    if found.notes:
        blocks.append(Points(found.notes))
    return Section("Provenance: what the file says of itself", tuple(blocks))


def origins(found: Provenance | None) -> str:
    """What the findings point to, in a few words for a table; empty where they point to nothing."""
    names = {finding.origin for finding in found.findings} if found else set()
    return ", ".join(
        word.removeprefix("points to ") for origin, word in _ORIGINS.items() if origin in names - {"unknown"}
    )


def _finding(number: int, finding: Finding) -> Iterator[Block]:
    yield Words(f"{number}. {_KINDS[finding.kind]}: {_ORIGINS[finding.origin]}", "strong")
    yield Facts(
        (
            ("found", finding.says),
            ("proves", finding.proves),
            ("does not prove", finding.limits),
            *finding.details.items(),
        )
    )


def _against(found: Provenance, result: Prediction | None) -> Iterator[str]:
    if result is None:
        return
    names = {finding.origin for finding in found.findings}
    if "ai" in names and result.verdict != "fake":
        yield (
            f"The file itself points to AI, while the verdict from the pixels is {result.verdict}. The detector does "
            "not read the file's data: weigh both, and do not take the verdict alone."
        )
    if "camera" in names and result.verdict == "fake":
        yield (
            "The file carries data of a camera, while the verdict from the pixels is fake. Such data can be copied "
            "from another file, and a camera's picture can be altered later: weigh both, and do not take either alone."
        )
