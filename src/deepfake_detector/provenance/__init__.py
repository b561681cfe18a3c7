"""Where a picture says it comes from: evidence beside the score, never inside it.

>>> from deepfake_detector.provenance import examine
>>> for finding in examine("photo.jpg").findings:  # doctest: +SKIP
...     print(finding.says, finding.limits)

Metadata can be removed and forged. Each finding says what it proves and what it does not. Finding nothing proves
nothing.
"""

from .base import Finding as Finding
from .base import Provenance as Provenance
from .examiner import examine as examine

__all__ = ["Finding", "Provenance", "examine"]
