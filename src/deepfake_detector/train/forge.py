"""Fakes made from real pictures by code, with untouched twins: content is the same, so they teach traces.

* ``self_blended``: Shiohara and Yamasaki 2022, "Detecting Deepfakes with Self-Blended Images" (arXiv 2204.08376): a
  face is recoloured, shifted and blended back onto itself. Departures: the mask comes from five landmarks and a
  template (no 81-point model), and may cover one part of the face only.
* ``composite``: a face, or one part of it, of another real person is aligned by landmarks, colour-matched and
  blended in. It is what hand-made edits and classical swaps do (Photoshop's healing included: Pérez et al. 2003,
  "Poisson Image Editing", through cv2.seamlessClone).
* ``repainted``: a face that a network painted (``repaint``) is put back where it was cut out.
"""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

from ..types import Face, Floats, Pixels

# Canonical face: eyes at (-1, 0) and (1, 0), one unit is half the distance between the eyes.
_TEMPLATE = np.array([(-1, 0), (1, 0), (0, 1.15), (-0.8, 2.15), (0.8, 2.15)], np.float32)
_REGIONS: dict[str, list[tuple[float, float, float, float]]] = {  # ellipses: centre x, y, radius x, y
    "face": [(0, 0.95, 1.9, 2.35)],
    "inner": [(0, 0.95, 1.55, 1.75)],
    "eyes": [(-1, 0, 0.75, 0.5), (1, 0, 0.75, 0.5)],
    "brow": [(0, -0.1, 2.0, 0.8)],
    "nose": [(0, 0.8, 0.6, 0.95)],
    "mouth": [(0, 2.15, 1.15, 0.6)],
    "lower": [(0, 2.0, 1.6, 1.25)],
}
_NAMES = tuple(_REGIONS)
SPAN = 5.6
"""Width of the square that a face is cut out in (``aligned``), in units of the canonical face."""
_CHANCES = np.array([0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1])


def _to_template(face: Face) -> np.ndarray:
    """The affine map (2, 3) from the canonical face to the picture."""
    matrix, _ = cv2.estimateAffine2D(_TEMPLATE, _landmarks(face), method=cv2.LMEDS)
    if matrix is None:
        raise ValueError("the face's landmarks lie on a line")
    return np.asarray(matrix)


def region_mask(shape: tuple[int, ...], face: Face, region: str, rng: np.random.Generator) -> Floats:
    """Soft mask float32 (H, W) in [0, 1] of a region of ``_REGIONS``, its outline and softness drawn at random."""
    matrix = _to_template(face)
    mask = np.zeros(shape[:2], np.float32)
    for cx, cy, rx, ry in _REGIONS[region]:
        angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        wobble = sum(rng.normal(0, 0.05) * np.cos(k * angles + rng.uniform(0, 2 * np.pi)) for k in (1, 2, 3, 4))
        radius = rng.uniform(0.8, 1.1) * (1 + wobble)
        points = np.stack([cx + rx * radius * np.cos(angles), cy + ry * radius * np.sin(angles), np.ones(40)])
        cv2.fillPoly(mask, [np.rint((matrix @ points).T).astype(np.int32)], 1.0)
    unit = float(np.hypot(*matrix[:, 0]))
    mask = cv2.GaussianBlur(mask, (0, 0), max(0.6, unit * float(rng.uniform(0.04, 0.35))))
    opacity = np.float32(rng.choice([0.6, 0.8, 1.0, 1.0, 1.0]))
    return np.asarray(mask * opacity, np.float32)


def _recoloured(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Colour, contrast and sharpness of a copy, changed a little."""
    values = pixels.astype(np.float32)
    values = values * np.float32(rng.uniform(0.9, 1.1)) + np.float32(rng.uniform(-9, 9, 3))
    values = np.clip(values, 0, 255)
    hsv = cv2.cvtColor(values.astype(np.uint8), cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + rng.uniform(-4, 4)) % 180
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.8, 1.2), 0, 255)
    result = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB)
    choice = rng.random()
    if choice < 0.4:  # a generator of lower resolution
        small = max(16, round(pixels.shape[1] * rng.uniform(0.3, 0.8)))
        ratio = small / pixels.shape[1]
        image = Image.fromarray(result).resize(
            (small, max(16, round(pixels.shape[0] * ratio))), Image.Resampling.BICUBIC
        )
        result = np.asarray(image.resize((pixels.shape[1], pixels.shape[0]), Image.Resampling.BICUBIC))
    elif choice < 0.7:
        blurred = cv2.GaussianBlur(result, (0, 0), 1.2)
        result = cv2.addWeighted(result, 1.6, blurred, -0.6, 0)
    recoloured: Pixels = result
    return recoloured


def aligned(pixels: Pixels, face: Face, side: int) -> Pixels:
    """The face upright in a square of ``side`` pixels, ``SPAN`` units wide. ValueError: no usable landmarks."""
    shrunk = max(1, int(1 / np.hypot(*_to_square(face, side)[:, 0])))  # whole times, by the mean of so many pixels
    size = (side * shrunk, side * shrunk)
    matrix = _to_square(face, side * shrunk)
    square = cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    small: Pixels = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
    return small


def _to_square(face: Face, side: int) -> np.ndarray:
    """The similarity (2, 3) from the picture to the square of ``aligned``."""
    goal = (_TEMPLATE - np.array((0, 0.95), np.float32)) * (side / SPAN) + side / 2
    return _similarity(_landmarks(face), goal)


def _landmarks(face: Face) -> np.ndarray:
    """float32 (5, 2). Raises ValueError where there are none."""
    if face.landmarks is None:
        raise ValueError("forging needs a face with landmarks (use YuNet)")
    return np.array(face.landmarks, np.float32)


def _similarity(start: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """The shift, turn and scale (2, 3) that bring points (n, 2) nearest to others. ValueError: there are none."""
    matrix, _ = cv2.estimateAffinePartial2D(start, goal.astype(np.float32), method=cv2.LMEDS)
    if matrix is None:
        raise ValueError("the landmarks of the two faces cannot be aligned")
    return np.asarray(matrix)


def repainted(pixels: Pixels, face: Face, painted: Pixels, rng: np.random.Generator) -> Pixels:
    """``painted``, a square as ``aligned`` gives it, blended back into ``pixels``: over the face or its lower part.

    The face as in swaps, the lower part as where a mouth is made to say other words. Sometimes sharpened before, as
    swap programs do. Raises ValueError without usable landmarks.
    """
    size = (pixels.shape[1], pixels.shape[0])
    if rng.random() < 0.3:
        soft, amount = cv2.GaussianBlur(painted, (0, 0), 1.0), float(rng.uniform(0.3, 1))
        painted = cv2.addWeighted(painted, 1 + amount, soft, -amount, 0)
    inverse = cv2.WARP_INVERSE_MAP | cv2.INTER_CUBIC
    source = cv2.warpAffine(
        painted, _to_square(face, len(painted)), size, flags=inverse, borderMode=cv2.BORDER_REPLICATE
    )
    region = str(rng.choice(("face", "inner", "lower", "mouth"), p=(0.4, 0.35, 0.15, 0.1)))
    return _inserted(pixels, source, region_mask(pixels.shape, face, region, rng), rng)


def _blended(target: Pixels, source: Pixels, mask: Floats) -> Pixels:
    alpha = mask[:, :, None]
    mixed: Pixels = np.clip(source * alpha + target * (1 - alpha), 0, 255).astype(np.uint8)
    return mixed


def self_blended(pixels: Pixels, face: Face, rng: np.random.Generator) -> Pixels:
    """A self-blended fake of the same size. Raises ValueError without usable landmarks."""
    region = _NAMES[rng.choice(len(_NAMES), p=_CHANCES)]
    mask = region_mask(pixels.shape, face, region, rng)
    source, target = pixels, pixels
    if rng.random() < 0.5:
        source = _recoloured(source, rng)
    else:
        target = _recoloured(target, rng)
    shift, zoom = rng.uniform(-0.03, 0.03, 2) * face.size, rng.uniform(0.96, 1.04, 2)
    cx, cy = (face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2
    moved = (cx * (1 - zoom[0]) + shift[0], cy * (1 - zoom[1]) + shift[1])
    matrix = np.array([[zoom[0], 0, moved[0]], [0, zoom[1], moved[1]]], np.float32)
    size = (pixels.shape[1], pixels.shape[0])
    source = cv2.warpAffine(source, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return _blended(target, source, mask)


def composite(
    pixels: Pixels, face: Face, donor: Pixels, donor_face: Face, rng: np.random.Generator, region: str = ""
) -> Pixels:
    """Part of ``donor``'s face blended into ``pixels``: ``region`` (see ``_REGIONS``), or one drawn at random.

    Raises ValueError without usable landmarks.
    """
    matrix = _similarity(_landmarks(donor_face), _landmarks(face))
    size = (pixels.shape[1], pixels.shape[0])
    source = cv2.warpAffine(donor, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    region = region or _NAMES[rng.choice(len(_NAMES), p=_CHANCES)]
    return _inserted(pixels, source, region_mask(pixels.shape, face, region, rng), rng)


def _inserted(pixels: Pixels, source: Pixels, mask: Floats, rng: np.random.Generator) -> Pixels:
    """``source``, of the same size, blended into ``pixels`` where ``mask`` says, mostly with its colours matched."""
    inside = mask > 0.3
    if inside.sum() < 20:
        raise ValueError("the face lies outside the picture")
    if (
        rng.random() < 0.85
    ):  # mean and spread of each Lab channel (Reinhard et al. 2001, "Color Transfer between Images")
        lab, goal = (cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32) for image in (source, pixels))
        spread = np.clip(goal[inside].std(0) / (lab[inside].std(0) + 1e-3), 0.6, 1.6)
        lab = (lab - lab[inside].mean(0)) * spread + goal[inside].mean(0)
        source = cv2.cvtColor(np.clip(lab, 0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB)
    if rng.random() < 0.3:
        hard = (mask > 0.4).astype(np.uint8) * 255
        hard[[0, -1]] = 0
        hard[:, [0, -1]] = 0
        x, y, w, h = cv2.boundingRect(hard)
        if w > 4 and h > 4:
            return np.asarray(cv2.seamlessClone(source, pixels, hard, (x + w // 2, y + h // 2), cv2.NORMAL_CLONE))
    return _blended(pixels, source, mask)
