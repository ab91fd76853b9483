"""Moments: where in a blueprint a phase is carried out, and on which repetition."""

from __future__ import annotations

from dataclasses import dataclass

from nasbench_sparse.core.blueprint import Blueprint, Phase, Train
from nasbench_sparse.core.phases import in_order
from nasbench_sparse.training.repetition import Repetition
from nasbench_sparse.training.state import Activations, State


@dataclass(frozen=True, slots=True)
class Moment:
    """A phase of a blueprint about to be carried out.

    Args:
        label: names its random streams: its index in the blueprint, or "index/cycle/trainings before it in it".
    """

    blueprint: Blueprint
    repetition: Repetition
    label: str

    def activations(self, state: State) -> Activations:
        """Those the network was last trained with; before any training, those it will be trained with first."""
        return state.activations or first_activations(self.blueprint)


def activations_of(blueprint: Blueprint, train: Train) -> Activations:
    """Return the activations of a training: its own, or the blueprint's."""
    return blueprint.activations if train.activations is None else train.activations


def first_activations(blueprint: Blueprint) -> Activations:
    """Return the activations of the blueprint's first training."""
    return activations_of(blueprint, first_training(blueprint.phases))


def first_training(phases: tuple[Phase, ...]) -> Train:
    """Return the training that is carried out first."""
    return next(phase for phase in in_order(phases) if isinstance(phase, Train))
