"""Named regions of a face (or of a picture without one), and what a map says of each, in words.

The five landmarks place a template: eyes at (-1, 0) and (1, 0), nose tip (0, 1.15), mouth corners (-0.8, 2.15) and
(0.8, 2.15), in units of half the distance between the eyes. It is a sketch, not a segmentation: "hair" is what lies
above and beside the upper face, whatever grows there.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..faces.crop import Crop
from ..types import Face
from .base import Bools, Effect, Floats64, Ints

_TEMPLATE = np.array([(-1, 0), (1, 0), (0, 1.15), (-0.8, 2.15), (0.8, 2.15)], np.float32)
_ELLIPSES = {  # centre x, y, radius x, y
    "eyes": ((-1, 0, 0.72, 0.5), (1, 0, 0.72, 0.5)),
    "nose": ((0, 0.85, 0.55, 0.8),),
    "mouth": ((0, 2.15, 1.1, 0.55),),
}
_FACE = (0, 0.85, 1.95, 2.6)
_INNER, _OUTER = 0.85, 1.15
_HAIR = (0, 0.3, 2.9, 3.8)
_HAIR_ENDS = 1.2  # below this height what stands beside the face is rather neck and background
_ROWS, _COLUMNS = ("upper", "middle", "lower"), ("left", "middle", "right")
_LOOKED_AT = 256
MIN_CHANGE, MIN_SHARE = 1e-5, 0.05
"""Changes of P(fake) below this, or below a twentieth of all that the map holds, are not told."""


def regions(face: Face | None, area: Crop, side: int = _LOOKED_AT) -> dict[str, Bools]:
    """Masks bool (side, side) over the area by name; together they cover it, without overlap.

    With a face: eyes, nose, mouth, rest of the face, face boundary, hair, background. Without: the nine thirds.
    """
    if face is None:
        third = np.arange(side) * 3 // side
        return {
            "centre" if row == column == 1 else f"{_ROWS[row]} {_COLUMNS[column]}": (third[:, None] == row)
            & (third[None] == column)
            for row in range(3)
            for column in range(3)
        }
    x, y = _face_coordinates(face, area, side)
    within = {
        name: np.any([_ellipse(x, y, ellipse) <= 1 for ellipse in ellipses], axis=0)
        for name, ellipses in _ELLIPSES.items()
    }
    radius = _ellipse(x, y, _FACE)
    within["rest of the face"] = radius <= _INNER
    within["face boundary"] = radius <= _OUTER
    within["hair"] = (_ellipse(x, y, _HAIR) <= 1) & (y < _HAIR_ENDS)
    within["background"] = np.ones_like(radius, bool)
    free = np.ones_like(radius, bool)
    result = {}
    for name, mask in within.items():
        result[name] = mask & free
        free &= ~mask
    return {name: mask for name, mask in result.items() if mask.any()}


def effects(
    parts: Ints, weights: Floats64, face: Face | None, area: Crop, errors: Floats64 | None = None
) -> tuple[Effect, ...]:
    """What each region does to P(fake), strongest first: the sum of the weights of its share of every part.

    It is told only where the map bears it out: a twentieth or more of all that the map holds and, with standard errors,
    twice its own; and with at least half of it from parts that lie mostly inside the region, because a part larger than
    the region, or astride its border, cannot say on which side the reason lies.
    """
    height, width = parts.shape
    scale = min(1.0, _LOOKED_AT / max(height, width))
    side = max(1, round(max(height, width) * scale))
    small = cv2.resize(parts, (side, side), interpolation=cv2.INTER_NEAREST)
    sizes = np.maximum(np.bincount(small.ravel(), minlength=len(weights)), 1)
    least = MIN_SHARE * float(np.abs(weights).sum())
    found = []
    for name, mask in regions(face, area, side).items():
        share = np.bincount(small[mask], minlength=len(weights)) / sizes
        terms = share * weights
        change = float(terms.sum())
        strength = float(np.abs(terms).sum())
        inside = float(np.abs(terms[share >= 0.5]).sum())
        noise = 0.0 if errors is None else float(np.sqrt(((share * errors) ** 2).sum()))
        told = abs(change) >= max(MIN_CHANGE, least, 2 * noise) and inside >= 0.5 * strength
        found.append(Effect(name, change, float(mask.mean()), told))
    return tuple(sorted(found, key=lambda effect: -abs(effect.change)))


def sentences(found: tuple[Effect, ...], p_fake: float) -> str:
    """What is told, in words. "Points" are percentage points of P(fake)."""
    fake = [effect for effect in found if effect.told and effect.change > 0]
    real = [effect for effect in found if effect.told and effect.change < 0]
    if not fake and not real:
        return f"No region by itself moves P(fake) = {100 * p_fake:.0f} % as far as this map can tell."
    said = []
    for name, effects in (("fake", fake), ("real", real)):
        if effects:
            each = ", ".join(f"{e.region} ({100 * e.change:+.2g} points)" for e in effects)
            said.append(f"Speaks for {name}: {each}.")
    silent = [e.region for e in found if not e.told]
    if silent:
        said.append(f"Too little, or not told apart by this map: {', '.join(silent)}.")
    return " ".join(said)


def _face_coordinates(face: Face, area: Crop, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of the template at the middle of every pixel of a (side, side) view of the area."""
    x0, y0, x1, y1 = face.box
    # Without landmarks (Haar) the template stands upright in the box, as frontal faces do.
    points = _TEMPLATE * (x1 - x0) / 4 + np.array([(x0 + x1) / 2, y0 + 0.42 * (y1 - y0)])
    if face.landmarks is not None:
        points = np.array(face.landmarks)
    matrix, _ = cv2.estimateAffinePartial2D(points.astype(np.float32), _TEMPLATE, method=cv2.LMEDS)
    if matrix is None:  # landmarks on one spot
        matrix = np.array([[4 / (x1 - x0), 0, 0], [0, 4 / (x1 - x0), 0]])
        matrix[:, 2] = -matrix[:, :2] @ points.mean(0) + _TEMPLATE.mean(0)
    at = (np.arange(side) + 0.5) * area.side / side
    px, py = np.meshgrid(area.x + at, area.y + at)
    return (
        matrix[0, 0] * px + matrix[0, 1] * py + matrix[0, 2],
        matrix[1, 0] * px + matrix[1, 1] * py + matrix[1, 2],
    )


def _ellipse(x: np.ndarray, y: np.ndarray, ellipse: tuple[float, float, float, float]) -> np.ndarray:
    cx, cy, rx, ry = ellipse
    return np.asarray(np.hypot((x - cx) / rx, (y - cy) / ry))
