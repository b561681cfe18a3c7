"""A small network of statistics that speaks beside a linear voice: asked in numpy, shipped as nodes. Needs no torch.

A linear voice sums over the statistics, and cannot say that one matters only where another is as it is.
``networks.perceptron`` trains what this holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
import onnx
from onnx import helper, numpy_helper

from ..types import Floats


@dataclass(frozen=True)
class Plan:
    """How a network is taught. alone, together: units for each statistic, and over all. steps, of batch rows each.

    pairs: of two views of one picture, drawn in each step, between which it is held steady. rate: largest, of one
    cycle; decay: of the weights (AdamW); dropped: share of units, unread: share of what is read, left out at random;
    smooth: how far labels lie from 0 and 1.
    """

    alone: int = 32
    together: int = 64
    steps: int = 1500
    batch: int = 128
    pairs: int = 64
    seed: int = 0
    rate: float = 1e-3
    decay: float = 0.05
    dropped: float = 0.3
    unread: float = 0.1
    smooth: float = 0.02


PLAN = Plan()
"""Of the bundle that ships. Its numbers were set, not searched for."""


@dataclass(frozen=True, eq=False)
class Layers:
    """n statistics, each by a layer of its own; one layer over what these give; the logit. Rectified in between.

    All float32: first (n, width, h) and first_bias (n, h), second (n * h, m) and second_bias (m,), third (m, 1) and
    third_bias (1,). As ``of_raw`` makes it, first holds numbers of 16 bits.
    """

    first: Floats
    first_bias: Floats
    second: Floats
    second_bias: Floats
    third: Floats
    third_bias: Floats


@dataclass(frozen=True, eq=False)
class Perceptron:
    """What is added to one column of a head's linear logits.

    voice: the column. kinds: int (k,), places of the statistics it reads among those of the head's selection, in all
    blocks. layers: for the blocks x k statistics as they come, not standardised.
    """

    voice: int
    kinds: np.ndarray
    layers: Layers

    def logits(self, read: Floats) -> Floats:
        """float32 (N,), for its statistics block by block, float32 (N, blocks, k, width) in whatever shape."""
        count, width, hidden = self.layers.first.shape
        each = read.reshape(-1, count, width).transpose(1, 0, 2)
        alone = np.maximum((each @ self.layers.first).transpose(1, 0, 2) + self.layers.first_bias, 0)
        flat = alone.reshape(-1, count * hidden)
        together = np.maximum(flat @ self.layers.second + self.layers.second_bias, 0)
        return np.asarray((together @ self.layers.third + self.layers.third_bias)[:, 0], np.float32)


def of_raw(layers: Layers, centre: Floats, spread: Floats) -> Layers:
    """For statistics as they come, of ``layers`` for statistics from which ``centre`` was taken, over ``spread``.

    The first layer is rounded to 16 bits, in which ``nodes`` keeps it: nearly all of a network's weights are there.
    """
    shape = layers.first.shape[:2]
    first = (layers.first / spread.reshape(*shape, 1)).astype(np.float16).astype(np.float64)
    moved = np.einsum("nw,nwh->nh", centre.reshape(shape), first)
    return replace(layers, first=_float32(first), first_bias=_float32(layers.first_bias - moved))


def times(layers: Layers, factor: float) -> Layers:
    """The logit so many times."""
    return replace(layers, third=_float32(layers.third * factor), third_bias=_float32(layers.third_bias * factor))


def nodes(
    network: Perceptron, name: str, chosen: str, columns: int
) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """Nodes that give ``name`` float32 (N, columns), 0 but in the network's, and their arrays, called ``name/...``.

    chosen: name of the selection's statistics, float32 (N, blocks, kinds, width).
    """
    count, width, hidden = network.layers.first.shape
    half = network.layers.first.astype(np.float16)  # but nothing is lost: of another maker's layers it could be
    arrays = {
        "column": np.eye(1, columns, network.voice, np.float32),
        "kinds": network.kinds.astype(np.int64),
        **vars(network.layers),
        "first": half if np.array_equal(half, network.layers.first) else network.layers.first,
        "each": np.array([-1, count, width], np.int64),
        "all": np.array([-1, count * hidden], np.int64),
    }

    def of(part: str) -> str:
        return f"{name}/{part}"

    made = [
        helper.make_node("Gather", [chosen, of("kinds")], [of("read")], axis=2),
        helper.make_node("Reshape", [of("read"), of("each")], [of("listed")]),
        helper.make_node("Transpose", [of("listed")], [of("apart")], perm=[1, 0, 2]),
        helper.make_node("Cast", [of("first")], [of("first_as_float")], to=onnx.TensorProto.FLOAT),
        helper.make_node("MatMul", [of("apart"), of("first_as_float")], [of("alone")]),
        helper.make_node("Transpose", [of("alone")], [of("by_picture")], perm=[1, 0, 2]),
        helper.make_node("Add", [of("by_picture"), of("first_bias")], [of("raised")]),
        helper.make_node("Relu", [of("raised")], [of("bent")]),
        helper.make_node("Reshape", [of("bent"), of("all")], [of("flat")]),
        helper.make_node("Gemm", [of("flat"), of("second"), of("second_bias")], [of("together")]),
        helper.make_node("Relu", [of("together")], [of("bent_again")]),
        helper.make_node("Gemm", [of("bent_again"), of("third"), of("third_bias")], [of("logit")]),
        helper.make_node("MatMul", [of("logit"), of("column")], [name]),
    ]
    return made, [numpy_helper.from_array(array, of(part)) for part, array in arrays.items()]


def from_arrays(arrays: Mapping[str, np.ndarray], name: str, blocks: int, statistics: int, columns: int) -> Perceptron:
    """The inverse of ``nodes``, from the arrays of a graph by name, for a selection of so many blocks and statistics.

    Raises KeyError where an array is missing, ValueError where the arrays do not fit each other or the selection.
    """
    of = {part: arrays[f"{name}/{part}"] for part in ("column", "kinds", *(field.name for field in fields(Layers)))}
    column, kinds = of.pop("column"), of.pop("kinds")
    if kinds.ndim != 1 or not np.isin(kinds, np.arange(statistics)).all():
        raise ValueError(f"{name} reads statistics that are not there")
    if column.shape != (1, columns) or sorted(column[0]) != [0] * (columns - 1) + [1]:
        raise ValueError(f"{name} speaks in no one column")
    first, second = of["first"], of["second"]
    if first.ndim != 3 or second.ndim != 2:
        raise ValueError(f"{name} has layers of another kind")
    count, together = blocks * len(kinds), second.shape[1]
    width, alone = first.shape[1:]
    wanted = ((count, width, alone), (count, alone), (count * alone, together), (together,), (together, 1), (1,))
    if (found := tuple(array.shape for array in of.values())) != wanted:
        raise ValueError(f"{name} has layers of shapes {found}, not {wanted}")
    layers = Layers(**{part: _float32(array) for part, array in of.items()})
    return Perceptron(int(column.argmax()), kinds, layers)


def _float32(array: np.ndarray) -> Floats:
    return array.astype(np.float32)
