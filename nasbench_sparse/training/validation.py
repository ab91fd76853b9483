"""Refuses, before anything is trained, a blueprint that cannot be carried out on its network and data."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor, nn

from nasbench_sparse.core.blueprint import Blueprint, Gradual, Network, Prune, Rewind, Train
from nasbench_sparse.core.phases import ActivatePrune, in_order
from nasbench_sparse.core.sparsify import Regrow
from nasbench_sparse.data.dataset import DatasetInfo
from nasbench_sparse.errors import TaskError
from nasbench_sparse.measures import check_names
from nasbench_sparse.nn.networks.build import COMMON, on_meta, prunable_layers
from nasbench_sparse.sparsity.distributions import check_distribution
from nasbench_sparse.sparsity.patterns import check_pattern
from nasbench_sparse.sparsity.scores import score_by_name
from nasbench_sparse.training.data import dataset_info, split_indices
from nasbench_sparse.training.dry_run import walk
from nasbench_sparse.training.fitting import check_fit
from nasbench_sparse.training.loop import steps_per_epoch
from nasbench_sparse.training.moment import first_training
from nasbench_sparse.training.optimizers import check_optimizer
from nasbench_sparse.training.schedules import check_schedule

Layers = Sequence[tuple[str, Tensor]]
PER_SAMPLE_NORMS = (nn.LayerNorm, nn.GroupNorm)


def validate(blueprint: Blueprint, dataset: str, folds: int = 1, shortest: int = 1) -> None:
    """Walk the phases; nothing is computed, and the data are looked at only where a phase counts steps.

    Args:
        shortest: units of the searched phase after which a trial may stop.

    Raises:
        UnknownName: an optimizer, schedule, score, distribution, measure or augmentation, or an option of one.
        TaskError: nothing to prune, a wrong number of densities, a pattern that does not divide a layer, a point
            beyond the training, an option without meaning, a trial that would cut a sparsification short, or what
            `check_fit` or `dry_run.walk` refuses.
    """
    network, info = _shapes(blueprint.network), dataset_info(dataset)
    check_fit(blueprint.network.name, network, dataset)
    layers = prunable_layers(network)
    for phase in in_order(blueprint.phases):
        if isinstance(phase, Train):
            _check_train(phase, layers, info)
            if isinstance(phase.sparsify, Regrow):
                _check_regrown(phase, phase.sparsify, dataset, folds)
        elif isinstance(phase, Prune):
            _check_prune(phase, layers)
            if score_by_name(phase.score).density:
                _check_flow(phase.score, network, texts=info.kind == "text")
        elif isinstance(phase, ActivatePrune):
            _check_layers(layers, "the AP step")
            if phase.bias is not None and not any(name.endswith("bias") for name, _ in network.named_parameters()):
                raise TaskError(f"AP-bias-k adds to biases, and network {blueprint.network.name!r} has none")
        elif isinstance(phase, Rewind) and phase.unit == "steps":
            _check_point(phase, first_training(blueprint.phases), dataset, folds)
    walk(blueprint.phases, tuple(weight.shape for _, weight in layers))
    if isinstance(blueprint.search, Train):
        _check_uncut(blueprint.search, dataset, folds, shortest)


def _shapes(network: Network) -> nn.Module:
    """Return the network without storage."""
    return on_meta(network.name, {k: v for k, v in network.options if k not in COMMON})


def _check_train(train: Train, layers: Layers, info: DatasetInfo) -> None:
    check_optimizer(train.recipe)
    check_schedule(train.recipe, train.epochs)
    check_names(train.measures)
    if train.recipe.augmentation != "none":
        _check_augmentation(train.recipe.augmentation, info)
    if train.sparsify is not None:
        _check_layers(layers, "sparsification during training")
    if isinstance(train.sparsify, Gradual):
        check_distribution(train.sparsify.distribution)


def _check_augmentation(name: str, info: DatasetInfo) -> None:
    from nasbench_sparse.data.augmentation import augment

    augment(name)
    if len(info.shape) != 3:
        raise TaskError(f"augmentation {name!r} changes images, and examples here have shape {info.shape}")
    if info.kind == "folders" and name != "crop-flip":
        raise TaskError(
            f"augmentation {name!r}: of images decoded from files, allowed are 'none' and 'crop-flip' (a random "
            "part, resized, mirrored in half the cases)"
        )


def _check_prune(phase: Prune, layers: Layers) -> None:
    _check_layers(layers, "pruning")
    score_by_name(phase.score, dict(phase.options))
    check_distribution(phase.distribution, dict(phase.distribution_options))
    if phase.pattern is not None:
        check_pattern(layers, *phase.pattern)
    elif phase.distribution == "layerwise" and len(phase.densities) not in (0, 1, len(layers)):
        raise TaskError(
            f"{len(phase.densities)} densities for {len(layers)} prunable layers "
            f"({', '.join(name for name, _ in layers)}); give one for each layer or a single one for all"
        )


def _check_flow(score: str, network: nn.Module, *, texts: bool) -> None:
    """A score of paths through the network needs one that passes numbers on as a linear one does."""
    if texts:
        raise TaskError(f"pruning score {score!r} sends ones through the network, and texts are tokens")
    for name, module in network.named_modules():
        if isinstance(module, PER_SAMPLE_NORMS):
            raise TaskError(
                f"pruning score {score!r} means nothing in a network that normalises each sample, as "
                f"{type(module).__name__} {name!r} does: it cancels the flow"
            )


def _check_layers(layers: Layers, what: str) -> None:
    if not layers:
        raise TaskError(f"{what} needs a convolution or a linear layer, and the network has none")


def _check_point(rewind: Rewind, first: Train, dataset: str, folds: int) -> None:
    last = first.epochs * _steps(first, dataset, folds)
    if rewind.to > last:
        raise TaskError(
            f"rewinding to step {rewind.to}: the first training has {last} steps, so no such start is saved"
        )


def _check_regrown(train: Train, schedule: Regrow, dataset: str, folds: int) -> None:
    """The first drop must come before the schedule and the training end."""
    last = train.epochs * (1 if schedule.unit == "epochs" else _steps(train, dataset, folds))
    first, end = schedule.begin or schedule.frequency, last if schedule.end is None else schedule.end
    if first >= end or first > last:
        raise TaskError(
            f"regrowth {schedule.method!r} would do nothing: it drops and grows first after {first}, and ends "
            f"before {end}, of the training's {last} {schedule.unit}"
        )


def _check_uncut(train: Train, dataset: str, folds: int, shortest: int) -> None:
    """A shorter trial must not stop before a sparsification has reached its final density."""
    whole, schedule = train.whole_after, train.sparsify
    if isinstance(schedule, Gradual) and schedule.unit == "steps":
        whole = math.ceil(schedule.end / _steps(train, dataset, folds))
    if whole > train.epochs:
        raise TaskError(f"gradual pruning ends in epoch {whole}, beyond the training's {train.epochs} epochs")
    if shortest < whole:
        raise TaskError(
            f"the sparsification of the searched training ends with epoch {whole}, and a trial may stop after "
            f"{shortest}: it cannot be cut short, so fidelity.min must be at least {whole}"
        )


def _steps(train: Train, dataset: str, folds: int) -> int:
    return steps_per_epoch(train.recipe, min(len(split_indices(dataset, folds, fold)[0]) for fold in range(folds)))
