"""Whose quantisation tables a JPEG has. Told is only what can be known: whether they are those of the IJG library.

The IJG library (libjpeg, libjpeg-turbo) scales the example tables of ITU-T T.81, annex K, by a quality of 1 to 100
(jpeg_set_quality). Nearly all software uses it; Photoshop, many cameras and phones, and tuned encoders have tables of
their own. There is no list of cameras here: tables are shared between too many makes to name one.
"""

from __future__ import annotations

from PIL import JpegPresets

from ..images import Header
from .base import Finding

_LUMA = (
    16, 11, 10, 16, 24, 40, 51, 61,
    12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77,
    24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
_CHROMA = (
    17, 18, 24, 47, 99, 99, 99, 99,
    18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99,
    *(99,) * 32,
)  # fmt: skip


def scaled(base: tuple[int, ...], quality: int) -> tuple[int, ...]:
    """An example table at a quality of 1 to 100, as jpeg_set_quality makes it."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return tuple(min(max((step * percent + 50) // 100, 1), 255) for step in base)


def jpeg_tables(header: Header) -> Finding | None:
    """What a JPEG's quantisation tables tell of the program that saved it last, or None for other formats."""
    if not header.tables:
        return None
    first, *others = (header.tables[number] for number in sorted(header.tables))
    luma = _quality(_LUMA, first)
    chroma = [_quality(_CHROMA, table, luma) for table in others]
    details = {"tables": str(len(header.tables))}
    if header.sampling:
        details["chroma sampling"] = header.sampling
    if luma is None or None in chroma:
        return _others(first, others, details)
    both = "" if all(quality == luma for quality in chroma) else f" (chroma {', '.join(map(str, chroma))})"
    details["quality"] = f"{luma}{both}"
    return Finding(
        kind="jpeg_tables",
        origin="unknown",
        says=f"The JPEG's quantisation tables are the IJG library's at quality {luma}{both}.",
        proves="The last save used these tables, as most programs, websites and libraries do, and some cameras.",
        limits="It tells neither which program that was nor what came before: every save replaces the tables.",
        details=details,
    )


def _others(first: tuple[int, ...], others: list[tuple[int, ...]], details: dict[str, str]) -> Finding:
    coarse = min(range(1, 101), key=lambda quality: (abs(sum(scaled(_LUMA, quality)) - sum(first)), -quality))
    details["about as coarse as quality"] = str(coarse)
    if preset := _preset(first, others):
        details["same as"] = f"Pillow's preset {preset}, made after Photoshop's"
    return Finding(
        kind="jpeg_tables",
        origin="unknown",
        says="The JPEG's quantisation tables are not the IJG library's; "
        f"they are about as coarse as its quality {coarse}.",
        proves="The last save was not by a program that uses the IJG library's own tables: many cameras, Photoshop and "
        "tuned encoders have others.",
        limits="It does not tell a camera from an editor, and any program can be given any tables.",
        details=details,
    )


def _quality(base: tuple[int, ...], table: tuple[int, ...], likely: int | None = None) -> int | None:
    """The quality at which the library makes this very table; where several do, the ``likely`` one or else the best."""
    tried = [*([likely] if likely else []), *range(100, 0, -1)]
    return next((quality for quality in tried if scaled(base, quality) == table), None)


def _preset(first: tuple[int, ...], others: list[tuple[int, ...]]) -> str | None:
    tables = [list(table) for table in (first, *others)]
    return next((name for name, preset in JpegPresets.presets.items() if preset["quantization"] == tables), None)
