"""Phases: carries a network through a blueprint's phases up to the one that is searched over."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

import torch

from nasbench_sparse.core.blueprint import Blueprint, Cycles, Train
from nasbench_sparse.core.trial import SharedTraining
from nasbench_sparse.training import cache
from nasbench_sparse.training.content import content_of, key_of
from nasbench_sparse.training.cycles import CycleTraining
from nasbench_sparse.training.device import training_device
from nasbench_sparse.training.encoding import curve_from_json, curve_to_json, pack, unpack
from nasbench_sparse.training.loop import Training
from nasbench_sparse.training.moment import Moment, activations_of
from nasbench_sparse.training.repetition import Repetition
from nasbench_sparse.training.setting_up import state_left, training_of
from nasbench_sparse.training.state import Activations, State, broadcast, initial_state
from nasbench_sparse.training.transitions import carry_out

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
    key = key_of(blueprint, count, repetition)
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
    """Set up a `Train` phase from the state before it, with a new optimizer.

    Args:
        phase: its index in `blueprint.phases`; -1 is the searched training.
    """
    phase %= len(blueprint.phases)
    train = blueprint.phases[phase]
    assert isinstance(train, Train)
    return training_of(train, state, Moment(blueprint, repetition, str(phase)), device)


def begin(
    blueprint: Blueprint, phase: int, state: State, repetition: Repetition, device: torch.device
) -> Training | CycleTraining:
    """Set up a training phase of either kind from the state before it; see `set_up`."""
    phase %= len(blueprint.phases)
    if isinstance(blueprint.phases[phase], Train):
        return set_up(blueprint, phase, state, repetition, device)
    return CycleTraining(
        blueprint, phase, repetition, device, state, seconds=state.seconds, diverged=state.diverged
    )


def _state_after(
    blueprint: Blueprint, declared: Blueprint, count: int, repetition: Repetition, done: list[SharedTraining]
) -> State:
    """Return the state after the first `count` phases, appending the shared trainings behind it to `done`."""
    if count == 0:
        return initial_state(blueprint.network, blueprint.activations, repetition)
    phase = blueprint.phases[count - 1]
    if not isinstance(phase, Train | Cycles):
        state = _state_after(blueprint, declared, count - 1, repetition, done)
        return carry_out(phase, state, Moment(blueprint, repetition, str(count - 1)))

    def train() -> tuple[Training | CycleTraining, State]:
        start = _state_after(blueprint, declared, count - 1, repetition, done)
        training = begin(blueprint, count - 1, start, repetition, training_device())
        training.run(phase.epochs if isinstance(phase, Train) else phase.count)
        if isinstance(training, CycleTraining):
            return training, replace(training.state, seconds=training.seconds, diverged=training.diverged)
        return training, state_left(training, start, Moment(blueprint, repetition, str(count - 1)))

    if content_of(blueprint, count) != content_of(declared, count):
        return train()[1]

    def compute() -> bytes:
        training, end = train()
        header = {"activations": len(end.activations), "diverged": training.diverged}
        return pack(end.tensors, {**header, "curve": curve_to_json(training.curve)})

    key = key_of(blueprint, count, repetition)
    content, _ = cache.fetch(key, compute)
    tensors, header = unpack(content)
    curve = curve_from_json(header["curve"])
    done.append(SharedTraining(key, repetition.replicate, repetition.fold, curve))
    return State.from_tensors(
        tensors, last_activations(blueprint, phase, header["activations"]), header["diverged"]
    )


def last_activations(blueprint: Blueprint, phase: Train | Cycles, sites: int) -> Activations:
    """Return the activations that a phase leaves, one for each of the network's sites."""
    last = phase if isinstance(phase, Train) else phase.body[-1]
    assert isinstance(last, Train)
    return broadcast(activations_of(blueprint, last), sites)
