"""A trained torch network -> ONNX: weights stored in 8 or 16 bits, computed in float32, checked against torch."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

FLOAT = TensorProto.FLOAT
SMALL = 64
"""Tensors with fewer values are kept as they are."""
LARGE = 16384
"""Tensors with fewer values are kept in 16 bits: they take no room, and a filter of few values needs them all."""


def export(
    network: nn.Module, probes: Mapping[str, Tensor], optional: str | None = None, tolerance: float = 1e-3
) -> bytes:
    """ONNX bytes: inputs as ``probes`` names them, of these shapes with any number of rows; output ``logits``.

    optional: an input that need not be given; its default is all ones.
    The network's own weights are rounded first, large ones to 8 bits with a scale for each output (as in Jacob et al.
    2018, arXiv 1712.05877; the arithmetic stays float), the rest to float16, so that torch and ONNX must agree. Raises
    ValueError where they differ by more than ``tolerance`` in any logit of the probes.
    """
    network = network.eval()
    with torch.no_grad():
        for tensor in [*network.parameters(), *network.buffers()]:
            if tensor.is_floating_point() and tensor.numel() >= SMALL:
                values = tensor.numpy()
                if values.size >= LARGE:
                    eighth, scale = in_eight_bits(values)
                    tensor.copy_(torch.from_numpy(eighth * scale))
                else:
                    tensor.copy_(tensor.half().float())
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        warnings.simplefilter("ignore")  # the older exporter, chosen for its plain graphs, is deprecated and talkative
        torch.onnx.export(
            network,
            tuple(probes.values()),
            str(path),
            input_names=list(probes),
            output_names=["logits"],
            dynamic_axes={name: {0: f"N_{name}" if name == optional else "N"} for name in [*probes, "logits"]},
            opset_version=17,
            dynamo=False,
            do_constant_folding=False,
        )
        data = compact(onnx.load(str(path)))
    if optional is not None:
        data = _with_default(data, optional, probes[optional])
    with torch.inference_mode():
        expected = network(*probes.values()).numpy()
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    found = session.run(None, {name: probe.numpy() for name, probe in probes.items()})[0]
    worst = float(np.abs(found - expected).max())
    if worst > tolerance:
        raise ValueError(f"the exported graph differs from torch by {worst:.2g} in a logit (allowed: {tolerance})")
    return data


def pictures(side: int) -> dict[str, Tensor]:
    """Four random pictures, to export a network on pixels with."""
    return {"pixels": torch.randn(4, 3, side, side, generator=torch.Generator().manual_seed(0)) / 2}


def _with_default(data: bytes, name: str, probe: Tensor) -> bytes:
    """An input that is an initialiser too may be left out of a call (ONNX since IR version 4)."""
    model = onnx.load_from_string(data)
    ones = np.ones((1, *probe.shape[1:]), np.float32)
    model.graph.initializer.append(numpy_helper.from_array(ones, name))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def in_eight_bits(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float32 (outputs, ...) -> int8 of the same shape, and its scale float32 (outputs, 1, ...).

    What was rounded so once stays as it is: the largest value of an output is always 127 steps.
    """
    largest = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True)
    scale = np.maximum(largest / np.float32(127), np.float32(1e-12)).astype(np.float32)
    return np.rint(values / scale).astype(np.int8), scale


def compact(model: onnx.ModelProto) -> bytes:
    """Keep float weights in 8 bits where they are ``LARGE``, else in 16, made float again in front of their use.

    ONNX Runtime folds these steps away on loading.
    """
    graph = model.graph
    steps, kept = [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < SMALL:
            kept.append(tensor)
        elif values.size >= LARGE:
            eighth, scale = in_eight_bits(values)
            parts = {f"{tensor.name}.eighth": eighth, f"{tensor.name}.scale": scale}
            kept += [numpy_helper.from_array(part, name) for name, part in parts.items()]
            steps.append(helper.make_node("Cast", [f"{tensor.name}.eighth"], [f"{tensor.name}.steps"], to=FLOAT))
            steps.append(helper.make_node("Mul", [f"{tensor.name}.steps", f"{tensor.name}.scale"], [tensor.name]))
        else:
            kept.append(numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}.half"))
            steps.append(helper.make_node("Cast", [f"{tensor.name}.half"], [tensor.name], to=FLOAT))
    nodes = list(graph.node)
    del graph.initializer[:]
    del graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend([*steps, *nodes])
    model.ir_version = 9
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
