"""A masked training step over a dense one, against `torch.nn.utils.prune`: LeNet-5, MNIST-5k, batches of 64."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch
from torch.nn.utils import prune

from benchmarks.measurement import Measurement, medians, seconds
from nasbench_sparse.core.blueprint import Blueprint, Network, Prune, Recipe, Train
from nasbench_sparse.training.loop import Training
from nasbench_sparse.training.optimizers import build_optimizer
from nasbench_sparse.training.phases import prepare, set_up
from nasbench_sparse.training.repetition import Repetition

RECIPE = Recipe(learning_rate=0.01, momentum=0.9, weight_decay=5e-4)
DENSITY = 0.1


def measure(*, batches: int = 20, repetitions: int = 15) -> list[Measurement]:
    """Time the engine's own loop over `batches` batches; evaluation is left out."""
    torch.set_num_threads(1)
    trainings = [_training(1.0, batches), _training(DENSITY, batches), _pruned_by_peer(batches)]
    dense, masked, peer = medians(*(partial(_step, training) for training in trainings), repetitions=repetitions)
    what = f"one thread, SGD with momentum, density {DENSITY}, {batches} steps a turn; dense step {dense:.3g} ms"
    name = "masked step / dense step"
    return [Measurement(name, masked / dense, "x time", 1.05, "nn.utils.prune", peer / dense, what)]


def _training(density: float, batches: int) -> Training:
    blueprint = Blueprint(Network("lenet5"), (Prune("magnitude", (density,)), Train(1, RECIPE)))
    repetition = Repetition("mnist5k", 1, 0, 0)
    state, _ = prepare(blueprint, blueprint, repetition)
    training = set_up(blueprint, -1, state, repetition)
    return replace(training, order=lambda epoch: torch.arange(batches * RECIPE.batch_size))


def _pruned_by_peer(batches: int) -> Training:
    """Return a training that the engine takes for dense, whose layers carry the peer's masks in forward hooks."""
    training = _training(1.0, batches)
    for module in training.network.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            prune.l1_unstructured(module, "weight", amount=1.0 - DENSITY)  # type: ignore[no-untyped-call]
    return replace(training, optimizer=build_optimizer(RECIPE, training.network, training.masks))


def _step(training: Training) -> float:
    """Return milliseconds for each step."""
    steps = len(training.order(0)) / RECIPE.batch_size
    return 1e3 * seconds(partial(training._train, 0)) / steps
