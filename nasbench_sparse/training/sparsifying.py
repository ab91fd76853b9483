"""Sparsification of a network while it trains: when masks change, and to what.

Masks are a pure function of weights, gradients and step, so that a checkpoint needs nothing beyond the masks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from nasbench_sparse.core.sparsify import Regrow, Sigmoid, Sparsify
from nasbench_sparse.sparsity.distributions import distribute
from nasbench_sparse.sparsity.masks import WeightMasks
from nasbench_sparse.sparsity.regrowth import rigl, set_
from nasbench_sparse.sparsity.schedules import cosine_fraction, cubic_density, sigmoid_density

Stream = Callable[[str], np.random.Generator]


@dataclass(frozen=True, slots=True)
class Sparsifier:
    """A sparsification at work in one training.

    Args:
        names: of the prunable layers.
        epochs: of the whole training.
        steps: of an epoch.
        stream: gives a generator by its name.
    """

    schedule: Sparsify
    names: tuple[str, ...]
    epochs: int
    steps: int
    stream: Stream

    def due(self, step: int) -> bool:
        """Whether masks change at a step, counted from 1 over the whole training."""
        if isinstance(self.schedule, Sigmoid):
            return step % self.steps == 0
        scale, begin, end = self._bounds()
        started = step >= begin and (step - begin) % (self.schedule.frequency * scale) == 0
        return started and (step < end if isinstance(self.schedule, Regrow) else step <= end)

    @property
    def replaces_step(self) -> bool:
        """Whether masks change in place of a weight update, from the dense gradient: RigL."""
        return isinstance(self.schedule, Regrow) and self.schedule.method == "rigl"

    def update(self, step: int, masks: WeightMasks, optimizer: Optimizer) -> None:
        """Change the masks; the optimizer's state of weights that were not alive before and after becomes zero."""
        replace_masks(masks, self._next(step, masks), optimizer)

    def _next(self, step: int, masks: WeightMasks) -> Sequence[Tensor]:
        """Return the next masks, found on the processor: selection is not deterministic elsewhere."""
        schedule, before = self.schedule, [mask.cpu() for mask in masks.masks]
        weights = [weight.detach().cpu() for weight in masks.weights]
        if isinstance(schedule, Regrow):
            gradients = [_gradient(weight) for weight in masks.weights]
            return self._regrown(schedule, step, weights, before, gradients)
        scores = [weight.abs() for weight in weights]
        if isinstance(schedule, Sigmoid):
            epoch = step // self.steps
            density = sigmoid_density(epoch, self.epochs, schedule.alpha, schedule.beta, schedule.gamma)
            return distribute("global", scores, before, min(density, masks.density))
        _, begin, end = self._bounds()
        density = cubic_density(step, begin, end, schedule.density, schedule.initial)
        return distribute(schedule.distribution, scores, before, min(density, masks.density))

    def _regrown(
        self,
        schedule: Regrow,
        step: int,
        weights: Sequence[Tensor],
        masks: Sequence[Tensor],
        gradients: Sequence[Tensor],
    ) -> Sequence[Tensor]:
        if schedule.method == "set":
            layers = list(zip(self.names, weights, strict=True))
            return set_(layers, masks, lambda layer: self.stream(f"{step}/{layer}"), schedule.fraction)
        fraction = cosine_fraction(step, self._bounds()[2], schedule.fraction)
        return rigl(weights, masks, gradients, fraction)

    def _bounds(self) -> tuple[int, int, int]:
        """Steps of the schedule's unit, and its begin and end in steps."""
        schedule = self.schedule
        assert not isinstance(schedule, Sigmoid)
        scale = self.steps if schedule.unit == "epochs" else 1
        end = self.epochs * self.steps if schedule.end is None else schedule.end * scale
        return scale, schedule.begin * scale, end


def _gradient(weight: Tensor) -> Tensor:
    return torch.zeros_like(weight, device="cpu") if weight.grad is None else weight.grad.cpu()


@torch.no_grad()
def replace_masks(masks: WeightMasks, chosen: Sequence[Tensor], optimizer: Optimizer) -> None:
    """Put other masks in place, and clear the optimizer's state of weights not alive both before and now."""
    before = masks.masks
    masks.replace([new.to(old.device) for new, old in zip(chosen, before, strict=True)])
    for weight, old, new in zip(masks.weights, before, masks.masks, strict=True):
        for value in optimizer.state.get(weight, {}).values():
            if isinstance(value, Tensor) and value.shape == weight.shape:
                value.masked_fill_(~(old & new), 0.0)
