"""One step of the weights on one or several batches, pruned weights left at zero."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from nasbench_sparse.core.blueprint import Recipe
from nasbench_sparse.sparsity.masks import WeightMasks
from nasbench_sparse.training.losses import batch_loss
from nasbench_sparse.training.penalty import penalty_of, site_outputs


class BatchStep(AbstractContextManager["BatchStep"]):
    """Takes steps while it is entered; activations are watched where the recipe has a penalty on them."""

    def __init__(self, network: nn.Module, masks: WeightMasks, optimizer: Optimizer, recipe: Recipe) -> None:
        self.network, self.masks, self.optimizer, self.recipe = network, masks, optimizer, recipe
        self._clipped = [p for group in optimizer.param_groups for p in group["params"]]
        self._stack = ExitStack()
        self._outputs: list[Tensor] = []

    def __enter__(self) -> BatchStep:
        if self.recipe.penalty is not None:
            self._outputs = self._stack.enter_context(site_outputs(self.network))
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def __call__(self, batches: Sequence[tuple[Tensor, Tensor]], *, regrow: bool = False) -> float:
        """Return the mean loss before the step, penalties left out; where it is not finite no step is taken.

        Args:
            batches: inputs and targets of those whose mean gradient makes the step.
            regrow: only leave the dense gradient in the weights' `.grad`, for masks to change.
        """
        self.optimizer.zero_grad()
        total = 0.0
        for x, y in batches:
            loss = batch_loss(self.network(x), y, self.recipe.label_smoothing)
            value = loss.item()
            if self.recipe.penalty is not None:
                loss = loss + penalty_of(self.recipe.penalty, self._outputs)
                self._outputs.clear()
            if not math.isfinite(value):
                return value
            total += value
            (loss if len(batches) == 1 else loss / len(batches)).backward()  # type: ignore[no-untyped-call]
        if regrow:
            return total / len(batches)
        self.masks.mask_gradients()
        if self.recipe.gradient_clip is not None:
            torch.nn.utils.clip_grad_norm_(self._clipped, self.recipe.gradient_clip)
        self.optimizer.step()
        self.masks.mask_weights()
        return total / len(batches)
