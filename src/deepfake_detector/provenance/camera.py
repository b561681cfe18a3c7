"""EXIF as cameras write it."""

from __future__ import annotations

from .base import NAME, Finding, shown
from .metadata import Metadata

_SHOT = (
    "DateTimeOriginal", "ExposureTime", "FNumber", "ISOSpeedRatings", "FocalLength", "LensMake", "LensModel", "Flash",
    "BodySerialNumber", "DateTime", "GPS",
)  # fmt: skip
_EXPOSED = {"DateTimeOriginal", "ExposureTime", "FNumber", "ISOSpeedRatings", "FocalLength"}


def camera(metadata: Metadata) -> Finding | None:
    """The camera and the exposure, where EXIF has a make or model, or at least two values of an exposure."""
    exif = metadata.exif
    names = {name: exif[name] for name in ("Make", "Model") if name in exif and not _workflow(exif[name])}
    shot = {name: exif[name] for name in _SHOT if name in exif}
    if not names and len(_EXPOSED & set(shot)) < 2:
        return None
    maker, model = shown(names.get("Make", ""), NAME), shown(names.get("Model", ""), NAME)
    named = model if model.lower().startswith(maker.lower()) else f"{maker} {model}".strip()
    exposed = "with the settings of an exposure" if _EXPOSED & set(shot) else "but no settings of an exposure"
    return Finding(
        kind="camera",
        origin="camera",
        says=f"EXIF names the camera {named or maker}, {exposed}."
        if names
        else "EXIF has the settings of an exposure.",
        proves="Whoever wrote the file wrote a camera's data into it; cameras and phones do so for every picture.",
        limits="EXIF is plain text that anyone can write, or copy from another picture, and it stays when a photograph "
        "is edited: it proves neither that this camera took the picture nor that its content is untouched.",
        details={name: shown(value) for name, value in {**names, **shot}.items()},
    )


def _workflow(value: str) -> bool:
    """ComfyUI keeps its JSON in Make and Model of WebP files."""
    return value.lower().startswith(("prompt:", "workflow:"))
