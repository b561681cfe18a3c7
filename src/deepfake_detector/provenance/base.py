"""What an examination of a picture's file gives: findings, each with what it proves and what it does not.

Nothing here is a score, and nothing here changes one. No findings prove nothing: metadata is lost whenever a picture
is sent through a messenger or saved anew, and anyone can remove or forge it.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["c2pa", "digital_source_type", "camera", "generator", "software", "jpeg_tables"]
Origin: TypeAlias = Literal["ai", "camera", "edited", "unknown"]

KINDS: tuple[Kind, ...] = ("c2pa", "digital_source_type", "generator", "camera", "software", "jpeg_tables")
"""Strongest evidence first; findings come in this order."""
ORIGINS: tuple[Origin, ...] = ("ai", "camera", "edited", "unknown")

LONGEST = 500
"""Characters kept of a value in ``Finding.details``."""
NAME = 80
"""Characters kept of a value named in a sentence."""

CAUTION = "Findings are evidence beside the score and never change it. Finding nothing proves nothing."


@dataclass(frozen=True)
class Finding:
    """One thing found. says: what; proves: what follows from it; limits: what does not. One sentence or two each.

    origin: where it says that the picture comes from. details: raw values, as ``shown`` gives them.
    """

    kind: Kind
    origin: Origin
    says: str
    proves: str
    limits: str
    details: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"Finding.kind: expected one of {KINDS}, got {self.kind!r}")
        if self.origin not in ORIGINS:
            raise ValueError(f"Finding.origin: expected one of {ORIGINS}, got {self.origin!r}")

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {
            "kind": self.kind,
            "origin": self.origin,
            "says": self.says,
            "proves": self.proves,
            "limits": self.limits,
            "details": dict(self.details),
        }


@dataclass(frozen=True)
class Provenance:
    """What a picture's file says of where it comes from.

    sha256: of the file, or None for pixels without one. format: container ("JPEG", "PNG", ...) or None.
    findings: in the order of ``KINDS``. notes: what was not looked for, or could not be read, and why.
    """

    source: str
    sha256: str | None
    format: str | None
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {
            "source": self.source,
            "sha256": self.sha256,
            "format": self.format,
            "findings": [finding.to_dict() for finding in self.findings],
            "notes": list(self.notes),
            "caution": CAUTION,
        }

    def to_json(self, indent: int | None = None) -> str:
        """``to_dict`` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)


def shown(value: object, longest: int = LONGEST) -> str:
    """A value out of a file as text that is safe to print: one line, cut, with what cannot be seen written as escapes.

    Markup stays as it is; who puts it into a page escapes it there.
    """
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
    text = text.strip("\0 \t\r\n")
    visible = "".join(map(_visible, text[:longest]))
    return f"{visible} … ({len(text):,} characters in all)" if len(text) > longest else visible


def _visible(character: str) -> str:
    # Controls, formats (these turn the direction of text), lone surrogates, line and paragraph separators.
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return character.encode("unicode_escape").decode("ascii")
    return character
