"""Refuses, before anything is trained, a blueprint that cannot be carried out on its network and data."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor, nn

from nasbench_sparse.core.blueprint import Blueprint, Gradual, Network, Prune, Rewind, Train
from nasbench_sparse.core.phases import ActivatePrune, in_order
from nasbench_sparse.errors import TaskError
from nasbench_sparse.measures import check_names
from nasbench_sparse.nn.networks.build import COMMON, on_meta, prunable_layers
from nasbench_sparse.sparsity.distributions import check_distribution
from nasbench_sparse.sparsity.patterns import check_pattern
from nasbench_sparse.sparsity.scores import score_by_name
from nasbench_sparse.training.data import dataset_info, split_indices
from nasbench_sparse.training.dry_run import walk
from nasbench_sparse.training.loop import steps_per_epoch
from nasbench_sparse.training.moment import first_training
from nasbench_sparse.training.optimizers import check_optimizer
from nasbench_sparse.training.schedules import check_schedule

Layers = Sequence[tuple[str, Tensor]]


def validate(blueprint: Blueprint, dataset: str, folds: int = 1, shortest: int = 1) -> None:
    """Walk the phases; nothing is computed, and the data are looked at only where a phase counts steps.

    Args:
        shortest: units of the searched phase after which a trial may stop.

    Raises:
        UnknownName: an optimizer, schedule, score, distribution, measure or augmentation, or an option of one.
        TaskError: nothing to prune, a wrong number of densities, a pattern that does not divide a layer, a point
            beyond the training, an option without meaning, a trial that would cut a sparsification short, or what
            `dry_run.walk` refuses.
    """
    network, kind = _shapes(blueprint.network), dataset_info(dataset).kind
    layers = prunable_layers(network)
    for phase in in_order(blueprint.phases):
        if isinstance(phase, Train):
            _check_train(phase, layers, streamed=kind == "folders")
        elif isinstance(phase, Prune):
            _check_prune(phase, layers, texts=kind == "text")
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


def _check_train(train: Train, layers: Layers, *, streamed: bool) -> None:
    check_optimizer(train.recipe)
    check_schedule(train.recipe, train.epochs)
    check_names(train.measures)
    if streamed and train.recipe.augmentation not in ("none", "crop-flip"):
        raise TaskError(
            f"augmentation {train.recipe.augmentation!r}: of images decoded from files, allowed are 'none' and "
            "'crop-flip' (a random part, resized, mirrored in half the cases)"
        )
    if train.recipe.augmentation != "none":
        from nasbench_sparse.data.augmentation import augment

        augment(train.recipe.augmentation)
    if train.sparsify is not None:
        _check_layers(layers, "sparsification during training")
    if isinstance(train.sparsify, Gradual):
        check_distribution(train.sparsify.distribution)


def _check_prune(phase: Prune, layers: Layers, *, texts: bool) -> None:
    _check_layers(layers, "pruning")
    if score_by_name(phase.score, dict(phase.options)).density and texts:
        raise TaskError(f"pruning score {phase.score!r} sends ones through the network, and texts are tokens")
    _check_options(phase)
    check_distribution(phase.distribution, dict(phase.distribution_options))
    if phase.pattern is not None:
        check_pattern(layers, *phase.pattern)
    elif phase.distribution == "layerwise" and len(phase.densities) not in (0, 1, len(layers)):
        raise TaskError(
            f"{len(phase.densities)} densities for {len(layers)} prunable layers "
            f"({', '.join(name for name, _ in layers)}); give one for each layer or a single one for all"
        )


def _check_options(phase: Prune) -> None:
    options = dict(phase.options)
    if phase.score == "grasp" and not 0.0 < options.get("temperature", 1.0) < math.inf:
        raise TaskError(
            f"pruning score 'grasp' divides logits by its temperature, so it must be positive, not "
            f"{options['temperature']}"
        )
    if phase.score == "synflow" and options.get("rounds", 1) < 1:
        raise TaskError(f"pruning score 'synflow' has at least 1 round, not {options['rounds']}")


def _check_layers(layers: Layers, what: str) -> None:
    if not layers:
        raise TaskError(f"{what} needs a convolution or a linear layer, and the network has none")


def _check_point(rewind: Rewind, first: Train, dataset: str, folds: int) -> None:
    last = first.epochs * _steps(first, dataset, folds)
    if rewind.to > last:
        raise TaskError(
            f"rewinding to step {rewind.to}: the first training has {last} steps, so no such start is saved"
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
