"""A masked training step over a dense one, against `torch.nn.utils.prune`: LeNet-5, MNIST-5k, batches of 64."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch
from torch.nn.utils import prune

from benchmarks.measurement import Measurement, medians, seconds
from nasbench_sparse.core.blueprint import Blueprint, Network, Prune, Recipe, Train
from nasbench_sparse.nn.networks import prunable_layers
from nasbench_sparse.training.loop import Training
from nasbench_sparse.training.phases import prepare, set_up
from nasbench_sparse.training.repetition import Repetition

RECIPE = Recipe(learning_rate=0.01, momentum=0.9, weight_decay=5e-4)


def measure(*, batches: int = 20, repetitions: int = 15) -> list[Measurement]:
    """Time epochs of `batches` steps by the engine's own loop; evaluation is left out."""
    torch.set_num_threads(1)
    trainings = [_training(1.0, batches), _training(0.1, batches), _pruned_by_peer(batches)]
    dense, masked, peer = medians(*(partial(_step, training) for training in trainings), repetitions=repetitions)
    what = f"one thread, {batches} steps a turn, SGD with momentum, density 0.1; the dense step took {1e3 * dense:.2f} ms"
    return [
        Measurement(
            "masked step / dense step", masked / dense, "x time", 1.05, "nn.utils.prune", peer / dense, what
        )
    ]


def _training(density: float, batches: int) -> Training:
    phases = (Prune("magnitude", (density,)), Train(1, RECIPE))
    blueprint = Blueprint(Network("lenet5"), phases)
    repetition = Repetition("mnist5k", 1, 0, 0)
    state, _ = prepare(blueprint, blueprint, repetition)
    training = set_up(blueprint, -1, state, repetition)
    inputs, labels = training.data.train
    count = batches * RECIPE.batch_size
    short = replace(training.data, train=(inputs[:count], labels[:count]))
    return replace(training, data=short, order=lambda epoch: torch.arange(min(count, len(labels))))


def _pruned_by_peer(batches: int) -> Training:
    """Return a dense training whose layers carry the peer's masks, applied in a hook before each forward pass."""
    training = _training(1.0, batches)
    for module in training.network.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            prune.l1_unstructured(module, "weight", amount=0.9)
    assert prunable_layers  # the engine masks the same layers
    training.optimizer = torch.optim.SGD(
        training.network.parameters(),
        lr=RECIPE.learning_rate,
        momentum=RECIPE.momentum,
        weight_decay=RECIPE.weight_decay,
    )
    return training


def _step(training: Training) -> float:
    """Return the seconds of one step, in the mean of a shortened epoch."""
    steps = len(training.order(0)) / training.recipe.batch_size
    return seconds(lambda: training._train(0)) / steps
