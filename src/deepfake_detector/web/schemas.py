"""What the answers look like, for /openapi.json. Answers are made by the results' own ``to_dict``; tests hold them to
these models, to the last key.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Face(_Model):
    """One face with its own score."""

    box: tuple[float, float, float, float] = Field(description="x0, y0, x1, y1 in pixels of the upright picture")
    size: float = Field(description="the longer side of the box, in pixels")
    confidence: float | None = Field(description="the face detector's own")
    score: float | None = Field(description="P(fake) of this face; null where it was not scored")
    members: dict[str, float]
    kinds: dict[str, float]
    reasons: list[str]


class Prediction(_Model):
    """What the detector says of one picture."""

    prediction: Literal["Real", "Fake"]
    real_score: float = Field(ge=0, le=100, description="percent; with fake_score it adds up to 100")
    fake_score: float = Field(ge=0, le=100, description="percent")
    verdict: Literal["real", "fake", "inconclusive"]
    reasons: list[str] = Field(description="what limits the answer; in words under reasons of /v1/model")
    source: str = Field(description='always "upload"')
    threshold: float = Field(description="P(fake) from which a picture is called fake")
    kinds: dict[str, float] = Field(description="P(fake) by family of forgery: swap, gan, generated")
    faces: list[Face] = Field(description="largest first")
    scene_score: float = Field(
        description="P(fake) of the whole picture alone, as calibrated for pictures without a face; higher beside one"
    )
    members: dict[str, float] = Field(description="P(fake) by member of the ensemble")
    width: int
    height: int
    model: str


class Judged(Prediction):
    """A prediction as this service answers it."""

    inconclusive: tuple[float, float] = Field(
        description="P(fake) between which a picture with these reasons is inconclusive"
    )
    name: str | None = Field(description="the file's name as the client gave it, without folders; null for a raw body")


class Wrong(_Model):
    """A parameter that does not fit."""

    parameter: str
    message: str


class Problem(_Model):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = Field(description="what was wrong and what to do, for people")
    code: str = Field(description="what was wrong, for programs")
    errors: list[Wrong] | None = None
    name: str | None = Field(None, description="of the file, in a list of results")


class Results(_Model):
    """Several pictures, in the order they came."""

    results: list[Judged | Problem]


class Region(_Model):
    """What one named region does to the score."""

    region: str
    change: float = Field(description="in P(fake); positive speaks for fake")
    area: float
    told: bool = Field(description="whether the map is fine and steady enough to say so")


class Segment(_Model):
    """One part of the area explained."""

    segment: int
    weight: float = Field(description="what it adds to P(fake)")
    box: tuple[int, int, int, int]


class Layer(_Model):
    """The map, to lay over the upright picture: vermilion speaks for fake, blue for real."""

    png: str = Field(description="RGBA PNG, base64; it covers the whole picture")
    width: int
    height: int


class Explanation(_Model):
    """Why a picture got its score."""

    method: Literal["attention", "occlusion", "lime"]
    of: str
    p_fake: float
    area: tuple[int, int, int, int] = Field(description="the part of the picture explained, x0, y0, x1, y1")
    words: str
    regions: list[Region]
    warnings: list[str]
    segments: list[Segment] = Field(description="strongest first")
    score: float | None = Field(None, description="lime: R2 of the surrogate")
    stability: float | None = Field(None, description="lime: expected correlation with the map of another seed")
    intercept: float | None = Field(None, description="lime: the surrogate with every part hidden")
    local_pred: float | None = Field(None, description="lime: the surrogate with no part hidden")
    num_samples: int | None = Field(None, description="lime: pictures scored")
    seed: int | None = Field(None, description="lime: of the draw of samples")
    prediction: Prediction
    layer: Layer


class Finding(_Model):
    """One thing found in the picture's file."""

    kind: Literal["c2pa", "digital_source_type", "camera", "generator", "software", "jpeg_tables"]
    origin: Literal["ai", "camera", "edited", "unknown"]
    says: str
    proves: str
    limits: str = Field(description="what it does not prove")
    details: dict[str, str] = Field(description="raw values out of the file: escape them before showing them")


class Provenance(_Model):
    """What a picture's file says of its origin."""

    source: str = Field(description='always "upload"')
    sha256: str | None
    format: str | None
    findings: list[Finding]
    notes: list[str]
    caution: str


class Bounds(_Model):
    """What this service allows."""

    max_body_bytes: int
    max_files: int
    max_pixels: int
    max_faces: int
    max_samples: int
    queue: int
    timeout_seconds: float
    long_timeout_seconds: float


class Model(_Model):
    """What answers."""

    name: str
    version: str
    threshold: float
    aggregation: str
    explanation: str = Field(description="the method that /v1/explain takes unless told")
    members: list[dict[str, Any]] = Field(description="a card for each member of the ensemble")
    about: dict[str, Any] = Field(description="data, figures and limits of the model")
    reasons: dict[str, str] = Field(description="every reason a result can carry, in words")
    limits: Bounds
