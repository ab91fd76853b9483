"""Phases: carries a network through a blueprint's phases up to the one that is searched over."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import Any

import torch

from nasbench_sparse.core.blueprint import Blueprint, Prune, Train
from nasbench_sparse.core.declaration import declare, digest
from nasbench_sparse.core.trial import SharedTraining
from nasbench_sparse.nn.networks import prunable_layers
from nasbench_sparse.sparsity.masks import WeightMasks
from nasbench_sparse.training import cache
from nasbench_sparse.training.device import training_device
from nasbench_sparse.training.encoding import curve_from_json, curve_to_json, pack, unpack
from nasbench_sparse.training.loop import Training
from nasbench_sparse.training.optimizers import build_optimizer
from nasbench_sparse.training.repetition import Repetition
from nasbench_sparse.training.state import Activations, State, enter, initial_state, leave, pruned
from nasbench_sparse.training.version import ENGINE

CPU = torch.device("cpu")
RECENT_STATES = 16

_recent: OrderedDict[str, tuple[State, tuple[SharedTraining, ...]]] = (
    OrderedDict()
)  # pure results by content, so that whoever asks gets the same


def prepare(
    blueprint: Blueprint, declared: Blueprint, repetition: Repetition
) -> tuple[State, tuple[SharedTraining, ...]]:
    """Carry out the phases before the last one.

    Phases that equal the declared ones belong to the replicate and fold: their training is cached on disk by
    content, and reported each time, so that each store comes to hold it. Phases that a config changed are the
    trial's own.

    Args:
        blueprint: the configured blueprint.
        declared: the task's blueprint, before any config.
    Returns:
        The state the searched training starts from, and the shared trainings behind it.
    """
    count = len(blueprint.phases) - 1
    key = _key(blueprint, count, repetition)
    if key in _recent:
        _recent.move_to_end(key)
        return _recent[key]
    done: list[SharedTraining] = []
    state = _state_after(blueprint, declared, count, repetition, done)
    _recent[key] = state, tuple(done)
    if len(_recent) > RECENT_STATES:
        _recent.popitem(last=False)
    return _recent[key]


def set_up(
    blueprint: Blueprint, phase: int, state: State, repetition: Repetition, device: torch.device = CPU
) -> Training:
    """Set up a training phase from the state before it, with a new optimizer.

    Args:
        phase: its index in `blueprint.phases`; -1 is the searched training.
    """
    phase %= len(blueprint.phases)
    train = blueprint.phases[phase]
    assert isinstance(train, Train)
    network = enter(blueprint.network, _activations(blueprint, train), state, repetition).to(device)
    masks = WeightMasks([w for _, w in prunable_layers(network)], [mask.to(device) for mask in state.masks])
    return Training(
        network=network,
        masks=masks,
        optimizer=build_optimizer(train.recipe, network, masks),
        recipe=train.recipe,
        epochs=train.epochs,
        data=repetition.data_on(device),
        order=repetition.order(phase),
        seconds=state.seconds,
        diverged=state.diverged,
    )


def _state_after(
    blueprint: Blueprint, declared: Blueprint, count: int, repetition: Repetition, done: list[SharedTraining]
) -> State:
    """Return the state after the first `count` phases, appending the shared trainings behind it to `done`."""
    if count == 0:
        return initial_state(blueprint.network, blueprint.activations, repetition)
    phase = blueprint.phases[count - 1]
    if isinstance(phase, Prune):
        state = _state_after(blueprint, declared, count - 1, repetition, done)
        return pruned(blueprint.network, phase, state, repetition)

    def train() -> Training:
        start = _state_after(blueprint, declared, count - 1, repetition, done)
        training = set_up(blueprint, count - 1, start, repetition, training_device())
        training.run(phase.epochs)
        return training

    activations = _activations(blueprint, phase)
    if _content(blueprint, count) != _content(declared, count):
        training = train()
        end = leave(blueprint.network, training.network, activations, training.masks.masks)
        return replace(end, seconds=training.seconds, diverged=training.diverged)

    def compute() -> bytes:
        training = train()
        end = leave(blueprint.network, training.network, activations, training.masks.masks)
        header = {"activations": len(end.activations), "diverged": training.diverged}
        return pack(end.tensors, {**header, "curve": curve_to_json(training.curve)})

    key = _key(blueprint, count, repetition)
    content, _ = cache.fetch(key, compute)
    tensors, header = unpack(content)
    curve = curve_from_json(header["curve"])
    done.append(SharedTraining(key, repetition.replicate, repetition.fold, curve))
    return State.from_tensors(tensors, _broadcast(activations, header["activations"]), header["diverged"])


def _activations(blueprint: Blueprint, phase: Train) -> Activations:
    return blueprint.activations if phase.activations is None else phase.activations


def _broadcast(activations: Activations, sites: int) -> Activations:
    return activations * sites if len(activations) == 1 else activations


def _content(blueprint: Blueprint, count: int) -> list[Any]:
    """Return everything the state after `count` phases depends on, replicate and fold apart, as JSON data."""
    phases = [
        replace(p, activations=_activations(blueprint, p)) if isinstance(p, Train) else p
        for p in blueprint.phases[:count]
    ]
    return [declare(blueprint.network), declare(phases)]


def _key(blueprint: Blueprint, count: int, repetition: Repetition) -> str:
    return digest([ENGINE, declare(repetition), *_content(blueprint, count)], size=16)
