"""From a picture to what a member reads. numpy and Pillow only; training uses this same code.

One resizer everywhere: Pillow's bicubic with antialiasing (cv2 and Pillow differ by 3.7 grey levels on average when a
2048 px picture goes to 224 px, which is enough to move a score).
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from ..faces.crop import Crop
from ..types import Floats, Pixels


def resized(pixels: Pixels, crop: Crop, side: int) -> Pixels:
    """The crop as RGB uint8 (side, side, 3), bicubic, antialiased."""
    part = Image.fromarray(np.ascontiguousarray(pixels[crop.y : crop.y + crop.side, crop.x : crop.x + crop.side]))
    return np.asarray(part.resize((side, side), Image.Resampling.BICUBIC), dtype=np.uint8)


def native(pixels: Pixels, crop: Crop, side: int) -> Pixels:
    """The middle (side, side, 3) of the crop at the picture's own resolution, never resized.

    Where the picture has fewer pixels than ``side`` it is continued by reflection.
    """
    height, width = pixels.shape[:2]
    cx, cy = crop.x + crop.side // 2, crop.y + crop.side // 2
    x = min(max(cx - side // 2, 0), max(width - side, 0))
    y = min(max(cy - side // 2, 0), max(height - side, 0))
    part = pixels[y : y + side, x : x + side]
    missing_y, missing_x = side - part.shape[0], side - part.shape[1]
    if missing_y or missing_x:
        part = np.pad(part, ((0, missing_y), (0, missing_x), (0, 0)), mode="symmetric")
    return np.ascontiguousarray(part)


def normalised(view: Pixels, mean: tuple[float, ...], std: tuple[float, ...]) -> Floats:
    """RGB uint8 (H, W, 3) -> float32 (1, 3, H, W), (value / 255 - mean) / std by channel."""
    scaled = (view.astype(np.float32) / np.float32(255) - np.array(mean, np.float32)) / np.array(std, np.float32)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])
