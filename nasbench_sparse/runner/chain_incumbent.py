"""Incumbents: the best config that a recorded run had found when its budget was spent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.config import Config
from nasbench_sparse.core.record import Recording
from nasbench_sparse.core.trial import Status, Trial


@dataclass(frozen=True, slots=True)
class Incumbent:
    """A config and its loss at a fidelity."""

    config: Config
    loss: float
    fidelity: int


def incumbent(recording: Recording, budget: Budget, full: int) -> Incumbent | None:
    """Return the lowest loss at the largest fidelity reached, the first one told if several are equal.

    Only trials that a run of this budget asks for count, so that a run which was extended has the same incumbent.

    Args:
        full: the task's maximal fidelity.
    """
    within = {trial.number: trial for trial in _within(recording, budget, full)}
    best: Incumbent | None = None
    for told in recording.told:
        trial = within.get(told.number)
        if trial is None or trial.search is not None or told.evaluation.status is not Status.OK:
            continue
        if best is None or (-trial.fidelity, told.loss) < (-best.fidelity, best.loss):
            best = Incumbent(trial.config, told.loss, trial.fidelity)
    return best


def _within(recording: Recording, budget: Budget, full: int) -> Iterator[Trial]:
    """Yield the trials that were asked before the budget was spent; see `Budget` for what each charges."""
    trials = units = 0.0
    for number in sorted(recording.asked):
        trial = recording.asked[number]
        clock = recording.told[trial.told_before - 1].at if trial.told_before else 0.0
        spent = {"trials": trials, "epochs": units, "evaluations": units / full, "seconds": clock}
        if spent[budget.unit] >= budget.amount - 1e-9:
            return
        yield trial
        charged = 1 if trial.search is not None else trial.fidelity - trial.resumes_at
        units += charged
        trials += charged / full if trial.search is not None else 1
