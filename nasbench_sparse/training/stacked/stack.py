"""The training loop of a stack: K slots, each a training with its own config, replicate, fold and length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from time import thread_time

import torch
from torch import Tensor, nn

from nasbench_sparse.core.blueprint import Activation
from nasbench_sparse.core.curve import CurvePoint
from nasbench_sparse.nn.sites import sites_of
from nasbench_sparse.training.loop import Training
from nasbench_sparse.training.schedules import Progress, learning_rate
from nasbench_sparse.training.stacked.data import Examples, evaluation_batches
from nasbench_sparse.training.stacked.loss import loss_and_gradient, loss_and_hits
from nasbench_sparse.training.stacked.network import Layer, StackedMLP
from nasbench_sparse.training.stacked.norm import StackedNorm
from nasbench_sparse.training.stacked.optimizers import Run, runs
from nasbench_sparse.training.stacked.parameters import Parameters, allocate
from nasbench_sparse.training.stacked.site import Site

EVALUATED = 128
"""Most examples that are evaluated at once: K times their activations should stay in the cache."""


class Stack:
    """Trainings that share everything but activations, recipe, weights, masks and order of the examples.

    Each advances by an epoch at a time until it has reached its own fidelity or its loss is not finite; then its
    row is written back and set to zero, so that it costs little and disturbs nobody. The products always have K
    slots of the same shape: bits depend neither on a slot's place nor on what the others hold.

    Args:
        size: K; slots without a training are padding.
        trainings: at most K, which share batch sizes, the number of epochs and the network's options.
        activations: one for each site, for each training.
        until: how many epochs each is to have done in the end.
    """

    def __init__(
        self,
        size: int,
        trainings: Sequence[Training],
        activations: Sequence[tuple[Activation, ...]],
        until: Sequence[int],
    ) -> None:
        ranked = sorted(range(len(trainings)), key=lambda i: (trainings[i].recipe.optimizer, str(activations[i])))
        self._size = size
        self._trainings = [trainings[i] for i in ranked]
        self._activations = [activations[i] for i in ranked]
        self._until = [until[i] for i in ranked]
        self._recipe = trainings[0].recipe
        splits = [t.split for t in self._trainings] + [trainings[0].split] * (size - len(trainings))
        self._examples = Examples.gather([split.train for split in splits])
        self._batches, self._val_batches = evaluation_batches(
            splits, min(EVALUATED, self._recipe.evaluation_batch_size)
        )
        self._test_count = len(trainings[0].split.test[1])
        self._val_count = len(trainings[0].split.val[1])
        self._steps = -(-self._examples.count // self._recipe.batch_size)
        self._parameters = allocate(size, self._trainings)
        self._network = _network(size, self._parameters, self._trainings)
        self._live: list[int] = []
        for row, training in enumerate(self._trainings):
            if len(training.curve) < self._until[row] and not training.diverged:
                self._parameters.load(row, training)
                self._live.append(row)
        self._seat()

    def run(self) -> None:
        """Train all slots to their ends, one epoch at a time; each is charged the K-th part of the time."""
        while self._live:
            started = thread_time()
            points = self._epoch()
            seconds = (thread_time() - started) / self._size
            for row, point in points.items():
                training = self._trainings[row]
                training.seconds += seconds
                if point is None:
                    training.diverged = True
                else:
                    training.curve.append(point._replace(seconds=training.seconds))
            self._retire()

    def _retire(self) -> None:
        """Take leave of the slots that are done."""
        done = [
            r for r in self._live if self._trainings[r].diverged or len(self._trainings[r].curve) >= self._until[r]
        ]
        for row in done:
            self._save(row)
            self._live.remove(row)
        if done:
            self._seat()

    def _save(self, row: int) -> None:
        training = self._trainings[row]
        self._parameters.save(row, training)
        for state in training.optimizer.state.values():
            state["step"] = torch.tensor(float(self._steps * len(training.curve)))
        for norm, module in zip(self._network.norms, _norms(training), strict=True):
            module.get_buffer("running_mean").copy_(norm.mean[row])
            module.get_buffer("running_var").copy_(norm.variance[row])
        self._parameters.clear(row)

    def _seat(self) -> None:
        """Arrange the sites for the slots that are live."""
        live = set(self._live)
        count = len(self._trainings)
        rows = [row if row in live else None for row in range(count)] + [None] * (self._size - count)
        modules = [None if row is None else list(sites_of(self._trainings[row].network).values()) for row in rows]
        self._network.sites = [
            Site(
                [None if row is None else self._activations[row][i] for row in rows],
                [None if own is None else own[i] for own in modules],
                columns,
                self._parameters.activations,
            )
            for i, columns in enumerate(self._parameters.columns)
        ]

    def _epoch(self) -> dict[int, CurvePoint | None]:
        """Train and evaluate for an epoch; return each live slot's point, None where it diverged."""
        train_losses = self._train()
        losses, hits = self._evaluate()
        points: dict[int, CurvePoint | None] = {}
        for row in self._live:
            training = self._trainings[row]
            if not (math.isfinite(train_losses[row]) and math.isfinite(losses[0][row])):
                points[row] = None  # never for the test loss: the search would learn of it
                continue
            points[row] = CurvePoint(
                step=len(training.curve) + 1,
                train_loss=train_losses[row],
                val_loss=losses[0][row],
                val_accuracy=hits[0][row],
                test_loss=losses[1][row],
                test_accuracy=hits[1][row],
                density=training.masks.density,
                seconds=training.seconds,
            )
        return points

    def _train(self) -> list[float]:
        """Return each slot's mean loss over the epoch's batches."""
        updates = self._updates()
        total = torch.zeros(self._size, dtype=torch.float64)
        for batch in self._examples.batches(self._order(), self._recipe.batch_size):
            logits = self._network.forward(batch.inputs, batch.real, learn=True)
            losses, gradient = loss_and_gradient(logits, batch)
            total += losses
            self._network.backward(gradient, batch.real)
            for update in updates:
                update.step(self._parameters.weights, self._parameters.activations)
        found: list[float] = (total / self._steps).tolist()
        return found

    def _updates(self) -> list[Run]:
        rates, steps = [0.0] * self._size, [0] * self._size
        recipes = [
            self._trainings[row].recipe if row in self._live else None for row in range(len(self._trainings))
        ]
        for row in self._live:
            training = self._trainings[row]
            done = [point.val_loss for point in training.curve]
            rates[row] = learning_rate(training.recipe, Progress(len(done), training.epochs, done))
            steps[row] = self._steps * len(done)
        return runs(recipes, rates, steps)

    def _order(self) -> Tensor:
        """Return the order of the examples in this epoch, (K, examples)."""
        orders = {row: self._trainings[row].order(len(self._trainings[row].curve)) for row in self._live}
        first = orders[self._live[0]]
        return torch.stack([orders.get(row, first) for row in range(self._size)])

    def _evaluate(self) -> tuple[list[list[float]], list[list[float]]]:
        """Return the losses and the accuracies of all slots in validation and test."""
        losses = torch.zeros(2, self._size, dtype=torch.float64)
        hits = torch.zeros(2, self._size, dtype=torch.float64)
        for number, batch in enumerate(self._batches):
            part = int(number >= self._val_batches)
            loss, right = loss_and_hits(self._network.forward(batch.inputs, batch.real, learn=False), batch)
            losses[part] += loss
            hits[part] += right
        counts = torch.tensor([[self._val_count], [self._test_count]])
        return (losses / counts).tolist(), (hits / counts).tolist()


def _norms(training: Training) -> list[nn.Module]:
    return [module for module in training.network.modules() if isinstance(module, nn.BatchNorm1d)]


def _network(size: int, parameters: Parameters, trainings: Sequence[Training]) -> StackedMLP:
    """Return the network of a stack, whose tensors are views of its parameters; the sites are not yet there."""
    network, block = trainings[0].network, parameters.weights
    shapes = {name: p.shape for name, p in network.named_parameters()}

    def view(matrix: Tensor, name: str) -> Tensor:
        start, shape = parameters.starts[name], shapes[name]
        columns: Tensor = matrix[:, start : start + shape.numel()]
        return columns.view(size, *shape)

    layers = []
    for i in range(len(sites_of(network)) + 1):
        weight, bias = f"layers.{i}.weight", f"layers.{i}.bias"
        mask = torch.zeros(size, *shapes[weight])
        for row, training in enumerate(trainings):
            mask[row] = training.masks.masks[i]
        values = view(block.values, weight), view(block.values, bias)
        gradients = view(block.gradients, weight), view(block.gradients, bias)
        layers.append(Layer(*values, *gradients, mask))
    norms = []
    for i in range(len(_norms(trainings[0]))):
        scale, shift = f"norms.{i}.weight", f"norms.{i}.bias"
        values = view(block.values, scale), view(block.values, shift)
        gradients = view(block.gradients, scale), view(block.gradients, shift)
        mean, variance = torch.zeros(size, *shapes[scale]), torch.zeros(size, *shapes[scale])
        for row, training in enumerate(trainings):
            module = _norms(training)[i]
            mean[row] = module.get_buffer("running_mean")
            variance[row] = module.get_buffer("running_var")
        norms.append(StackedNorm(*values, *gradients, mean, variance))
    return StackedMLP(layers, norms, [], bool(getattr(network, "skip", False)))
