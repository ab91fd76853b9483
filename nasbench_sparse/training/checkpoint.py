"""Checkpoints: a trial's training state on every fold, as bytes."""

from __future__ import annotations

from typing import TypedDict

from torch import Tensor

from nasbench_sparse.core.blueprint import Blueprint
from nasbench_sparse.errors import NbsError
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
from nasbench_sparse.training.phases import set_up
from nasbench_sparse.training.repetition import Repetition
from nasbench_sparse.training.state import State


class Identity(TypedDict):
    """Whose checkpoint it is."""

    fingerprint: str
    config_key: str
    replicate: int


def save_checkpoint(trainings: list[Training], identity: Identity) -> bytes:
    """Write weights, masks, optimizer state and curves of each fold; schedules need nothing beyond the curve."""
    tensors: dict[str, Tensor] = {}
    for fold, training in enumerate(trainings):
        state = State(dict(training.network.state_dict()), training.masks.masks)
        tensors |= prefixed(f"{fold}/state", state.tensors)
        for index, slots in training.optimizer.state_dict()["state"].items():
            tensors |= prefixed(f"{fold}/optimizer/{index}", {k: v for k, v in slots.items() if v is not None})
    return pack(tensors, {**identity, "curves": [curve_to_json(training.curve) for training in trainings]})


class Checkpoint:
    """A checkpoint read back.

    Raises:
        NbsError: the bytes are no checkpoint, one of another task, config or replicate, or trained further
            than `fidelity`.
    """

    def __init__(self, data: bytes, identity: Identity, fidelity: int) -> None:
        try:
            self._tensors, header = unpack(data)
            found = {name: header[name] for name in identity}
            self._curves = [curve_from_json(rows) for rows in header["curves"]]
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
                f"the checkpoint was trained for {len(self._curves[0])} epochs, the trial asks {fidelity}"
            )

    def restore(self, blueprint: Blueprint, repetition: Repetition) -> Training:
        """Return a fold's searched training as it was when saved."""
        tensors = without_prefix(str(repetition.fold), self._tensors)
        state = State.from_tensors(without_prefix("state", tensors), (), diverged=False)
        training = set_up(blueprint, -1, state, repetition, training_device())
        training.network.load_state_dict(state.weights)
        parameters = [p for group in training.optimizer.param_groups for p in group["params"]]
        for name, tensor in without_prefix("optimizer", tensors).items():
            index, _, key = name.partition("/")
            parameter = parameters[int(index)]
            placed = tensor if tensor.dim() == 0 else tensor.to(parameter.device)  # step counts stay where they are
            training.optimizer.state[parameter][key] = placed
        training.curve = list(self._curves[repetition.fold])
        training.seconds = training.curve[-1].seconds
        return training
