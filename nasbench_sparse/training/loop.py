"""The training loop of one phase on one fold.

Seconds are those of the training's own thread (it uses one), so that they do not grow on a busy machine; on a GPU,
where the thread waits, they are those of the clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter, thread_time

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer

from nasbench_sparse.core.blueprint import Recipe
from nasbench_sparse.core.curve import CurvePoint
from nasbench_sparse.sparsity.masks import WeightMasks
from nasbench_sparse.training.data import Split
from nasbench_sparse.training.schedules import Progress, learning_rate

Order = Callable[[int], Tensor]


@dataclass(slots=True)
class Training:
    """A phase under way; everything a continuation needs is in `network`, `optimizer` and `curve`.

    Args:
        epochs: the whole phase's length, over which the schedule runs.
        order: epoch (from 0) -> permutation of the training examples.
        seconds: time spent so far, that of preparing the trial's own network included.
        curve: one point for each finished epoch; it ends where the training diverged.
    """

    network: nn.Module
    masks: WeightMasks
    optimizer: Optimizer
    recipe: Recipe
    epochs: int
    data: Split
    order: Order
    seconds: float = 0.0
    curve: list[CurvePoint] = field(default_factory=list)
    diverged: bool = False

    def run(self, until: int) -> None:
        """Train up to `until` finished epochs, or until a loss is not finite."""
        while len(self.curve) < until and not self.diverged:
            clock = thread_time if self.data.train[0].device.type == "cpu" else perf_counter
            started = clock()
            point = self._epoch()
            self.seconds += clock() - started
            if point is None:
                self.diverged = True
            else:
                self.curve.append(point._replace(seconds=self.seconds))

    def _epoch(self) -> CurvePoint | None:
        epoch = len(self.curve)
        train_loss = self._train(epoch)
        if not math.isfinite(train_loss):
            return None
        val_loss, val_accuracy = evaluate(self.network, *self.data.val, self.recipe.evaluation_batch_size)
        test_loss, test_accuracy = evaluate(self.network, *self.data.test, self.recipe.evaluation_batch_size)
        if not math.isfinite(val_loss):  # never the test loss: the search would learn of it
            return None
        return CurvePoint(
            step=epoch + 1,
            train_loss=train_loss,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            test_loss=test_loss,
            test_accuracy=test_accuracy,
            density=self.masks.density,
            seconds=self.seconds,
        )

    def _train(self, epoch: int) -> float:
        """Return the mean loss over the epoch's batches; not finite as soon as one batch's is not."""
        progress = Progress(epoch, self.epochs, [point.val_loss for point in self.curve])
        rate = learning_rate(self.recipe, progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        inputs, labels = (part[self.order(epoch)] for part in self.data.train)
        batches = _batches(inputs, labels, self.recipe.batch_size)
        self.network.train()
        total = 0.0
        for x, y in batches:
            loss = cross_entropy(self.network(x), y)
            value = loss.item()
            if not math.isfinite(value):
                return value
            total += value
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.masks.mask_gradients()
            self.optimizer.step()
            self.masks.mask_weights()
        return total / len(batches)


@torch.no_grad()
def evaluate(network: nn.Module, inputs: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    """Return mean cross-entropy (nats) and accuracy over (N, ...) inputs and (N,) labels."""
    network.eval()
    loss, correct = 0.0, 0
    for x, y in _batches(inputs, labels, batch_size):
        logits = network(x)
        loss += cross_entropy(logits, y, reduction="sum").item()
        correct += int((logits.argmax(1) == y).sum())
    return loss / len(labels), correct / len(labels)


def _batches(inputs: Tensor, labels: Tensor, size: int) -> list[tuple[Tensor, Tensor]]:
    return list(zip(torch.split(inputs, size), torch.split(labels, size), strict=True))
