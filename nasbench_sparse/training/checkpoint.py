"""Checkpoints: a trial's training state on every fold, as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from torch import Tensor

from nasbench_sparse.core.blueprint import Blueprint
from nasbench_sparse.errors import NbsError
from nasbench_sparse.training.cycles import CycleTraining
from nasbench_sparse.training.device import training_device
from nasbench_sparse.training.encoding import (
    curve_from_json,
    curve_to_json,
    pack,
    prefixed,
    unpack,
    without_prefix,
)
from nasbench_sparse.training.loop import Training
from nasbench_sparse.training.phases import begin, last_activations, prepare, set_up
from nasbench_sparse.training.repetition import Repetition
from nasbench_sparse.training.state import State


class Identity(TypedDict):
    """Whose checkpoint it is."""

    fingerprint: str
    config_key: str
    replicate: int


def save_checkpoint(trainings: Sequence[Training | CycleTraining], identity: Identity) -> bytes:
    """Write what each fold's training continues from, and its curve; schedules need nothing beyond the curve."""
    tensors: dict[str, Tensor] = {}
    for fold, training in enumerate(trainings):
        tensors |= prefixed(str(fold), _cycles(training) if isinstance(training, CycleTraining) else _one(training))
    header = {**identity, "curves": [curve_to_json(training.curve) for training in trainings]}
    cycles = [(t.base, len(t.state.activations)) for t in trainings if isinstance(t, CycleTraining)]
    return pack(tensors, {**header, "cycles": cycles} if cycles else header)


def _one(training: Training) -> dict[str, Tensor]:
    """Weights, masks and optimizer state."""
    state = State(dict(training.network.state_dict()), training.masks.masks)
    tensors = prefixed("state", state.tensors)
    for index, slots in training.optimizer.state_dict()["state"].items():
        tensors |= prefixed(f"optimizer/{index}", {k: v for k, v in slots.items() if v is not None})
    return tensors


def _cycles(training: CycleTraining) -> dict[str, Tensor]:
    """The state between two cycles; before the first one it is the blueprint's own."""
    return prefixed("state", training.state.tensors) if training.base else {}


class Checkpoint:
    """A checkpoint read back.

    Raises:
        NbsError: the bytes are no checkpoint, one of another task, config or replicate, or trained further
            than `fidelity`.
    """

    def __init__(self, data: bytes, identity: Identity, fidelity: int, unit: str = "epochs") -> None:
        try:
            self._tensors, header = unpack(data)
            found = {name: header[name] for name in identity}
            self._curves = [curve_from_json(rows) for rows in header["curves"]]
            self._cycles: list[tuple[int, int]] = header.get("cycles", [])
        except Exception as error:  # each kind of damage raises an exception of its own kind
            raise NbsError(f"these {len(data)} bytes are not a training checkpoint: {error}") from error
        for name, wanted in identity.items():
            if found[name] != wanted:
                raise NbsError(
                    f"the checkpoint belongs to {name} {found[name]!r}, not {wanted!r}; "
                    "a trial continues only its own config and replicate of the same task"
                )
        if len(self._curves[0]) > fidelity:
            raise NbsError(
                f"the checkpoint was trained for {len(self._curves[0])} {unit}, the trial asks {fidelity}"
            )

    def restore(
        self, blueprint: Blueprint, declared: Blueprint, repetition: Repetition
    ) -> Training | CycleTraining:
        """Return a fold's searched training as it was when saved."""
        tensors = without_prefix(str(repetition.fold), self._tensors)
        training = (
            self._continued_cycles(tensors, blueprint, declared, repetition)
            if blueprint.unit == "cycles"
            else _continued(tensors, blueprint, repetition)
        )
        training.curve = list(self._curves[repetition.fold])
        training.seconds = training.curve[-1].seconds
        return training

    def _continued_cycles(
        self, tensors: dict[str, Tensor], blueprint: Blueprint, declared: Blueprint, repetition: Repetition
    ) -> CycleTraining:
        base, sites = self._cycles[repetition.fold]
        if base:
            activations = last_activations(blueprint, blueprint.search, sites)
            state = State.from_tensors(without_prefix("state", tensors), activations, diverged=False)
        else:
            state, _ = prepare(blueprint, declared, repetition)
        training = begin(blueprint, -1, state, repetition, training_device())
        assert isinstance(training, CycleTraining)
        training.base = base
        return training


def _continued(tensors: dict[str, Tensor], blueprint: Blueprint, repetition: Repetition) -> Training:
    state = State.from_tensors(without_prefix("state", tensors), (), diverged=False)
    training = set_up(blueprint, -1, state, repetition, training_device())
    training.network.load_state_dict(state.weights)
    parameters = [p for group in training.optimizer.param_groups for p in group["params"]]
    for name, tensor in without_prefix("optimizer", tensors).items():
        index, _, key = name.partition("/")
        parameter = parameters[int(index)]
        placed = tensor if tensor.dim() == 0 else tensor.to(parameter.device)  # step counts stay where they are
        training.optimizer.state[parameter][key] = placed
    return training
