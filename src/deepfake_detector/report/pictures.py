"""Pictures as a report shows them: small JPEGs, with faces numbered or with what speaks for fake and for real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..explain.base import Explanation
from ..explain.overlay import FAKE, REAL, layer
from ..faces.crop import Crop
from ..pages import jpeg
from ..types import FaceResult, Pixels

LONGEST = 1000
"""Longer side of a picture in a report, at most, in pixels."""
UNDECIDED = "#5A6470"
_MAP = 640
"""Side of the area explained in the picture of its map, in pixels."""
_AROUND = 0.12
"""What is shown around the area explained, in units of its side."""


@dataclass(frozen=True)
class Shown:
    """A JPEG file with its size in pixels."""

    data: bytes
    width: int
    height: int

    @classmethod
    def of(cls, pixels: Pixels, longest: int = LONGEST) -> Shown:
        """From RGB uint8 (H, W, 3), scaled down where it is larger."""
        data, (width, height) = jpeg(pixels, longest, quality=85)
        return cls(data, width, height)


def reads_as(score: float | None, band: tuple[float, float]) -> str:
    """A face's own score in a word: "fake" or "real" outside the picture's inconclusive band, else "undecided"."""
    if score is None:
        return "not scored"
    return "fake" if score >= band[1] else "real" if score <= band[0] else "undecided"


def numbered(pixels: Pixels, faces: Sequence[FaceResult], band: tuple[float, float]) -> Shown:
    """The picture with a box around each face and its number in ``Prediction.faces``; RGB uint8 (H, W, 3)."""
    scale = min(1.0, LONGEST / max(pixels.shape[:2]))
    image = _scaled(pixels, scale)
    draw = ImageDraw.Draw(image)
    line = max(3, round(max(image.size) / 250))
    font = ImageFont.load_default(size=max(12, round(max(image.size) / 45)))
    colours = {"fake": FAKE, "real": REAL}
    for number, face in reversed(list(enumerate(faces))):  # the largest on top
        colour = colours.get(reads_as(face.score, band), UNDECIDED)
        x0, y0, x1, y1 = (value * scale for value in face.face.box)
        draw.rectangle((x0 - 1, y0 - 1, x1 + 1, y1 + 1), outline="white", width=line + 2)
        draw.rectangle((x0, y0, x1, y1), outline=colour, width=line)
        left, top, right, bottom = draw.textbbox((0, 0), str(number), font=font)
        high, wide = bottom - top + 8, max(right - left + 10, bottom - top + 8)
        y = y0 if y0 < high else y0 - high  # above the box, or inside where there is no room
        draw.rectangle((x0 - 1, y - 1, x0 + wide + 1, y + high + 1), fill=colour, outline="white")
        draw.text((x0 + wide / 2, y + high / 2), str(number), fill="white", font=font, anchor="mm")
    return Shown.of(np.asarray(image))


def explained(found: Explanation) -> Shown:
    """The explained area and a little around it in pale grey, the map laid over it, the area framed.

    What speaks for real is striped besides being blue, so that black and white will do.
    """
    area, (height, width) = found.area, found.picture.shape[:2]
    margin = round(_AROUND * area.side)
    x0, y0 = max(0, area.x - margin), max(0, area.y - margin)
    x1, y1 = min(width, area.x + area.side + margin), min(height, area.y + area.side + margin)
    # Cut out first: maps of a whole large picture are large.
    near = replace(found, picture=found.picture[y0:y1, x0:x1], area=Crop(area.x - x0, area.y - y0, area.side))
    scale = _MAP / area.side
    size = (round((x1 - x0) * scale), round((y1 - y0) * scale))
    tint = cv2.resize(layer(near, max(size)), size, interpolation=cv2.INTER_NEAREST)
    view = Image.fromarray(near.picture).convert("L").resize(size, Image.Resampling.BICUBIC)
    grey = np.asarray(view, np.float32)[:, :, None]
    alpha = 0.8 * tint[:, :, 3:].astype(np.float32) / 255
    across, down = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    alpha[((across + down) // 5 % 2 == 0) & (tint[:, :, 2] > tint[:, :, 0])] *= 0.45
    colour = tint[:, :, :3] * (0.35 + 0.65 * grey / 255)
    pixels = ((70 + grey * (185 / 255)) * (1 - alpha) + colour * alpha).clip(0, 255).astype(np.uint8)
    image = Image.fromarray(pixels)
    x, y = near.area.x * scale, near.area.y * scale
    draw = ImageDraw.Draw(image)
    draw.rectangle((x, y, x + _MAP - 1, y + _MAP - 1), outline="black", width=6)
    draw.rectangle((x + 2, y + 2, x + _MAP - 3, y + _MAP - 3), outline="white", width=2)
    return Shown.of(np.asarray(image))


def _scaled(pixels: Pixels, scale: float) -> Image.Image:
    image = Image.fromarray(pixels)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0) if scale < 1 else image
