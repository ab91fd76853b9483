"""Sets up the training of a phase from the state before it, and takes the state it leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from nasbench_sparse.core.blueprint import Train
from nasbench_sparse.data.batches import Sources
from nasbench_sparse.nn.networks import prunable_layers
from nasbench_sparse.sparsity.masks import WeightMasks
from nasbench_sparse.training.data import pixel_scale
from nasbench_sparse.training.loop import Training, steps_per_epoch
from nasbench_sparse.training.moment import Moment, activations_of
from nasbench_sparse.training.optimizers import build_optimizer
from nasbench_sparse.training.reading import count
from nasbench_sparse.training.repetition import Repetition
from nasbench_sparse.training.sparsifying import Sparsifier
from nasbench_sparse.training.state import State, enter, leave
from nasbench_sparse.training.transitions import point, saves


def training_of(train: Train, state: State, moment: Moment, device: torch.device) -> Training:
    """Set up a training, with a new optimizer."""
    repetition, recipe = moment.repetition, train.recipe
    activations = activations_of(moment.blueprint, train)
    network = enter(moment.blueprint.network, activations, state, repetition).to(device)
    layers = prunable_layers(network)
    masks = WeightMasks([w for _, w in layers], [mask.to(device) for mask in state.masks])
    data = repetition.data_on(device)
    steps = steps_per_epoch(recipe, count(data.train))
    sparsifier = None
    if train.sparsify is not None:
        names = tuple(name for name, _ in layers)
        stream = f"regrow/{moment.label}"
        sparsifier = Sparsifier(
            train.sparsify, names, train.epochs, steps, lambda name: repetition.numpy(f"{stream}/{name}")
        )
    return Training(
        network=network,
        masks=masks,
        optimizer=build_optimizer(recipe, network, masks),
        train=train,
        data=data,
        order=repetition.order(moment.label),
        sparsifier=sparsifier,
        augment=None if isinstance(data, Sources) else _augmentation(recipe.augmentation, repetition),
        generator=lambda name: repetition.torch(name.replace("/", f"/{moment.label}/", 1)),
        save_at=_save_at(moment, state, steps),
        seconds=state.seconds,
        diverged=state.diverged,
    )


def state_left(training: Training, before: State, moment: Moment) -> State:
    """Return the state a training left; seconds are its own."""
    activations = activations_of(moment.blueprint, training.train)
    saved = {**before.saved, **training.saved}
    end = leave(moment.blueprint.network, training.network, activations, training.masks.masks, saved)
    return replace(end, seconds=training.seconds, diverged=training.diverged)


def _save_at(moment: Moment, state: State, steps: int) -> dict[int, str]:
    """Return the steps of the first training after which its weights are kept; nothing for later trainings."""
    if state.activations:
        return {}
    return {
        rewind.to * (steps if rewind.unit == "epochs" else 1): point(rewind) for rewind in saves(moment.blueprint)
    }


def _augmentation(name: str, repetition: Repetition) -> Callable[[Tensor, torch.Generator], Tensor] | None:
    if name == "none":
        return None
    from nasbench_sparse.data.augmentation import augment

    if "trivial" not in name.split("-"):
        return augment(name)
    return augment(name, pixel_scale(repetition.dataset, repetition.folds, repetition.fold))
