"""What a report is made of, for whatever lays it out. All texts are plain; who sets them escapes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..types import Verdict
from .pictures import Shown

Tone: TypeAlias = Literal["", "fake", "real", "soft", "strong", "warning"]
"""How a text is set. Colour is never the only sign: the words say the same."""


@dataclass(frozen=True)
class Words:
    """A paragraph."""

    text: str
    tone: Tone = ""


@dataclass(frozen=True)
class Points:
    """A list of short paragraphs."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """Names and values, in two columns."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Cell:
    """share: in [0, 1], drawn as a bar. picture: shown before the text. target: number of the picture it leads to."""

    text: str
    tone: Tone = ""
    share: float | None = None
    picture: Shown | None = None
    target: int | None = None


@dataclass(frozen=True)
class Table:
    """words: how many columns, from the left, are words; the others are numbers. widths: of the columns on paper."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    words: int
    widths: tuple[int, ...]


@dataclass(frozen=True)
class Figure:
    """A picture with its caption. keys: what its colours mean, each (tone, text)."""

    shown: Shown
    caption: str
    keys: tuple[tuple[Tone, str], ...] = ()


@dataclass(frozen=True)
class Ruling:
    """The verdict, set large, with the score on a scale. band: scores between are inconclusive."""

    verdict: Verdict
    headline: str
    text: str
    score: float
    threshold: float
    band: tuple[float, float]


Block: TypeAlias = Words | Points | Facts | Table | Figure | Ruling


@dataclass(frozen=True)
class Section:
    """Blocks under a heading; an empty one sets none."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Chapter:
    """All that is said of one picture. number: from 1, for links."""

    number: int
    title: str
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Content:
    """A report. time: ISO 8601, UTC, of its first picture."""

    title: str
    time: str
    opening: tuple[Section, ...]
    chapters: tuple[Chapter, ...]
    closing: tuple[Section, ...]
