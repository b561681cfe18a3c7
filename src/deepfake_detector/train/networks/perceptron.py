"""Trains a ``perceptron.Perceptron``: rows drawn by weight, dropout, AdamW (arXiv 1711.05101), one cycle.

It is held steady as linear voices are (``heads``), between two views of one picture; both are asked without dropout,
whose noise would otherwise be held small instead.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ...types import Floats
from ..perceptron import Layers, Plan


class _Network(nn.Module):
    """Float (N, n, width) -> logits (N,)."""

    def __init__(self, count: int, width: int, plan: Plan) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.randn(count, width, plan.alone) / width**0.5)
        self.first_bias = nn.Parameter(torch.zeros(count, plan.alone))
        self.second = nn.Linear(count * plan.alone, plan.together)
        self.third = nn.Linear(plan.together, 1)
        self.dropout = nn.Dropout(plan.dropped)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        alone = functional.relu(torch.einsum("bnw,nwh->bnh", x, self.first) + self.first_bias)
        together = functional.relu(self.second(self.dropout(alone).flatten(1)))
        logits: Tensor = self.third(self.dropout(together))[:, 0]
        return logits


def trained(
    read: Floats,
    labels: np.ndarray,
    importance: np.ndarray,
    width: int,
    plan: Plan,
    pairs: np.ndarray,
    steady: float,
) -> Layers:
    """Layers for standardised statistics ``read``, float32 (N, n * width).

    labels: 0 or 1, (N,). importance: float (N,), not all 0: how often a row is drawn, never where it is 0. pairs: int
    (k, 2), rows of two views of one picture; steady: how much half the mean square of the logit's difference between
    them counts, where the loss of a row drawn counts 1. One thread and one seed: the same again on one machine; torch's
    own random state and threads stay as they were.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(plan.seed)
            network = _trained(read, labels, importance, width, plan, pairs, steady)
    finally:
        torch.set_num_threads(threads)
    arrays = {
        "first": network.first,
        "first_bias": network.first_bias,
        "second": network.second.weight.T,
        "second_bias": network.second.bias,
        "third": network.third.weight.T,
        "third_bias": network.third.bias,
    }
    return Layers(**{name: np.ascontiguousarray(tensor.detach().numpy()) for name, tensor in arrays.items()})


def _trained(
    read: Floats,
    labels: np.ndarray,
    importance: np.ndarray,
    width: int,
    plan: Plan,
    pairs: np.ndarray,
    steady: float,
) -> _Network:
    drawn = np.random.default_rng(plan.seed)
    share = importance / importance.sum()
    network = _Network(read.shape[1] // width, width, plan)
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=plan.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, plan.rate, total_steps=plan.steps)

    def given(rows: np.ndarray) -> Tensor:
        return torch.from_numpy(read[rows]).reshape(len(rows), -1, width)

    for _ in range(plan.steps):
        rows = drawn.choice(len(read), plan.batch, p=share)
        wanted = torch.from_numpy(labels[rows].astype(np.float32)).clamp(plan.smooth, 1 - plan.smooth)
        said = network(functional.dropout(given(rows), plan.unread))
        loss = functional.binary_cross_entropy_with_logits(said, wanted)
        if steady and len(pairs):
            both = pairs[drawn.integers(len(pairs), size=plan.pairs)]
            network.eval()
            moves = network(given(both[:, 0])) - network(given(both[:, 1]))
            network.train()
            loss = loss + steady / 2 * moves.square().mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return network.eval()
