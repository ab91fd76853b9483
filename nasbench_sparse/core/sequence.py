"""Whether phases can follow each other, said before anything is trained."""

from __future__ import annotations

from nasbench_sparse.core.phases import ActivatePrune, Cycles, Phase, Prune, Quantise, Rewind, Train
from nasbench_sparse.errors import TaskError


def check_order(phases: tuple[Phase, ...]) -> None:
    """Walk the phases as they will be carried out, the second cycle and the fork included.

    Raises:
        TaskError: rewinding, activating or quantising before any training, rewinding to a point that the first
            training does not reach, or fractions that add up to more than 1.
    """
    first: Train | None = None
    taken = 0.0
    for phase in _walk(phases):
        if isinstance(phase, Train):
            first, taken = first or phase, 0.0
        elif isinstance(phase, Rewind):
            _check_rewind(phase, first)
        elif isinstance(phase, Prune) and phase.fraction is not None:
            taken = _add(taken, phase.fraction)
        elif isinstance(phase, ActivatePrune):
            _check_trained("the AP step", first)
            if phase.bias is None:
                taken = _add(taken, phase.fraction)
        elif isinstance(phase, Quantise):
            _check_trained("quantising", first)


def _walk(phases: tuple[Phase, ...]) -> list[Phase]:
    walked: list[Phase] = []
    for phase in phases:
        walked.extend((*phase.fork, *phase.body, *phase.body) if isinstance(phase, Cycles) else (phase,))
    return walked


def _check_rewind(phase: Rewind, first: Train | None) -> None:
    train = _check_trained("rewinding", first)
    if phase.unit == "epochs" and phase.to > train.epochs:
        raise TaskError(
            f"rewinding to epoch {phase.to}: the first training has {train.epochs} epochs, "
            "so no such start is saved"
        )


def _check_trained(what: str, first: Train | None) -> Train:
    if first is None:
        raise TaskError(f"{what} needs a training before it: there is no saved start")
    return first


def _add(taken: float, fraction: float) -> float:
    total = round(taken + fraction, 12)
    if total > 1.0:
        raise TaskError(f"fractions pruned between two trainings add up to {total}, more than all weights alive")
    return total
