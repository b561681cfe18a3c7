"""Heads on the frozen encoder's statistics: one for any fake, and one for each family against all real pictures.

One pooled head lets families compete (diffusion fakes in training cost unseen GANs a sixth of AUC); a head a family
does not, and RINE (arXiv 2402.19091) shows that the middle blocks carry the trace. Logistic regression with an L2
penalty on standardised features; L-BFGS (scipy), deterministic; stopped early where that generalises better (Yao,
Rosasco and Caponnetto 2007, doi 10.1007/s00365-006-0663-2). A second penalty holds a logit steady when a picture is
handled (stability training, Zheng et al. 2016, arXiv 1604.04326; departures: the penalty is on squares of the logit's
difference, so that the loss of a linear head stays convex, and the handling is what pictures in circulation meet, not
noise). A linear discriminant (``discriminant``) and a small network (``perceptron``) may have a say in a voice; the
network needs torch to be fitted, not to be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from scipy.optimize import minimize
from scipy.special import logsumexp

from ..errors import ModelInvalid
from ..models.card import OUTPUTS
from ..types import FAMILIES, Family, Floats
from . import discriminant, perceptron
from .encoder import BLOCKS, STATISTICS, WIDTH
from .pairs import COPIES, MOST, same_picture
from .targets import of_head, targets
from .tuning import CARE, Care, Voices
from .views import View

FEW = 20
"""A voice that hears fewer views of fakes than this is not fitted."""
BRIEF = 20
"""Steps of L-BFGS in a brief fit; a full one takes about a hundred."""
FULL = 500
"""Steps at most in a full fit."""


@dataclass(frozen=True)
class Selection:
    """Which of the encoder's statistics a head reads. blocks: 1 to 12; statistics: names of ``STATISTICS``."""

    blocks: tuple[int, ...]
    statistics: tuple[str, ...]

    def indices(self) -> tuple[list[int], list[int]]:
        """Positions along the block axis and the statistic axis."""
        return [b - 1 for b in self.blocks], [STATISTICS.index(s) for s in self.statistics]

    def kinds(self, statistics: Sequence[str]) -> np.ndarray:
        """Places of these statistics among those selected, in the order of the selection, int (k,)."""
        return np.array([i for i, name in enumerate(self.statistics) if name in statistics], np.int64)

    def places(self, statistics: Sequence[str]) -> np.ndarray:
        """Which columns of ``take`` hold these statistics (of those selected), int (k,)."""
        columns = np.arange(len(self.blocks) * len(self.statistics) * WIDTH)
        return columns.reshape(len(self.blocks), len(self.statistics), WIDTH)[:, self.kinds(statistics)].ravel()

    def take(self, features: np.ndarray) -> Floats:
        """(n, 12, 4, 768) -> float32 (n, D)."""
        blocks, statistics = self.indices()
        taken = features[:, blocks][:, :, statistics]
        return taken.reshape(len(features), -1).astype(np.float32)


@dataclass(frozen=True)
class Heads:
    """weights float32 (D, k) and bias float32 (k,) on raw features, a column for each voice.

    voices: how many of the columns belong to each of ``card.OUTPUTS``, in order. networks: what is added to columns.
    """

    selection: Selection
    weights: Floats
    bias: Floats
    voices: tuple[int, ...]
    networks: tuple[perceptron.Perceptron, ...] = ()

    def logits(self, features: np.ndarray) -> Floats:
        """float32 (n, 4) for raw features (n, 12, 4, 768)."""
        return self.of_taken(self.selection.take(features))

    def of_taken(self, taken: Floats) -> Floats:
        """float32 (n, 4) for what ``selection.take`` gave, (n, D)."""
        said = taken @ self.weights + self.bias
        shape = len(self.selection.blocks), len(self.selection.statistics), WIDTH
        for network in self.networks:
            whole = len(network.kinds) == len(self.selection.statistics)  # no copy of what may be gigabytes
            read = taken if whole else taken.reshape(-1, *shape)[:, :, network.kinds]
            said[:, network.voice] += network.logits(read)
        ends = np.cumsum(self.voices)
        heads = [logsumexp(said[:, end - n : end], axis=1) for n, end in zip(self.voices, ends, strict=True)]
        return np.stack(heads, axis=1).astype(np.float32)


def joined(first: Heads, second: Heads) -> Heads:
    """The voices of both, head by head. They read the same selection."""
    heads = np.concatenate([np.repeat(np.arange(len(OUTPUTS)), one.voices) for one in (first, second)])
    order = np.argsort(heads, kind="stable")
    place = np.argsort(order)
    shifted = [replace(network, voice=network.voice + len(first.bias)) for network in second.networks]
    return Heads(
        first.selection,
        np.concatenate([first.weights, second.weights], axis=1)[:, order],
        np.concatenate([first.bias, second.bias])[order],
        tuple(map(sum, zip(first.voices, second.voices, strict=True))),
        tuple(replace(network, voice=int(place[network.voice])) for network in (*first.networks, *shifted)),
    )


def taught(
    features: Floats,
    views: Sequence[View],
    weigh: Callable[[Sequence[View]], np.ndarray],
    selection: Selection,
    strength: float,
    heard: Voices = CARE,
) -> Heads:
    """``fit``, with each voice on the views it hears: with ``View.of_networks``, or as though there were none of them.

    features: float32 (n, D), of ``views``. weigh: how much each view of a list counts, as ``fit`` wants it. Raises
    ValueError where one voice of a head would hear them and another would not: ``fit`` must know all that are silent.
    """
    mixed = [name for name, cares in heard.items() if len({care.repainted for care in cares}) > 1]
    if mixed:
        raise ValueError(f"voices of {', '.join(mixed)} hear what networks repainted, others of the same head do not")
    rows = [number for number, view in enumerate(views) if not view.of_networks]
    found = []
    for repainted in (False, True):
        voices = {name: tuple(care for care in cares if care.repainted == repainted) for name, cares in heard.items()}
        if not any(voices.values()):
            continue
        every = repainted or len(rows) == len(views)
        chosen = list(views) if every else [views[row] for row in rows]
        found.append(fit(features if every else features[rows], chosen, weigh(chosen), selection, strength, voices))
    return joined(*found) if len(found) > 1 else found[0]


def recipe(heard: Voices) -> list[object]:
    """What ``fit`` depends on beside its other arguments, as plain JSON types: kept fits are keyed by it."""
    voices = {name: [asdict(care) for care in cares] for name, cares in heard.items()}
    numbers = FEW, BRIEF, FULL, MOST, COPIES, discriminant.FEW_OF_SOURCE
    return [voices, *numbers, *[asdict(perceptron.PLAN)] * _any_bent(heard)]


def _any_bent(heard: Voices) -> bool:
    """Whether a network has a say in one of the voices, so that fitting them needs torch."""
    return any(care.bent for cares in heard.values() for care in cares)


def fit(
    features: Floats,
    views: Sequence[View],
    weights: np.ndarray,
    selection: Selection,
    strength: float,
    heard: Voices = CARE,
) -> Heads:
    """Fit the four heads.

    features: float32 (n, D), as ``selection.take`` gives them. weights: how much each view counts, (n,).
    strength: inverse of the penalty, for the summed loss of views whose mean weight is 1. heard: the voices. One that
    hears fewer than ``FEW`` fakes among ``views`` stays silent; a head of such voices always says -10.
    Between ``views`` of the same picture (``pairs.same_picture``) steady voices move little.
    """
    if _any_bent(heard):
        from .networks.perceptron import trained  # imports torch, which linear voices do without
    told = targets(views)
    plain = np.array([view.how == "plain" for view in views])
    voices = [(head, care) for head, name in enumerate(OUTPUTS) for care in heard[name]]

    def lesson(head: int, care: Care, also: Sequence[Family] = ()) -> tuple[np.ndarray, np.ndarray]:
        """Labels of a head, and how much each counts: (n,) each."""
        labels, mask = of_head(*told, head, also)
        counted = weights * mask * np.where(plain, care.plain, 1.0)
        if not care.handled_fakes:
            counted = np.where(plain | (labels == 0), counted, 0.0)
        return labels, care.trust * balanced(counted, labels)

    labels, importance = (np.stack(parts, axis=1) for parts in zip(*(lesson(*voice) for voice in voices), strict=True))
    missing = np.flatnonzero(((labels > 0) & (importance > 0)).sum(0) < FEW)
    shown = same_picture(views)
    coefficients = np.zeros((features.shape[1], len(voices)))
    bias = np.zeros(len(voices))
    networks = []
    for statistics in sorted({care.statistics for _, care in voices}):  # one copy of the features for all that read it
        rows = selection.places(statistics)
        read = np.take(features, rows, axis=1)  # row by row in memory, as networks are taught; [:, rows] is not
        centre, spread = read.mean(0), read.std(0) + 1e-3
        read -= centre
        read /= spread
        moves = read[shown[:, 0]] - read[shown[:, 1]]
        factor = discriminant.factors(read, views, weights)
        for place, (head, care) in enumerate(voices):
            if care.statistics != statistics or place in missing:
                continue
            counts = importance[:, place] > 0  # views that say nothing to this voice would only cost time
            asked = read[counts], labels[counts, place], importance[counts, place]
            found, offset = _linear(care, *asked, strength, moves, factor)
            found /= spread
            coefficients[rows, place] = found
            bias[place] = offset - centre @ found + care.offset
            if care.bent:
                learned = trained(read, *lesson(head, care, care.also), WIDTH, perceptron.PLAN, shown, care.steady)
                layers = perceptron.of_raw(learned, centre, spread)
                layers = perceptron.times(layers, care.rest * care.bent)
                networks.append(perceptron.Perceptron(place, selection.kinds(statistics), layers))
        del read, moves, factor  # before the next copy of the features is made
    number = tuple(len(heard[name]) for name in OUTPUTS)
    for silent in missing:
        bias[silent] = -10 - np.log(number[voices[silent][0]])
    return Heads(selection, coefficients.astype(np.float32), bias.astype(np.float32), number, tuple(networks))


def _linear(
    care: Care,
    read: Floats,
    labels: np.ndarray,
    importance: np.ndarray,
    strength: float,
    moves: Floats,
    factor: Callable[[float, bool, float], discriminant.Factor],
) -> tuple[np.ndarray, float]:
    """The linear part of a voice, slope and shares applied: coefficients (D,) on standardised features, and the bias.

    read: float32 (n, D), the views that count. factor: as ``discriminant.factors`` gives it.
    """
    regression = partial(logistic, read, labels, importance, strength, moves=moves, steady=care.trust * care.steady)
    found, offset = regression()
    if care.brief:
        brief, brief_offset = regression(steps=BRIEF)
        found += care.brief * (brief - found)
        offset += care.brief * (brief_offset - offset)
    found *= care.rest * (1 - care.bent)
    offset *= care.rest * (1 - care.bent)
    if part := care.discriminant:
        made = factor(part.sources, part.of_reals, part.ridge)
        towards, middle = discriminant.direction(made, read, labels, importance)
        found += care.slope * part.share * part.apart * towards
        offset += care.slope * part.share * part.apart * middle
    return found, offset


def balanced(weights: np.ndarray, labels: np.ndarray) -> np.ndarray:
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
    already: np.ndarray | float = 0.0,
    steps: int = FULL,
    moves: Floats | None = None,
    steady: float = 0.0,
) -> tuple[np.ndarray, float]:
    """Weighted L2 logistic regression on x (n, D): at most ``steps`` of L-BFGS from zero.

    labels: 0 or 1, (n,); importance: (n,), 0 where a row does not count; already: logits (n,) that the result is added
    to. moves: float32 (k, D), differences of x between two views of one picture; steady: how much half the mean square
    of the logit's moves counts, for each row that counts. Returns coefficients (D,) and the bias, which is not
    penalised. One voice at a time: several at once would share a line search, and converge in no step.
    """
    sign = np.where(labels > 0, 1.0, -1.0).astype(np.float32)
    w = importance.astype(np.float32)
    before = np.asarray(already, np.float32)
    held = moves if moves is not None and len(moves) and steady else None
    weight = 0.0 if held is None else steady * np.count_nonzero(importance) / len(held)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        coefficients = parameters[:-1]
        margin = sign * (x @ coefficients.astype(np.float32) + np.float32(parameters[-1]) + before)
        slope = -sign * w / (1 + np.exp(np.clip(margin, -30, 30)))
        gradient = np.append(x.T @ slope + coefficients / strength, slope.sum())
        value = float((w * np.logaddexp(0, -margin.astype(np.float64))).sum())
        value += float(coefficients @ coefficients) / (2 * strength)
        if held is not None:
            moved = held @ coefficients.astype(np.float32)
            value += weight / 2 * float(moved.astype(np.float64) @ moved)
            gradient[:-1] += weight * (held.T @ moved)
        return value, gradient.astype(np.float64)

    options = {"maxiter": steps, "maxcor": 10}
    best = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", options=options).x
    return best[:-1], float(best[-1])


def graph(heads: Heads) -> bytes:
    """The heads as ONNX: ``statistics`` float32 (N, 12, 4, 768) -> ``logits`` float32 (N, 4)."""
    blocks, statistics = heads.selection.indices()
    beside = [f"network-{number}" for number in range(len(heads.networks))]
    bent = [perceptron.nodes(*both, "features", len(heads.bias)) for both in zip(heads.networks, beside, strict=True)]
    initialisers = [
        numpy_helper.from_array(np.array(blocks, np.int64), "blocks"),
        numpy_helper.from_array(np.array(statistics, np.int64), "kinds"),
        numpy_helper.from_array(heads.weights, "weights"),
        numpy_helper.from_array(heads.bias, "bias"),
        numpy_helper.from_array(np.array(heads.voices, np.int64), "voices"),
        *(array for _, arrays in bent for array in arrays),
    ]
    nodes = [
        helper.make_node("Gather", ["statistics", "blocks"], ["chosen"], axis=1),
        helper.make_node("Gather", ["chosen", "kinds"], ["features"], axis=2),
        helper.make_node("Flatten", ["features"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weights", "bias"], ["linear" if beside else "said"]),
        *(node for made, _ in bent for node in made),
        *[helper.make_node("Sum", ["linear", *beside], ["said"])] * bool(beside),
        helper.make_node("Split", ["said", "voices"], list(OUTPUTS), axis=1),
        *(helper.make_node("ReduceLogSumExp", [name], [f"{name}_logit"], axes=[1], keepdims=1) for name in OUTPUTS),
        helper.make_node("Concat", [f"{name}_logit" for name in OUTPUTS], ["logits"], axis=1),
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
        voices = tuple(map(int, arrays["voices"]))
        weights, bias = (arrays[name].astype(np.float32) for name in ("weights", "bias"))
        shape = len(selection.blocks), len(selection.statistics), len(bias)
        beside = sorted({name.split("/")[0] for name in arrays if "/" in name})
        networks = tuple(perceptron.from_arrays(arrays, part, *shape) for part in beside)
        heads = Heads(selection, weights, bias, voices, networks)
    except (KeyError, IndexError, TypeError, ValueError):
        raise ModelInvalid(f"graph {name!r} holds no heads that could be trained further") from None
    size = len(selection.blocks) * len(selection.statistics) * WIDTH
    if len(voices) != len(OUTPUTS) or heads.weights.shape != (size, sum(voices)) or heads.bias.shape != (sum(voices),):
        raise ModelInvalid(
            f"graph {name!r}: expected weights ({size}, {sum(voices)}) for {len(OUTPUTS)} outputs, got "
            f"{heads.weights.shape} for {len(voices)}"
        )
    return heads
