"""Optional parts: what the core install leaves out is asked for before long work begins, not missed at its end."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType

from .errors import MissingExtra

_HEADS = {"sklearn": "scikit-learn", "scipy": "scipy", "onnx": "onnx", "imagehash": "imagehash"}
_EXTRAS: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {
        "evaluate": ("evaluation", {"sklearn": "scikit-learn", "matplotlib": "matplotlib"}),
        "explain": ("this explanation", {"skimage": "scikit-image", "matplotlib": "matplotlib", "tqdm": "tqdm"}),
        "heads": ("training", _HEADS),
        "train": ("training the networks", {**_HEADS, "torch": "torch"}),
        "scan": ("scanning", {"rich": "rich", "pyarrow": "pyarrow"}),
        "provenance": ("verifying a C2PA manifest", {"c2pa": "c2pa-python"}),
        "report": ("a report as PDF", {"fpdf": "fpdf2"}),
        "web": (
            "the service",
            {
                "fastapi": "fastapi",
                "uvicorn": "uvicorn",
                "httptools": "httptools",
                "python_multipart": "python-multipart",
                "prometheus_client": "prometheus-client",
            },
        ),
    }
)
"""By extra, as in pyproject.toml: what needs it, and its packages by the module that is imported."""


def require(extra: str, *modules: str) -> None:
    """Raise MissingExtra, with the line that installs them, unless these modules of an extra can be imported.

    modules: as imported; none named means all of the extra.
    """
    what, packages = _EXTRAS[extra]
    missing = [packages[module] for module in modules or packages if find_spec(module) is None]
    if missing:
        names = " and ".join(filter(None, [", ".join(missing[:-1]), missing[-1]]))
        raise MissingExtra(f"{what} needs {names}. Install with: pip install 'deepfake-detection[{extra}]'")
