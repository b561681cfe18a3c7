"""Linear heads on the frozen encoder's statistics: one for any fake, and one for each family against all real pictures.

One pooled head lets families compete (diffusion fakes in training cost unseen GANs a sixth of AUC); a head a family
does not, and RINE (arXiv 2402.19091) shows that the middle blocks carry the trace. Logistic regression with an L2
penalty on standardised features; L-BFGS (scipy), deterministic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from scipy.optimize import minimize

from ..types import FAMILIES, Floats
from .encoder import BLOCKS, STATISTICS, WIDTH
from .loop import targets
from .views import View


@dataclass(frozen=True)
class Selection:
    """Which of the encoder's statistics a head reads. blocks: 1 to 12; statistics: names of ``STATISTICS``."""

    blocks: tuple[int, ...]
    statistics: tuple[str, ...]

    def indices(self) -> tuple[list[int], list[int]]:
        """Positions along the block axis and the statistic axis."""
        return [b - 1 for b in self.blocks], [STATISTICS.index(s) for s in self.statistics]

    def take(self, features: np.ndarray) -> Floats:
        """(n, 12, 4, 768) -> float32 (n, D)."""
        blocks, statistics = self.indices()
        taken = features[:, blocks][:, :, statistics]
        return taken.reshape(len(features), -1).astype(np.float32)


@dataclass(frozen=True)
class Heads:
    """weights float32 (D, 4) and bias float32 (4,) on raw features; columns as ``card.OUTPUTS``."""

    selection: Selection
    weights: Floats
    bias: Floats

    def logits(self, features: np.ndarray) -> Floats:
        """float32 (n, 4) for raw features (n, 12, 4, 768)."""
        result: Floats = self.selection.take(features) @ self.weights + self.bias
        return result


def fit(features: Floats, views: Sequence[View], weights: np.ndarray, selection: Selection, strength: float) -> Heads:
    """Fit the four heads.

    features: float32 (n, D), as ``selection.take`` gives them. weights: how much each view counts, (n,).
    strength: inverse of the penalty, for the summed loss of views whose mean weight is 1. A family without
    any fake among ``views`` gets a head that always says -10.
    """
    labels, mask = targets(views)
    centre, spread = features.mean(0), features.std(0) + 1e-3
    scaled = (features - centre) / spread
    columns, biases = [], []
    for head in range(1 + len(FAMILIES)):
        chosen = mask[:, head] > 0
        if labels[chosen, head].sum() < 20:
            columns.append(np.zeros(scaled.shape[1]))
            biases.append(-10.0)
            continue
        balanced = _balanced(weights[chosen], labels[chosen, head])
        coefficients, bias = logistic(scaled[chosen], labels[chosen, head], balanced, strength)
        columns.append(coefficients / spread)
        biases.append(bias - float(coefficients @ (centre / spread)))
    return Heads(selection, np.stack(columns, 1).astype(np.float32), np.array(biases, np.float32))


def _balanced(weights: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Both classes count alike, mean 1."""
    result = weights.astype(np.float64).copy()
    for label in (0, 1):
        result[labels == label] /= result[labels == label].sum()
    return np.asarray(result / result.mean())


def logistic(x: Floats, y: np.ndarray, weights: np.ndarray, strength: float) -> tuple[np.ndarray, float]:
    """Weighted L2 logistic regression; (coefficients (D,), bias). The bias is not penalised."""
    sign = np.where(y > 0, 1.0, -1.0).astype(np.float32)
    w = weights.astype(np.float32)
    dimension = x.shape[1]

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        coefficients = parameters[:dimension]
        margin = sign * (x @ coefficients.astype(np.float32) + np.float32(parameters[dimension]))
        slope = -sign * w / (1 + np.exp(np.clip(margin, -30, 30)))
        gradient = np.empty(dimension + 1)
        gradient[:dimension] = x.T @ slope + coefficients / strength
        gradient[dimension] = slope.sum()
        value = float((w * np.logaddexp(0, -margin.astype(np.float64))).sum())
        return value + float(coefficients @ coefficients) / (2 * strength), gradient

    best = minimize(loss, np.zeros(dimension + 1), jac=True, method="L-BFGS-B", options={"maxiter": 120, "maxcor": 10})
    return best.x[:dimension], float(best.x[dimension])


def graph(heads: Heads) -> bytes:
    """The heads as ONNX: ``statistics`` float32 (N, 12, 4, 768) -> ``logits`` float32 (N, 4)."""
    blocks, statistics = heads.selection.indices()
    initialisers = [
        numpy_helper.from_array(np.array(blocks, np.int64), "blocks"),
        numpy_helper.from_array(np.array(statistics, np.int64), "kinds"),
        numpy_helper.from_array(heads.weights, "weights"),
        numpy_helper.from_array(heads.bias, "bias"),
    ]
    nodes = [
        helper.make_node("Gather", ["statistics", "blocks"], ["chosen"], axis=1),
        helper.make_node("Gather", ["chosen", "kinds"], ["features"], axis=2),
        helper.make_node("Flatten", ["features"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weights", "bias"], ["logits"]),
    ]
    shape: list[str | int | None] = ["N", BLOCKS, len(STATISTICS), WIDTH]
    model = helper.make_model(
        helper.make_graph(
            nodes,
            "heads",
            [helper.make_tensor_value_info("statistics", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 1 + len(FAMILIES)])],
            initialisers,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=9,
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
