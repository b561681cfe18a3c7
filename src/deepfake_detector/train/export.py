"""A trained torch network -> ONNX with weights stored as float16, computed in float32, and checked against torch."""

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


def export(network: nn.Module, side: int, tolerance: float = 1e-3) -> bytes:
    """ONNX bytes, input ``pixels`` (N, 3, side, side), output ``logits``.

    The network's own weights are rounded to float16 first, so that torch and ONNX must agree. Raises ValueError where
    they differ by more than ``tolerance`` in any logit of four random pictures.
    """
    network = network.eval()
    with torch.no_grad():
        for tensor in [*network.parameters(), *network.buffers()]:
            if tensor.is_floating_point() and tensor.numel() >= 64:
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
        data = _half_storage(onnx.load(str(path)))
    with torch.inference_mode():
        expected = network(probe).numpy()
    session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
    worst = float(np.abs(session.run(None, {"pixels": probe.numpy()})[0] - expected).max())
    if worst > tolerance:
        raise ValueError(f"the exported graph differs from torch by {worst:.2g} in a logit (allowed: {tolerance})")
    return data


def _half_storage(model: onnx.ModelProto) -> bytes:
    """Keep every larger float weight as float16, with a Cast in front of its use (folded away on loading)."""
    graph = model.graph
    casts, kept = [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size >= 64:
            half = f"{tensor.name}.half"
            kept.append(numpy_helper.from_array(values.astype(np.float16), half))
            casts.append(helper.make_node("Cast", [half], [tensor.name], to=TensorProto.FLOAT))
        else:
            kept.append(tensor)
    nodes = list(graph.node)
    del graph.initializer[:]
    del graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend([*casts, *nodes])
    model.ir_version = 9
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
