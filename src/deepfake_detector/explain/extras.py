"""What the ``explain`` extra brings is asked for before a long run begins, not found missing at its end."""

from __future__ import annotations

from importlib.util import find_spec

from ..errors import MissingExtra

_PACKAGES = {"skimage": "scikit-image", "matplotlib": "matplotlib", "tqdm": "tqdm"}


def require(*modules: str) -> None:
    """Raise MissingExtra, with the line that installs them, unless all ``modules`` can be imported."""
    missing = [_PACKAGES[module] for module in modules if find_spec(module) is None]
    if missing:
        raise MissingExtra(
            f"this explanation needs {' and '.join(missing)}. Install with: pip install 'deepfake-detection[explain]'"
        )
