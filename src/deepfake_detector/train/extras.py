"""What training needs beyond the core install is asked for before it begins, with the line that installs it."""

from __future__ import annotations

from importlib.util import find_spec

from ..errors import MissingExtra

_HEADS = {"sklearn": "scikit-learn", "scipy": "scipy", "onnx": "onnx", "imagehash": "imagehash"}
_PACKAGES = {"heads": _HEADS, "train": {**_HEADS, "torch": "torch"}}


def require(extra: str) -> None:
    """Raise MissingExtra unless all packages of the extra ("heads" or "train") can be imported."""
    missing = [package for module, package in _PACKAGES[extra].items() if find_spec(module) is None]
    if missing:
        what = "training the networks" if extra == "train" else "training"
        raise MissingExtra(
            f"{what} needs {', '.join(missing)}. Install with: pip install 'deepfake-detection[{extra}]'"
        )
