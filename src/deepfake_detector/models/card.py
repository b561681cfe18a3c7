"""What a member of the ensemble is, as data. Adding one is adding a card and an ONNX graph, not a class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from ..errors import ModelInvalid
from ..types import FAMILIES

Region = Literal["face", "scene"]
Sampling = Literal["resized", "native"]

OUTPUTS = ("pooled", *FAMILIES)
"""A member's logits, in order. Positive means fake: of any family, then of each."""


@dataclass(frozen=True)
class Card:
    """One member.

    region: what it is shown, each face with context or the whole picture (its central square).
    sampling: that region resized to ``side`` pixels square, or a window of ``side`` pixels that is never resized.
    mean, std: per channel (RGB), applied to pixels scaled to [0, 1].
    graph: name of the ONNX graph that gives float32 (1, 4) logits (``OUTPUTS``). Its input is the normalised view
    (1, 3, side, side), or the ``encoder_output`` of ``encoder``, a graph that several members may share.
    """

    name: str
    region: Region
    sampling: Sampling
    side: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    graph: str
    encoder: str | None = None
    encoder_output: str | None = None
    architecture: str = ""
    pretraining: str = ""
    training_data: str = ""
    licence: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.region not in ("face", "scene") or self.sampling not in ("resized", "native"):
            raise ModelInvalid(f"member {self.name!r}: unknown view {self.region!r}, {self.sampling!r}")
        if not 16 <= self.side <= 2048:
            raise ModelInvalid(f"member {self.name!r}: side must be 16 to 2048 pixels, got {self.side}")
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0:
            raise ModelInvalid(f"member {self.name!r}: mean and std must be three numbers each, std above 0")
        if (self.encoder is None) != (self.encoder_output is None):
            raise ModelInvalid(f"member {self.name!r}: encoder and encoder_output go together")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Card:
        """The inverse of ``to_dict``. Raises ModelInvalid on missing or unknown keys."""
        known = {f.name for f in fields(cls)}
        if unknown := set(values) - known:
            raise ModelInvalid(f"card has unknown keys {sorted(unknown)}; known are {sorted(known)}")
        try:
            return cls(**{**values, "mean": tuple(values["mean"]), "std": tuple(values["std"])})
        except (KeyError, TypeError) as error:
            raise ModelInvalid(f"card is incomplete: {error}") from None

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return asdict(self)
