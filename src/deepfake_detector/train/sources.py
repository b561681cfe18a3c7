"""The sources that the recipe of the shipped bundles knows: what each is, and how many views are made of it.

One line a source, so that a new one is added in one place. Sources of users' own need no line here.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..types import Family


@dataclass(frozen=True)
class Source:
    """family: of its fakes. fold: what it is held out with ("" where it is read only).

    copies: views of each training picture, handled or as it is. scene: share of its pictures also seen whole, where
    they show a face. plain: share of its training pictures also seen as they are, where no copy is. forged: how many
    forged pictures are made of its real faces, with donors of this source; further: so many more, and as many with
    donors of any source (``forgeries``). processed: further copies of the face in each training picture; also_plain:
    share of the faces that none of those shows as they are, which is shown so too (``copies``).
    """

    family: Family | None = None
    fold: str = ""
    copies: float = 0.0
    scene: float = 1.0
    plain: float = 1.0
    forged: int = 0
    further: int = 0
    processed: float = 0.0
    also_plain: float = 0.0


# Rare and varied sources have more copies. The order is part of the recipe: forgeries are drawn source by source.
SOURCES = {
    "140k-real-and-fake-faces": Source("gan", "stylegan", 1.5, scene=0.6, forged=400, further=900, processed=1),
    "mobilestylegan-faces": Source("gan", "portraits", 1.5, scene=0.6, processed=0.7),  # made by scripts/make_faces.py
    "hires-faces": Source(None, "portraits", 2.5, forged=300, further=700, processed=2),
    "dfdc-faces": Source(
        "swap", "dfdc", 1.0, scene=0.25, plain=0.5, forged=400, further=1000, processed=0.6, also_plain=1.0
    ),
    "deepfake-and-real-images": Source(
        "swap", "openforensics", 0.35, scene=0.4, plain=0.25, forged=300, further=1000, processed=0.35, also_plain=0.5
    ),
    "press-reals": Source(None, "modern", 4, forged=150, further=250, processed=4),
    "camera-reals": Source(None, "modern", 4, forged=50, further=100, processed=4),
    "small-real-faces": Source(None, "modern", 2, scene=0.5, forged=100, further=150, processed=1.5),
    "modern-fakes": Source("generated", "modern", 4, processed=3),
    "modern-swaps": Source("swap", "modern", 6, processed=6),
    "sd21-faces": Source("generated", "portraits", 2, processed=1.5),
    "sfhq-t2i-faces": Source("generated", "portraits", 2, processed=1),
    "genai-scenes": Source("generated", "scenes", 3, processed=1.5),
    "comfyui-templates": Source("generated", "scenes", 3, processed=1.5),  # taken by scripts/make_pictures.py
    "real-scenes": Source(None, "scenes", 3, processed=2),
    "repainted-faces": Source("swap"),  # made by scripts/make_swaps.py
    "unseen-stylegan2": Source("gan"),
}
REALS = ("real-scenes", "small-real-faces", "hires-faces", "camera-reals", "press-reals")
"""Those of real pictures alone, of which false alarms are counted, in the order of the model card."""
FOLDS = ("dfdc", "openforensics", "stylegan", "modern", "portraits", "scenes")
"""The fakes of one kind and the reals they are judged against are held out together."""


def family_of(source: str) -> Family | None:
    """The family of a source's fakes; None where it has none, or is not known."""
    return SOURCES.get(source, Source()).family
