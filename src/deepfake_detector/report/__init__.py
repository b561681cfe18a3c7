"""What was found about pictures, as one document that stands by itself: for a screen, a phone, paper or a file.

>>> from deepfake_detector.report import examine_case, html
>>> page = html([examine_case(DeepfakeDetector(), "photo.jpg")], "Is photo.jpg real?")  # doctest: +SKIP

Nothing is judged here. ``case`` asks the detector, the explanation and the provenance; ``content`` says what they found
in blocks that know neither HTML nor PDF; ``page`` and ``paper`` lay the blocks out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import importer

if TYPE_CHECKING:
    from .case import Case as Case
    from .case import examine_case as examine_case
    from .page import html as html
    from .paper import pdf as pdf

_HOME = {"Case": "case", "examine_case": "case", "html": "page", "pdf": "paper"}
__all__ = [*_HOME]
__getattr__ = importer(__name__, _HOME)
