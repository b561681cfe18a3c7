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

from ..errors import ModelInvalid
from ..models.card import OUTPUTS
from ..types import FAMILIES, Floats
from .encoder import BLOCKS, STATISTICS, WIDTH
from .targets import targets
from .views import View

FEW = 20
"""A family with fewer fakes than this gets no head of its own."""


@dataclass(frozen=True)
class Care:
    """How one head is fitted, and put on a scale with the others.

    plain: how many times a view of an untouched picture counts, where a handled one counts once. trust: the loss counts
    so many times against the penalty. slope, offset: what the fitted logit is multiplied by and raised by.
    """

    plain: float
    trust: float = 1.0
    slope: float = 1.0
    offset: float = 0.0


CARE: dict[str, Care] = {
    "pooled": Care(plain=3),
    "swap": Care(plain=3, trust=3),
    # A generator's traces are fine, and handling removes them: a head fitted on handled views learns what the known
    # generator paints instead, and says nothing of another one. Its logit lies far below zero on real pictures, so it
    # is raised: else the other families' doubts would drown what it says of a generator it knows less well.
    "gan": Care(plain=20, slope=1.5, offset=0.5),
    "generated": Care(plain=3),
}
"""Chosen on left-out sources and on ``val`` (docs/experiments.md)."""


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


def fit(
    features: Floats,
    views: Sequence[View],
    weights: np.ndarray,
    selection: Selection,
    strength: float,
    base: Heads | None = None,
) -> Heads:
    """Fit the four heads.

    features: float32 (n, D), as ``selection.take`` gives them. weights: how much each view counts, (n,).
    strength: inverse of the penalty, for the summed loss of views whose mean weight is 1. A family with
    fewer than ``FEW`` fakes among ``views`` gets a head that always says -10.

    base: heads of the same selection to start from. The penalty then falls on the distance from them, not from zero
    (L2-SP, Li et al. 2018, arXiv 1802.01483), so that what ``views`` say nothing about stays as it was; and a family
    with too few fakes keeps its head to the bit.
    """
    labels, mask = targets(views)
    plain = np.array([view.how == "plain" for view in views])
    importance = np.zeros(labels.shape)
    for head, name in enumerate(OUTPUTS):
        counted = weights * mask[:, head] * np.where(plain, CARE[name].plain, 1.0)
        importance[:, head] = CARE[name].trust * _balanced(counted, labels[:, head])
    centre, spread = features.mean(0), features.std(0) + 1e-3
    scaled = (features - centre) / spread
    slopes, offsets = (np.array([getattr(CARE[name], part) for name in OUTPUTS]) for part in ("slope", "offset"))
    origin = None
    if base is not None:
        before, before_bias = base.weights / slopes, (base.bias - offsets) / slopes
        origin = (before * spread[:, None], before_bias + centre @ before)
    coefficients, bias = logistic(scaled, labels, importance, strength, origin)
    coefficients = coefficients / spread[:, None]
    bias = bias - centre @ coefficients
    coefficients, bias = coefficients * slopes, bias * slopes + offsets
    for head in np.flatnonzero((labels * mask).sum(0) < FEW).tolist():
        coefficients[:, head], bias[head] = (0, -10) if base is None else (base.weights[:, head], base.bias[head])
    return Heads(selection, coefficients.astype(np.float32), bias.astype(np.float32))


def _balanced(weights: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Both classes count alike, and the mean over the views that count is 1 (all 0 where a class is missing)."""
    result = weights.astype(np.float64).copy()
    totals = [result[labels == label].sum() for label in (0, 1)]
    if min(totals) == 0:
        return np.zeros_like(result)
    for label in (0, 1):
        result[labels == label] /= totals[label]
    return np.asarray(result * (np.count_nonzero(weights) / 2))


def logistic(
    x: Floats,
    labels: np.ndarray,
    importance: np.ndarray,
    strength: float,
    origin: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Several weighted L2 logistic regressions on the same x (n, D), solved side by side in one pass over the data.

    labels: 0 or 1, (n, k); importance: (n, k), 0 where a row does not count. origin: coefficients (D, k) and bias (k,)
    to start from; the penalty is on the coefficients' distance from them (None: from zero). Returns coefficients (D, k)
    and bias (k,); the bias is not penalised.
    """
    sign = np.where(labels > 0, 1.0, -1.0).astype(np.float32)
    w = importance.astype(np.float32)
    shape = (x.shape[1] + 1, labels.shape[1])
    start = np.zeros(shape) if origin is None else np.vstack([origin[0], origin[1][None]]).astype(np.float64)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        parameters = flat.reshape(shape)
        coefficients = parameters[:-1]
        margin = sign * (x @ coefficients.astype(np.float32) + parameters[-1].astype(np.float32))
        slope = -sign * w / (1 + np.exp(np.clip(margin, -30, 30)))
        moved = coefficients - start[:-1]
        gradient = np.vstack([x.T @ slope + moved / strength, slope.sum(0, keepdims=True)])
        value = float((w * np.logaddexp(0, -margin.astype(np.float64))).sum())
        return value + float((moved**2).sum()) / (2 * strength), gradient.ravel().astype(np.float64)

    options = {"maxiter": 150, "maxcor": 10}
    best = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options=options).x.reshape(shape)
    return best[:-1], best[-1]


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


def from_graph(name: str, data: bytes) -> Heads:
    """The inverse of ``graph``. Raises ModelInvalid where the graph ``name`` is not one that ``graph`` wrote."""
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load_from_string(data).graph.initializer}
    try:
        selection = Selection(
            tuple(int(block) + 1 for block in arrays["blocks"]), tuple(STATISTICS[int(i)] for i in arrays["kinds"])
        )
        heads = Heads(selection, arrays["weights"].astype(np.float32), arrays["bias"].astype(np.float32))
    except (KeyError, IndexError):
        raise ModelInvalid(f"graph {name!r} holds no linear heads that could be trained further") from None
    size = len(selection.blocks) * len(selection.statistics) * WIDTH
    if heads.weights.shape != (size, len(OUTPUTS)) or heads.bias.shape != (len(OUTPUTS),):
        raise ModelInvalid(f"graph {name!r}: expected weights ({size}, {len(OUTPUTS)}), got {heads.weights.shape}")
    return heads
