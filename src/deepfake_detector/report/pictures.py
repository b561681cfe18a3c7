"""Pictures as a report shows them: small JPEGs, with faces numbered or with what speaks for fake and for real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..explain.base import Explanation
from ..explain.overlay import FAKE, REAL, layer
from ..pages import jpeg
from ..types import FaceResult, Pixels

LONGEST = 1000
"""Longer side of a picture in a report, at most, in pixels."""
UNDECIDED = "#5A6470"
_MAP = 720
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
    scale = min(1.0, _MAP / area.side)
    tint = layer(found, max(1, round(max(height, width) * scale)))
    high, wide = tint.shape[:2]
    margin = _AROUND * area.side
    x0, y0 = (max(0, round((at - margin) * scale)) for at in (area.x, area.y))
    x1 = min(wide, round((area.x + area.side + margin) * scale))
    y1 = min(high, round((area.y + area.side + margin) * scale))
    view = np.asarray(_scaled(found.picture, scale).resize((wide, high)))[y0:y1, x0:x1]
    tint = tint[y0:y1, x0:x1]
    grey = cv2.cvtColor(np.ascontiguousarray(view), cv2.COLOR_RGB2GRAY).astype(np.float32)[:, :, None]
    alpha = 0.8 * tint[:, :, 3:].astype(np.float32) / 255
    across, down = np.meshgrid(np.arange(x1 - x0), np.arange(y1 - y0))
    gap = ((across + down) // 5 % 2 == 0) & (tint[:, :, 2] > tint[:, :, 0])
    alpha[gap] *= 0.45
    colour = tint[:, :, :3] * (0.35 + 0.65 * grey / 255)
    image = Image.fromarray(((70 + grey * (185 / 255)) * (1 - alpha) + colour * alpha).clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    frame = [area.x * scale - x0, area.y * scale - y0]
    frame += [frame[0] + area.side * scale - 1, frame[1] + area.side * scale - 1]
    draw.rectangle(frame, outline="black", width=4)
    draw.rectangle([frame[0] + 1, frame[1] + 1, frame[2] - 1, frame[3] - 1], outline="white", width=2)
    return Shown.of(np.asarray(image))


def _scaled(pixels: Pixels, scale: float) -> Image.Image:
    image = Image.fromarray(pixels)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0) if scale < 1 else image
