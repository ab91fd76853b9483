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


def measure(*, batches: int = 20, repetitions: int = 41) -> list[Measurement]:
    """Time the engine's own loop over `batches` batches; evaluation is left out.

    The ratio is taken within each turn: medians of steps taken apart once showed masking to be free, while other
    processes came and went.
    """
    torch.set_num_threads(1)
    dense, masked, peer = _training(1.0, batches), _training(DENSITY, batches), _pruned_by_peer(batches)
    ours, theirs, again, milliseconds = medians(
        partial(_ratio, masked, dense),
        partial(_ratio, peer, dense),
        partial(_ratio, dense, dense),
        partial(_step, dense),
        repetitions=repetitions,
    )
    what = (
        f"one thread, SGD with momentum, density {DENSITY}, {batches} steps a turn; "
        f"dense step {milliseconds:.3g} ms, dense over dense {again:.3f}"
    )
    return [Measurement("masked step / dense step", ours, "x time", 1.05, "nn.utils.prune", theirs, what)]


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


def _ratio(training: Training, dense: Training) -> float:
    """Return the time of a step over that of a dense one right after it."""
    return _step(training) / _step(dense)
