"""The training loop of one phase on one fold.

Seconds are those of the training's own thread (it uses one), so that they do not grow on a busy machine; on a GPU,
where the thread waits, they are those of the clock. What measures take is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from time import perf_counter, thread_time

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from nasbench_sparse.core.blueprint import Recipe, Train
from nasbench_sparse.core.curve import NO_METRICS, CurvePoint
from nasbench_sparse.errors import TaskError
from nasbench_sparse.sparsity.masks import WeightMasks
from nasbench_sparse.training.batch_step import BatchStep
from nasbench_sparse.training.data import Split
from nasbench_sparse.training.losses import batch_loss, correct
from nasbench_sparse.training.measuring import due, measure
from nasbench_sparse.training.reading import Batch, Part, Parts, count, read
from nasbench_sparse.training.schedules import Progress, learning_rate
from nasbench_sparse.training.sparsifying import Sparsifier

Order = Callable[[int], Tensor]
Augment = Callable[[Tensor, torch.Generator], Tensor]


@dataclass(slots=True)
class Training:
    """A phase under way; everything a continuation needs is in `network`, `masks`, `optimizer` and `curve`.

    Args:
        train: the phase; its schedules run over its whole length.
        order: epoch (from 0) -> permutation of the training examples.
        sparsifier: changes the masks, where the phase says so.
        augment: changes the inputs of a batch, where the recipe says so.
        generator: name -> generator of the phase's own streams.
        save_at: steps, counted from 1, after which the network is kept in `saved`, with the names to keep it under.
        seconds: time spent so far, that of preparing the trial's own network included.
        curve: one point for each finished epoch; it ends where the training diverged.
    """

    network: nn.Module
    masks: WeightMasks
    optimizer: Optimizer
    train: Train
    data: Parts
    order: Order
    sparsifier: Sparsifier | None = None
    augment: Augment | None = None
    generator: Callable[[str], torch.Generator] = field(default=lambda name: torch.Generator())
    save_at: Mapping[int, str] = field(default_factory=dict)
    seconds: float = 0.0
    curve: list[CurvePoint] = field(default_factory=list)
    diverged: bool = False
    saved: dict[str, dict[str, Tensor]] = field(default_factory=dict)

    @property
    def recipe(self) -> Recipe:
        """The phase's recipe."""
        return self.train.recipe

    @property
    def epochs(self) -> int:
        """The whole phase's length, over which schedules run."""
        return self.train.epochs

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return steps_per_epoch(self.recipe, count(self.data.train))

    @property
    def split(self) -> Split:
        """The data, where they are in memory.

        Raises:
            TaskError: they are decoded batch by batch.
        """
        if not isinstance(self.data, Split):
            raise TaskError("this data set is decoded batch by batch, and its examples are wanted in memory")
        return self.data

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self.masks.weights[0].device

    def run(self, until: int) -> None:
        """Train up to `until` finished epochs, or until a loss is not finite."""
        while len(self.curve) < until and not self.diverged:
            clock = thread_time if self.device.type == "cpu" else perf_counter
            started = clock()
            point = self._epoch()
            self.seconds += clock() - started
            if point is None:
                self.diverged = True
            else:
                self.curve.append(point._replace(seconds=self.seconds, metrics=self._metrics()))

    def _metrics(self) -> Mapping[str, float]:
        """Take the measures of the epoch that just ended."""
        if not due(self.train, len(self.curve)):
            return NO_METRICS
        return measure(self.train, self.network, self.masks, self.data, self.device)

    def _epoch(self) -> CurvePoint | None:
        epoch = len(self.curve)
        train_loss = self._train(epoch)
        if not math.isfinite(train_loss):
            return None
        val_loss, val_accuracy = self._evaluate(self.data.val)
        test_loss, test_accuracy = self._evaluate(self.data.test)
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

    def _evaluate(self, part: Part) -> tuple[float, float]:
        return evaluate_on(self.network, read(part, self.recipe.evaluation_batch_size, device=self.device))

    def _train(self, epoch: int) -> float:
        """Return the mean loss over the epoch's batches; not finite as soon as one batch's is not."""
        losses = [point.val_loss for point in self.curve]
        self._set_rate(Progress(epoch, self.epochs, losses))
        self.network.train()
        steps, total, taken = self.steps, 0.0, 0
        with BatchStep(self.network, self.masks, self.optimizer, self.recipe) as take_step:
            for index, batches in enumerate(self._steps(epoch)):
                step = epoch * steps + index + 1
                if self.recipe.schedule_every == "step" and index:
                    self._set_rate(Progress(epoch + index / steps, self.epochs, losses))
                update = self.sparsifier if self.sparsifier is not None and self.sparsifier.due(step) else None
                value = take_step(batches, regrow=update is not None and update.replaces_step)
                if not math.isfinite(value):
                    return value
                if update is not None:
                    update.update(step, self.masks, self.optimizer)
                if step in self.save_at:
                    state = {
                        name: tensor.detach().clone().cpu() for name, tensor in self.network.state_dict().items()
                    }
                    self.saved[self.save_at[step]] = state
                total, taken = total + value, taken + 1
        return total / taken

    def _set_rate(self, progress: Progress) -> None:
        rate = learning_rate(self.recipe, progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def _steps(self, epoch: int) -> Iterator[list[Batch]]:
        """Yield the batches of each of an epoch's steps."""
        recipe = self.recipe
        examples = self.order(epoch)[: self.steps * recipe.accumulate * recipe.batch_size]
        generator = None if recipe.augmentation == "none" else self.generator(f"augmentation/{epoch}")
        batches = read(self.data.train, recipe.batch_size, examples, device=self.device, generator=generator)
        if self.augment is not None and generator is not None:
            batches = _augmented(batches, self.augment, generator)
        gathered: list[Batch] = []
        for batch in batches:
            gathered.append(batch)
            if len(gathered) == recipe.accumulate:
                yield gathered
                gathered = []
        if gathered:
            yield gathered


def steps_per_epoch(recipe: Recipe, examples: int) -> int:
    """Return the steps of an epoch over so many examples, at most what the recipe says."""
    whole = math.ceil(math.ceil(examples / recipe.batch_size) / recipe.accumulate)
    return whole if recipe.steps_per_epoch is None else min(whole, recipe.steps_per_epoch)


def _augmented(batches: Iterator[Batch], augment: Augment, generator: torch.Generator) -> Iterator[Batch]:
    return ((augment(x, generator), y) for x, y in batches)


def evaluate(network: nn.Module, inputs: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    """Return mean cross-entropy (nats) and accuracy over inputs (N, ...) and targets (N,), or (N, T) of texts."""
    return evaluate_on(network, read((inputs, labels), batch_size))


@torch.no_grad()
def evaluate_on(network: nn.Module, batches: Iterator[Batch]) -> tuple[float, float]:
    """Return mean cross-entropy (nats) and accuracy over batches of inputs and targets."""
    network.eval()
    loss, right, targets = 0.0, 0, 0
    for x, y in batches:
        logits = network(x)
        loss += batch_loss(logits, y, reduction="sum").item()
        right += correct(logits, y)
        targets += y.numel()
    return loss / targets, right / targets
