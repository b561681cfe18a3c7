"""What /openapi.json says beside the code: bodies, examples, and the problems that each address can answer with."""

from __future__ import annotations

from typing import Any

from .problems import CODES, MEDIA_TYPE
from .problems import Problem as Answer

_BYTES = {"type": "string", "format": "binary"}

ONE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "image/*": {"schema": _BYTES},
            "application/octet-stream": {"schema": _BYTES},
            "multipart/form-data": {"schema": {"type": "object", "properties": {"file": _BYTES}}},
        },
    }
}
"""A body that is one picture."""

MANY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            **ONE["requestBody"]["content"],
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"files": {"type": "array", "items": _BYTES}}}
            },
        },
    }
}
"""A body that is one picture, or a form of several. Any field name is accepted."""

PREDICTION: dict[str, Any] = {
    "prediction": "Fake",
    "real_score": 3.1,
    "fake_score": 96.9,
    "verdict": "fake",
    "reasons": [],
    "source": "upload",
    "threshold": 0.5,
    "kinds": {"swap": 0.971, "gan": 0.104, "generated": 0.078},
    "faces": [
        {
            "box": [178.2, 64.1, 270.9, 175.0],
            "size": 110.9,
            "confidence": 0.9383,
            "score": 0.957,
            "members": {"clip-face": 0.931, "conv-face": 0.802, "residual-face": 0.554},
            "kinds": {"swap": 0.961, "gan": 0.09, "generated": 0.08},
            "reasons": [],
        }
    ],
    "scene_score": 0.741,
    "members": {"clip-face": 0.931, "conv-face": 0.802, "residual-face": 0.554, "clip-scene": 0.741},
    "width": 512,
    "height": 512,
    "model": "default 0.1.0",
    "inconclusive": [0.195, 0.67],
    "name": "photo.jpg",
}

EXPLANATION: dict[str, Any] = {
    "method": "attention",
    "of": "verdict",
    "p_fake": 0.969,
    "area": [146, 40, 303, 197],
    "words": "Speaks for fake: mouth (+24 points), eyes (+11 points).",
    "regions": [{"region": "mouth", "change": 0.24, "area": 0.0321, "told": True}],
    "warnings": [],
    "segments": [{"segment": 17, "weight": 0.041, "box": [201, 130, 221, 150]}],
    "prediction": {key: value for key, value in PREDICTION.items() if key not in ("inconclusive", "name")},
    "layer": {"png": "iVBORw0KGgo...", "width": 512, "height": 512},
}

PROVENANCE: dict[str, Any] = {
    "source": "upload",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "format": "PNG",
    "findings": [
        {
            "kind": "generator",
            "origin": "ai",
            "says": "The file carries the settings of an image generator.",
            "proves": "Whoever wrote the file put them there.",
            "limits": "Text like this can be added to any picture, and is lost when a picture is saved anew.",
            "details": {"parameters": "a portrait, Steps: 20"},
        }
    ],
    "notes": [],
    "caution": "Findings are evidence beside the score and never change it. Finding nothing proves nothing.",
}

_PROBLEM = {"$ref": "#/components/schemas/Problem"}  # there by way of ``schemas.Results``
_EVERYWHERE = ("InvalidParameter", "KeyRequired", "NotReady", "InternalError")
_OF_BODIES = (
    "BadRequest",
    "NoPicture",
    "UploadTimeout",
    "BodyTooLarge",
    "TooManyFiles",
    "ImageTooLarge",
    "UnsupportedMediaType",
    "ImageUnreadable",
    "ImageTooSmall",
    "TooManyRequests",
    "Timeout",
)


def answers(model: Any, example: Any, *codes: str, body: bool = True) -> dict[int | str, Any]:
    """The answers of one address: its result, and its problems by status.

    model, example: None where there is nothing to say.
    codes: problems beside those of every address and (body) of those that read pictures.
    """
    good: dict[str, Any] = {} if model is None else {"model": model}
    if example is not None:
        good["content"] = {"application/json": {"example": example}}
    found: dict[int | str, Any] = {200: good}
    for code in (*_EVERYWHERE, *(_OF_BODIES if body else ()), *codes):
        status, title = CODES[code]
        entry = found.setdefault(
            status,
            {"description": title, "content": {MEDIA_TYPE: {"schema": _PROBLEM, "examples": {}}}},
        )
        entry["content"][MEDIA_TYPE]["examples"][code] = {"value": Answer(code, f"{title}.").to_dict()}
    if body:
        found[429]["headers"] = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
    return found
