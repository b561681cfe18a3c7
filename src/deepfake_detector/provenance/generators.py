"""Traces of picture generators: their parameters in the formats they write, and their names as the file's maker."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from .base import NAME, Finding, shown
from .metadata import Metadata
from .parameters import FORMATS
from .software import CREDIT, makers

_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "Midjourney": r"midjourney",
        "DALL·E or another model of OpenAI": r"\bdall[\-·•.∙]e\b|\bdall-?e ?[23]\b|^dall-?e$|\bopenai\b|chatgpt"
        r"|\bgpt-4o\b|\bgpt[- ]image\b",
        "Adobe Firefly": r"adobe[ _-]*firefly|\bfirefly (image|video|\d)|^firefly$",
        "Google's generative AI": r"(made|edited|created) with google ai|\bgoogle (imagen|gemini)\b|\bimagen \d"
        r"|\bgemini (nano|image)\b|\bgemini \d[\d.]* (pro|flash|image)|^gemini$",
        "Microsoft's image creator": r"bing image creator|image creator from",
        "Stable Diffusion": r"stable[ _-]?diffusion|\bsdxl\b|\bsd\.next\b|\bdreamstudio\b|stability ai",
        "FLUX": r"\bflux\.[12]\b|\bflux 1\.1|black forest labs",
        "NovelAI": r"\bnovelai\b",
        "ComfyUI": r"\bcomfyui\b",
        "InvokeAI": r"\binvoke ?ai\b",
        "Fooocus": r"\bfooocus\b",
        "Draw Things": r"\bdraw things\b",
        "Ideogram": r"\bideogram(\.ai| ai\b| v?\d)|^ideogram$",
        "Leonardo.Ai": r"\bleonardo\.?ai\b",
        "Recraft": r"\brecraft(\.ai| ai\b| v?\d)|^recraft$",
        "Grok": r"\bgrok imagine\b|\bxai grok\b|\bgrok by xai\b|^grok$",
    }
)
_MADE = re.compile(r"(?<!not )\b(?:made|edited|created|generated) (?:with|by|using) [^.;\n]{1,80}", re.IGNORECASE)
"""What a credit or a comment says of how the picture was made; the rest of it names people and things shown."""


def name_of(place: str, text: str) -> str | None:
    """The generator that a field names as the picture's maker, or None. place, text: as ``makers`` gives them."""
    if place in (CREDIT, "Comment"):
        text = found[0] if (found := _MADE.search(text)) else ""
    return next((name for name, pattern in _NAMES.items() if re.search(pattern, text, re.IGNORECASE)), None)


def generators(metadata: Metadata) -> list[Finding]:
    """One finding for each format of parameters found; where there is none, for each generator named as the maker."""
    written = [_written(name, details) for name, parse in FORMATS.items() if (details := parse(metadata))]
    told = {finding.details["generator"] for finding in written}
    named: dict[str, Finding] = {}
    for place, text in makers(metadata):
        name = name_of(place, text)
        if name and not any(name in other for other in told):
            named.setdefault(name, _named(name, place, text))
    return [*written, *named.values()]


def _written(name: str, details: Mapping[str, str]) -> Finding:
    return Finding(
        kind="generator",
        origin="ai",
        says=f"The file carries a generator's data in the format of {name}.",
        proves="Whoever wrote the file put the data of a picture generator into it; cameras and ordinary editors "
        "write nothing of the kind.",
        limits="Such text can be copied into any picture; and a generator also writes it when it enlarged or changed a "
        "photograph, so it does not say how much of the picture was generated.",
        details={"generator": name, **{key: shown(value) for key, value in details.items() if value}},
    )


def _named(name: str, place: str, text: str) -> Finding:
    return Finding(
        kind="generator",
        origin="ai",
        says=f"The file names {name} as software that made or changed it ({place}: {shown(text, NAME)}).",
        proves="The file was written, or its metadata copied, by a program that calls itself so.",
        limits="The name is plain text that can be forged, and it does not say how much of the picture was generated.",
        details={"generator": name, place: shown(text)},
    )
