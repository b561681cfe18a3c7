"""The picture of an explanation: what was looked at, what speaks for fake, what speaks for real.

Vermilion is fake and blue is real, as everywhere in this package (Okabe and Ito 2008: told apart with every kind of
colour vision); each colour has a panel of its own besides, so that black and white will do.
"""

from __future__ import annotations

import os
import textwrap
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from ..extras import require
from ..types import Floats, Pixels

if TYPE_CHECKING:
    from .base import Explanation

FAKE, REAL = "#D55E00", "#0072B2"
ENDINGS = (".png", ".jpg", ".jpeg", ".svg", ".pdf")
"""Of the files that a figure is written to."""
_LONGEST = 640
_MARKED = 5

Array = TypeVar("Array", Pixels, Floats)


def figure(explanation: Explanation, canvas: Any = None) -> Any:
    """A matplotlib figure of three panels and the words below; ``canvas``: an empty figure to draw into."""
    require("explain", "matplotlib")
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch, Rectangle

    drawing = canvas if canvas is not None else Figure()
    drawing.set_size_inches(12, 5.6)
    axes = drawing.subplots(1, 3)
    result = explanation.prediction
    picture, scale = _shrunk(explanation.picture)
    axes[0].imshow(picture)
    for index, one in enumerate(result.faces):
        x0, y0, x1, y1 = (value * scale for value in one.face.box)
        axes[0].add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor="white", linewidth=1))
        axes[0].annotate(str(index), (x0, y0), color="white", fontsize=8, va="bottom")
    a = explanation.area
    axes[0].add_patch(
        Rectangle(
            (a.x * scale, a.y * scale), a.side * scale, a.side * scale, fill=False, edgecolor="black", linewidth=3
        )
    )
    axes[0].add_patch(
        Rectangle(
            (a.x * scale, a.y * scale), a.side * scale, a.side * scale, fill=False, edgecolor="white", linewidth=1.2
        )
    )
    axes[0].set_title("picture; the square is explained", fontsize=11)
    view, _ = _shrunk(explanation.picture[a.y : a.y + a.side, a.x : a.x + a.side])
    heat = explanation.heatmap[a.y : a.y + a.side, a.x : a.x + a.side]
    small = cv2.resize(heat, view.shape[1::-1], interpolation=cv2.INTER_AREA)
    parts = cv2.resize(explanation.parts, view.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    for panel, sign, colour, word in ((axes[1], 1, FAKE, "fake"), (axes[2], -1, REAL, "real")):
        strength = np.maximum(sign * small, 0)
        panel.imshow(_tinted(view, strength, colour))
        density = [(sign * w, i) for i, w in explanation.local_exp[1] if sign * w > 0][:_MARKED]
        for _, number in density:
            panel.contour(parts == number, levels=[0.5], colors=colour, linewidths=1.1)
        total = 100 * float(np.maximum(sign * explanation.weights, 0).sum())
        panel.set_title(f"speaks for {word}: {total:.2g} points in all", fontsize=11, color=colour)
    for panel in axes:
        panel.set_axis_off()
    drawing.suptitle(_title(explanation), fontsize=12)
    drawing.legend(
        handles=[
            Patch(facecolor=FAKE, label="vermilion speaks for FAKE"),
            Patch(facecolor=REAL, label="blue speaks for REAL"),
            Patch(facecolor="white", edgecolor="black", label=f"outlined: the {_MARKED} strongest parts"),
        ],
        loc="lower center",
        bbox_to_anchor=(0.5, 0.135),
        ncols=3,
        frameon=False,
        fontsize=10,
    )
    notes = [explanation.words, *explanation.warnings]
    lines = [line for note in notes for line in textwrap.wrap(note, 150)]
    drawing.text(0.5, 0.125, "\n".join(lines[:6]), ha="center", va="top", fontsize=9)
    drawing.subplots_adjust(left=0.01, right=0.99, top=0.86, bottom=0.22, wspace=0.03)
    return drawing


def layer(explanation: Explanation, longest: int = 1024) -> npt.NDArray[np.uint8]:
    """The map as a layer to lay over the picture: RGBA uint8 (H, W, 4), transparent where nothing is said.

    Vermilion speaks for fake, blue for real; alpha is the strength. As large as the picture, scaled down to at most
    ``longest`` pixels a side. Needs no extra.
    """
    heat, _ = _shrunk(explanation.heatmap, longest)
    result = np.zeros((*heat.shape, 4), np.uint8)
    for sign, colour in ((1, FAKE), (-1, REAL)):
        result[sign * heat > 0, :3] = _rgb(colour)
    result[:, :, 3] = np.rint(255 * np.minimum(1, np.abs(heat) ** 0.7))
    return result


def show(explanation: Explanation) -> None:
    """Show the figure by pyplot's backend, whatever that is; without a display it stays pyplot's current figure."""
    require("explain", "matplotlib")
    import matplotlib.pyplot as plt

    drawing = figure(explanation, plt.figure(num="deepfake-detection: explanation", clear=True))
    del drawing
    with warnings.catch_warnings():
        # A file backend says that it cannot show; the figure is there for savefig, and nothing is wrong.
        warnings.filterwarnings("ignore", message=".*non-interactive.*")
        plt.show()


def write(drawing: Any, path: str | os.PathLike[str]) -> None:
    """Save a figure. Raises OptionError for a folder that is not there, or an ending that is not of ``ENDINGS``."""
    target = Path(path)
    check_ending(target)
    if not target.parent.is_dir():
        raise OptionError(f"{target}: there is no folder {target.parent}. Make it first, or name another.")
    drawing.savefig(target, dpi=110)


def check_ending(target: Path) -> None:
    """Raise OptionError where a figure cannot be written under this name: without an ending it would get another."""
    if target.suffix.lower() not in ENDINGS:
        raise OptionError(f"{str(target)!r}: a figure is written as {', '.join(ENDINGS)}; name a file that ends so.")


def _title(explanation: Explanation) -> str:
    result = explanation.prediction
    what = {"verdict": "the verdict", "scene": "the score of the whole picture"}.get(explanation.of, explanation.of)
    return (
        f"{Path(result.source).name or 'picture'}: {result.verdict} (P(fake) {100 * result.score:.0f} %). "
        f"Explained by {explanation.method}: {what}, P(fake) {100 * explanation.p_fake:.0f} %"
    )


def _shrunk(pixels: Array, longest: int = _LONGEST) -> tuple[Array, float]:
    """At most ``longest`` pixels a side, with the scale."""
    scale = min(1.0, longest / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if scale < 1 else pixels, scale


def _tinted(view: Pixels, strength: Floats, colour: str) -> Pixels:
    """The view in pale grey, with a colour laid over it by strength, float32 (H, W) in [0, 1]."""
    grey = cv2.cvtColor(view, cv2.COLOR_RGB2GRAY).astype(np.float32)[:, :, None]
    pale = 70 + grey * (185 / 255)
    tint = np.array(_rgb(colour), np.float32)
    alpha = np.minimum(0.8, strength**0.7)[:, :, None].astype(np.float32)
    return np.asarray((pale * (1 - alpha) + tint * (0.35 + 0.65 * grey / 255) * alpha).clip(0, 255), np.uint8)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
