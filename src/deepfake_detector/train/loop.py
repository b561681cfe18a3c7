"""Trains one network on a store of views: AdamW, cosine rate, averaged weights, checkpoints that survive a stop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .targets import targets, weights
from .views import View
from .whole import written


@dataclass(frozen=True)
class Plan:
    """Hyper-parameters. mean, std: of the input scaled to [0, 1]. zoom: smallest side of a random crop, 1 for none."""

    steps: int
    batch: int = 32
    rate: float = 1e-3
    decay: float = 0.02
    warmup: int = 50
    average: float = 0.97
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    zoom: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Watch:
    """Early stopping. loss: of a network on pictures it does not learn from; every: steps between two looks at it.

    Where ``patience`` looks in a row find no smaller loss, training ends. The weights of the smallest loss are kept.
    """

    loss: Callable[[nn.Module], float]
    every: int = 40
    patience: int = 3


@dataclass
class _Best:
    """The smallest loss a ``Watch`` has seen, the weights that had it, and how many looks it is since."""

    loss: float = math.inf
    weights: dict[str, Tensor] | None = None
    since: int = 0

    def look(self, loss: float, network: nn.Module) -> None:
        self.since += 1
        if loss < self.loss:
            weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
            self.loss, self.weights, self.since = loss, weights, 0


def as_input(pixels: np.ndarray, plan: Plan) -> Tensor:
    """uint8 (N, H, W, 3) -> normalised float32 (N, 3, H, W)."""
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div_(255)
    return ((x - torch.tensor(plan.mean)[:, None, None]) / torch.tensor(plan.std)[:, None, None]).contiguous()


def _varied(pixels: np.ndarray, plan: Plan, rng: np.random.Generator) -> Tensor:
    """Mirrored, and cropped a little, at random."""
    x = as_input(pixels, plan)
    flips = torch.from_numpy(rng.random(len(x)) < 0.5)
    x[flips] = x[flips].flip(3)
    if plan.zoom < 1:
        side = x.shape[-1]
        for i in range(len(x)):
            if rng.random() < 0.5:
                size = int(side * rng.uniform(plan.zoom, 1))
                top, left = rng.integers(0, side - size + 1, 2)
                part = x[i : i + 1, :, top : top + size, left : left + size]
                x[i] = functional.interpolate(part, size=(side, side), mode="bilinear", align_corners=False)[0]
    return x


def train(
    network: nn.Module,
    pixels: np.ndarray,
    views: Sequence[View],
    chosen: np.ndarray,
    plan: Plan,
    checkpoint: Path,
    report: Callable[[nn.Module, int], str] | None = None,
    every: int = 100,
    device: str | None = None,
    watch: Watch | None = None,
) -> nn.Module:
    """Train on the views numbered by ``chosen``; returns the network with averaged weights, on the CPU, in eval mode.

    report, every: said of the averaged network after every so many steps. watch: stops early; None never does.
    device: "cpu" or "cuda"; None takes CUDA where it is available. Arithmetic is bfloat16 where the device has it.
    Goes on from ``checkpoint`` where there is one. The same seed gives the same batches, stopped or not.
    """
    place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    half = torch.float16 if place.type == "cuda" and not torch.cuda.is_bf16_supported() else torch.bfloat16
    scaler = torch.amp.GradScaler(place.type, enabled=half == torch.float16)  # float16 alone underflows
    network.to(place)
    chosen = np.sort(chosen)
    selected = [views[i] for i in chosen]
    labels, mask = (torch.from_numpy(a).to(place) for a in targets(selected))
    chances = weights(selected)
    optimizer = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=plan.decay)
    averaged = torch.optim.swa_utils.AveragedModel(
        network,
        multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(plan.average),  # type: ignore[no-untyped-call]
        use_buffers=True,
    )
    best, every = _Best(), watch.every if watch else every
    first = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=place, weights_only=True)
        network.load_state_dict(state["network"])
        averaged.load_state_dict(state["averaged"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["step"]
        scaler.load_state_dict(state.get("scaler", {}))
        best = _Best(**state.get("best", {}))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.train()
    begun, losses = time.monotonic(), []
    for step in range(first, plan.steps):
        if watch and best.since >= watch.patience:
            print(f"stopped at step {step}: no better for {watch.patience * every} steps", flush=True)
            break
        rng = np.random.default_rng([plan.seed, step])
        torch.manual_seed(plan.seed * 1_000_003 + step)  # dropout
        batch = rng.choice(len(chosen), plan.batch, p=chances)
        x = _varied(np.stack([pixels[i] for i in chosen[batch]]), plan, rng)
        x = x.to(place, memory_format=torch.channels_last)
        rate = plan.rate * min(1.0, (step + 1) / plan.warmup) * (0.5 + 0.5 * math.cos(math.pi * step / plan.steps))
        for group in optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast(place.type, half):
            logits = network(x).float()
        smooth = labels[batch] * 0.96 + 0.02
        loss = functional.binary_cross_entropy_with_logits(logits, smooth, reduction="none")
        loss = (loss * mask[batch]).sum() / mask[batch].sum()
        optimizer.zero_grad()
        scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        scaler.step(optimizer)
        scaler.update()
        averaged.update_parameters(network)
        losses.append(loss.item())
        if (step + 1) % every == 0 or step + 1 == plan.steps:
            if watch:
                best.look(watch.loss(averaged.module.eval()), averaged)
            state = {"network": network.state_dict(), "averaged": averaged.state_dict(), "best": vars(best)}
            state |= {"optimizer": optimizer.state_dict(), "scaler": scaler.state_dict(), "step": step + 1}
            with written(checkpoint) as partial:
                torch.save(state, partial)
            pace = (time.monotonic() - begun) / (step + 1 - first)
            said = report(averaged.module.eval(), step + 1) if report else ""
            left = pace * (plan.steps - step - 1) / 60
            mean = np.mean(losses[-every:])
            print(f"step {step + 1}/{plan.steps} loss {mean:.4f} {left:.1f} min left {said}", flush=True)
    if best.weights is not None:
        averaged.load_state_dict(best.weights)
    return averaged.module.eval().cpu()


@torch.inference_mode()
def logits_of(network: nn.Module, pixels: np.ndarray, chosen: np.ndarray, plan: Plan) -> np.ndarray:
    """float32 (n, 4) logits of the views numbered by ``chosen``."""
    place = next(network.parameters()).device
    parts = [
        network(as_input(np.stack([pixels[i] for i in chosen[at : at + 64]]), plan).to(place)).cpu().numpy()
        for at in range(0, len(chosen), 64)
    ]
    return np.concatenate(parts)
