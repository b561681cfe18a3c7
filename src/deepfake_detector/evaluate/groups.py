"""Parts of the pictures that get figures of their own: sources, generators, sizes of the face, strength of compression.

A source that has one class only has no ROC curve; a ``Pairing`` holds the fakes of some sources against the reals of
others. Such an AUC also rewards telling the collections apart, by their size or compression.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import ImageError, OptionError
from ..faces.crop import centre
from ..images import MAX_PIXELS, read
from ..quality import measure
from ..types import Prediction
from .bootstrap import Array, Bools
from .manifest import LabelledPicture
from .metrics import Figure, auc

FACE_TIERS = ((64, "face under 64 px"), (128, "face 64-127 px"), (256, "face 128-255 px"))
"""(upper bound, name) for the longer side of the largest face's box, in pixels of the picture."""
NO_FACE, LARGE_FACE = "no face found", "face 256 px and more"

GRID_TIERS = ((1.4, "grid weak or none (below 1.4)"), (1.7, "grid visible (1.4-1.7)"))
"""(upper bound, name) for ``Quality.blockiness`` of the picture's middle, from pixels alone; see docs/evaluation.md."""
STRONG_GRID = "grid strong (1.7 and more)"

UNKNOWN = "(not given)"


@dataclass(frozen=True)
class Pairing:
    """Fakes of some sources against reals of others."""

    fakes: tuple[str, ...]
    reals: tuple[str, ...]

    def __post_init__(self) -> None:
        if isinstance(self.fakes, str) or isinstance(self.reals, str):
            raise OptionError(f"fakes and reals are lists of sources, got {self.fakes!r} and {self.reals!r}")

    @property
    def name(self) -> str:
        """ "sd21-faces against camera-reals and press-reals"; a single source on both sides is just its name."""
        if self.fakes == self.reals and len(self.fakes) == 1:
            return self.fakes[0]
        return f"{' and '.join(self.fakes)} against {' and '.join(self.reals)}"

    def rows(self, pictures: Sequence[LabelledPicture]) -> Bools:
        """(n,) bool: which pictures belong to it."""
        return np.array([p.source in (self.fakes if p.fake else self.reals) for p in pictures], bool)

    def check(self, pictures: Sequence[LabelledPicture]) -> None:
        """Raise OptionError unless there are such fakes and such reals."""
        for word, fake, wanted in (("fakes", True, self.fakes), ("reals", False, self.reals)):
            known = {picture.source for picture in pictures if picture.fake == fake}
            missing = sorted(set(wanted) - known)
            if missing:
                raise OptionError(
                    f"no {word} of the source {', '.join(missing)}; sources with {word}: "
                    f"{', '.join(sorted(known)) or 'none'}"
                )


def face_tier(result: Prediction) -> str:
    """The tier of the largest face found."""
    if not result.faces:
        return NO_FACE
    size = max(face.face.size for face in result.faces)
    return next((name for bound, name in FACE_TIERS if size < bound), LARGE_FACE)


def grid_tier(picture: LabelledPicture, size: tuple[int, int]) -> str:
    """The tier of the 8 x 8 grid that block compression leaves, measured on the decoded pixels of the middle.

    size: (width, height), known from the prediction.
    """
    try:
        pixels = read(picture.path, max_pixels=max(MAX_PIXELS, size[0] * size[1])).pixels
    except ImageError:  # it was read a moment ago: somebody is changing the files
        return UNKNOWN
    blockiness = measure(pixels, centre((pixels.shape[1], pixels.shape[0]))).blockiness
    return next((name for bound, name in GRID_TIERS if blockiness < bound), STRONG_GRID)


def divisions(
    pictures: Sequence[LabelledPicture], results: Sequence[Prediction], grids: Sequence[str]
) -> dict[str, dict[str, Bools]]:
    """Heading -> name of the part -> (n,) bool. A heading under which all pictures are alike unknown is left out."""
    sizes = [name for _, name in FACE_TIERS]
    tiers = [name for _, name in GRID_TIERS]
    found = {
        "source": _parts([picture.source for picture in pictures]),
        "generator": _parts([picture.generator for picture in pictures]),
        "face size": _parts([face_tier(result) for result in results], [NO_FACE, *sizes, LARGE_FACE]),
        "compression": _parts(list(grids), [*tiers, STRONG_GRID, UNKNOWN]),
    }
    return {heading: parts for heading, parts in found.items() if set(parts) != {UNKNOWN}}


def _parts(names: list[str], order: Sequence[str] | None = None) -> dict[str, Bools]:
    known = np.array([name or UNKNOWN for name in names], dtype=str)
    present = set(known.tolist())
    return {name: known == name for name in (order or sorted(present)) if name in present}


def member_scores(results: Sequence[Prediction]) -> dict[str, Array]:
    """Member -> its P(fake) of each picture (n,), NaN where it had no say (face members without a face)."""
    names = sorted({name for result in results for name in result.members})
    return {name: np.array([result.members.get(name, np.nan) for result in results], np.float64) for name in names}


def members_auc(fake: Bools, results: Sequence[Prediction]) -> dict[str, Figure | None]:
    """Member -> its AUC on the pictures it had a say in; None where those are of one class."""
    scores = member_scores(results)
    return {name: auc(fake[~np.isnan(s)], s[~np.isnan(s)]) for name, s in scores.items()}
