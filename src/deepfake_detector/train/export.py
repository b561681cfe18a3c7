"""A trained torch network -> ONNX: weights stored in 8 or 16 bits, computed in float32, checked against torch."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

FLOAT = TensorProto.FLOAT
SMALL = 64
"""Tensors with fewer values are kept as they are."""
LARGE = 16384
"""Tensors with fewer values are kept in 16 bits: they take no room, and a filter of few values needs them all."""


def export(network: nn.Module, side: int, tolerance: float = 1e-3) -> bytes:
    """ONNX bytes, input ``pixels`` (N, 3, side, side), output ``logits``.

    The network's own weights are rounded first, large ones to 8 bits with a scale for each output (as in Jacob et al.
    2018, arXiv 1712.05877; the arithmetic stays float), the rest to float16, so that torch and ONNX must agree. Raises
    ValueError where they differ by more than ``tolerance`` in any logit of four random pictures.
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
    probe = torch.randn(4, 3, side, side, generator=torch.Generator().manual_seed(0)) / 2
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        warnings.simplefilter("ignore")  # the older exporter, chosen for its plain graphs, is deprecated and talkative
        torch.onnx.export(
            network,
            (probe,),
            str(path),
            input_names=["pixels"],
            output_names=["logits"],
            dynamic_axes={"pixels": {0: "N"}, "logits": {0: "N"}},
            opset_version=17,
            dynamo=False,
            do_constant_folding=False,
        )
        data = compact(onnx.load(str(path)))
    with torch.inference_mode():
        expected = network(probe).numpy()
    session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
    worst = float(np.abs(session.run(None, {"pixels": probe.numpy()})[0] - expected).max())
    if worst > tolerance:
        raise ValueError(f"the exported graph differs from torch by {worst:.2g} in a logit (allowed: {tolerance})")
    return data


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
