"""Toy graphs and bundles with answers a person can work out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from deepfake_detector.models.bundle import Bundle
from deepfake_detector.models.card import Card
from deepfake_detector.train import heads
from deepfake_detector.train.features import CLIP_MEAN, CLIP_STD
from deepfake_detector.types import Face, Pixels

UNIT = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}


def brightness_graph(side: int, slope: float, offset: float = 0.0) -> bytes:
    """logits = slope * (mean of the view) + offset, the same for all four outputs."""
    weights = numpy_helper.from_array(np.full((1, 4), slope, np.float32), "w")
    bias = numpy_helper.from_array(np.full(4, offset, np.float32), "b")
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["m"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["m", "axis"], ["u"]),
        helper.make_node("Gemm", ["u", "w", "b"], ["logits"]),
    ]
    axis = numpy_helper.from_array(np.array([1], np.int64), "axis")
    return _model(nodes, [3, side, side], ["N", 4], [weights, bias, axis], "logits")


def mean_encoder(side: int) -> bytes:
    """Output "features" (N, 3): the mean of each channel."""
    nodes = [helper.make_node("ReduceMean", ["x"], ["features"], axes=[2, 3], keepdims=0)]
    return _model(nodes, [3, side, side], ["N", 3], [], "features")


def channel_head(weights: list[float]) -> bytes:
    """logits = weights . channel means, the same for all four outputs."""
    matrix = np.repeat(np.array(weights, np.float32)[:, None], 4, axis=1)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["logits"])]
    return _model(nodes, [3], ["N", 4], [numpy_helper.from_array(matrix, "w")], "logits")


def tile_encoder() -> bytes:
    """Stands in for CLIP: each row of "statistics" (N, 12, 4, 768) is the means of 16 x 16 tiles, by channel."""
    nodes = [
        helper.make_node("AveragePool", ["pixels"], ["tiles"], kernel_shape=[14, 14], strides=[14, 14]),
        helper.make_node("Reshape", ["tiles", "row"], ["rows"]),
        helper.make_node("Expand", ["rows", "all"], ["statistics"]),
    ]
    shapes = [
        numpy_helper.from_array(np.array([0, 1, 1, 768], np.int64), "row"),
        numpy_helper.from_array(np.array([1, 12, 4, 768], np.int64), "all"),
    ]
    return _model(nodes, [3, 224, 224], ["N", 12, 4, 768], shapes, "statistics", "pixels")


def _model(
    nodes: list[Any], inputs: list[int], outputs: list[Any], initialisers: list[Any], name: str, first: str = "x"
) -> bytes:
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info(first, TensorProto.FLOAT, ["N", *inputs])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, outputs)],
        initialisers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def card(name: str, region: str, graph: str, **changes: Any) -> Card:
    """A card for a 32-pixel toy member."""
    base = Card(name=name, region=region, sampling="resized", side=32, graph=graph, **UNIT)  # type: ignore[arg-type]
    return replace(base, **changes)


def linear(*members: str, weight: float = 1.0, bias: float = 0.0) -> dict[str, Any]:
    """A score that reads only the pooled logit of each member."""
    return {"weights": dict.fromkeys(members, (weight, 0, 0, 0, 0)), "bias": bias}


POLICY: dict[str, Any] = {
    "band": (0.4, 0.6),
    "poor_band": (0.2, 0.8),
    "disagreement": 0.9,
    "small_face": 40.0,
    "small_picture": 64.0,
    "blurred": 0.0,
    "heavy_compression": 100.0,
    "threshold": 0.5,
    "operating_points": [[0.01, 0.9], [0.05, 0.5], [0.2, 0.3]],
}


def ensemble(face: str = "toy-face", scene: str = "toy-scene") -> dict[str, Any]:
    """Face and scene count alike; together their logits add up."""
    scores = {"face": linear(face), "scene": linear(scene), "both": linear(face, scene)}
    return {
        "members": {face: linear(face), scene: linear(scene)},
        "picture": scores,
        "kinds": dict.fromkeys(("swap", "gan", "generated"), scores),
        "mean": dict.fromkeys(("face", "scene", "both"), (1.0, 0.0)),
        "policy": POLICY,
    }


def bundle() -> Bundle:
    """Bright pictures are fake: the face member says 8 * brightness - 4, the scene member 4 * brightness - 2."""
    return Bundle(
        name="toy",
        version="1",
        cards=(card("toy-face", "face", "face"), card("toy-scene", "scene", "scene")),
        ensemble=json.loads(json.dumps(ensemble())),
        about={"limits": ["It only knows brightness."]},
        graphs={"face": brightness_graph(32, 8.0, -4.0), "scene": brightness_graph(32, 4.0, -2.0)},
    )


def trainable_bundle() -> Bundle:
    """Laid out as the shipped one: heads on an encoder (which know nothing: pooled and swap say -1, the others -3), and
    two members that training leaves alone, "conv-face" and "conv-scene" (brightness)."""
    quiet = -3 - np.log(2)  # two voices that say so together say -3
    biases = np.float32([-1, -1, quiet, quiet, -3])
    told = heads.Heads(heads.Selection((12,), ("cls",)), np.zeros((768, 5), np.float32), biases, (1, 1, 2, 1))
    clip = {"side": 224, "mean": CLIP_MEAN, "std": CLIP_STD, "encoder": "tiles", "encoder_output": "statistics"}
    cards = [
        one
        for region in ("face", "scene")
        for one in (
            card(f"clip-{region}", region, f"heads-{region}", training_data="nothing", **clip),
            card(f"conv-{region}", region, "conv", side=224),
        )
    ]
    names = {region: [one.name for one in cards if one.region == region] for region in ("face", "scene")}
    scores = {**{region: linear(*names[region]) for region in names}, "both": linear(*names["face"], *names["scene"])}
    parts = {
        "members": {one.name: linear(one.name) for one in cards},
        "picture": scores,
        "kinds": dict.fromkeys(("swap", "gan", "generated"), scores),
        "mean": dict.fromkeys(("face", "scene", "both"), (1.0, 0.0)),
        "policy": {**POLICY, "conditions": {"pattern": {"bound": 90.0, "band": (0.1, 0.9)}}},
    }
    graphs = {
        "tiles": tile_encoder(),
        "heads-face": heads.graph(told),
        "heads-scene": heads.graph(told),
        "conv": brightness_graph(224, 2.0, -1.0),
    }
    return Bundle("toy", "1", tuple(cards), json.loads(json.dumps(parts)), {"limits": ["It knows nothing."]}, graphs)


class FixedFaces:
    """A face detector that always gives the same faces."""

    name = "fixed"

    def __init__(self, *faces: Face) -> None:
        self.faces = sorted(faces, key=lambda face: -face.size)

    def detect(self, pixels: Pixels) -> list[Face]:
        return list(self.faces)


def grey(level: int, width: int = 120, height: int = 100) -> Pixels:
    """A flat picture but for one corner: of a picture all of one colour nothing is said."""
    pixels = np.full((height, width, 3), level, np.uint8)
    pixels[0, 0] ^= 32
    return pixels


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def window_graph(side: int, window: tuple[int, int, int, int], slope: float, offset: float) -> bytes:
    """logits = slope * (mean of the view inside the window x0, y0, x1, y1) + offset; it sees nothing else."""
    x0, y0, x1, y1 = window
    arrays = {"starts": [y0, x0], "ends": [y1, x1], "axes": [2, 3], "axis": [1]}
    initialisers = [numpy_helper.from_array(np.array(v, np.int64), name) for name, v in arrays.items()]
    initialisers += [
        numpy_helper.from_array(np.full((1, 4), slope, np.float32), "w"),
        numpy_helper.from_array(np.full(4, offset, np.float32), "b"),
    ]
    nodes = [
        helper.make_node("Slice", ["x", "starts", "ends", "axes"], ["part"]),
        helper.make_node("ReduceMean", ["part"], ["m"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["m", "axis"], ["u"]),
        helper.make_node("Gemm", ["u", "w", "b"], ["logits"]),
    ]
    return _model(nodes, [3, side, side], ["N", 4], initialisers, "logits")


def window_bundle(window: tuple[int, int, int, int]) -> Bundle:
    """Fake where the window (of the 32-pixel view of each face, and of the whole) is bright: 8 * brightness - 4."""
    graph = window_graph(32, window, 8.0, -4.0)
    return replace(bundle(), graphs={"face": graph, "scene": graph})


def patch_encoder() -> bytes:
    """Tokens (N, 196, 3): the mean colour of each 16-pixel patch of a 224-pixel view; statistics (N, 1, 4, 3) of them.

    Rows: mean, mean, spread, mean of the middle 8 x 8, as in the shipped encoder.
    """
    arrays = {"flat": [0, 3, 196], "square": [0, 3, 14, 14], "three": [3, 3], "eleven": [11, 11], "axes": [2, 3]}
    initialisers = [numpy_helper.from_array(np.array(v, np.int64), name) for name, v in arrays.items()]
    initialisers += [numpy_helper.from_array(np.array([1], np.int64), "row")]
    nodes = [
        helper.make_node("AveragePool", ["x"], ["pooled"], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node("Reshape", ["pooled", "flat"], ["columns"]),
        helper.make_node("Transpose", ["columns"], ["tokens_01"], perm=[0, 2, 1]),
        helper.make_node("ReduceMean", ["tokens_01"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["tokens_01", "mean"], ["centred"]),
        helper.make_node("Mul", ["centred", "centred"], ["squared"]),
        helper.make_node("ReduceMean", ["squared"], ["variance"], axes=[1], keepdims=1),
        helper.make_node("Sqrt", ["variance"], ["spread"]),
        helper.make_node("Slice", ["pooled", "three", "eleven", "axes"], ["middle"]),
        helper.make_node("ReduceMean", ["middle"], ["centre"], axes=[2, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["centre", "row"], ["centre_row"]),
        helper.make_node("Concat", ["mean", "mean", "spread", "centre_row"], ["rows"], axis=1),
        helper.make_node("Unsqueeze", ["rows", "row"], ["statistics"]),
    ]
    outputs = {"statistics": ["N", 1, 4, 3], "tokens_01": ["N", 196, 3]}
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 224, 224])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        initialisers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def patch_head() -> bytes:
    """logits = 20 * (red patch mean) - 2, the same for all four outputs; input is the statistics (N, 1, 4, 3)."""
    matrix = np.zeros((12, 4), np.float32)
    matrix[3] = 20  # row 1 (patch mean), red
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w", "b"], ["logits"]),
    ]
    weights = [
        numpy_helper.from_array(matrix, "w"),
        numpy_helper.from_array(np.full(4, -2, np.float32), "b"),
    ]
    return _model(nodes, [1, 4, 3], ["N", 4], weights, "logits")


def patch_bundle() -> Bundle:
    """A face member and a scene member with one encoder; redness speaks for fake."""
    shared = {"side": 224, "encoder": "patches", "encoder_output": "statistics"}
    return replace(
        bundle(),
        cards=(card("toy-face", "face", "head", **shared), card("toy-scene", "scene", "head", **shared)),
        graphs={"patches": patch_encoder(), "head": patch_head()},
    )
