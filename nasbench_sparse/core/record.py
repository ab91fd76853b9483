"""Records: what a run's log holds of each trial."""

from __future__ import annotations

from dataclasses import dataclass, field

from nasbench_sparse.core.trial import Evaluation, Trial


@dataclass(frozen=True, slots=True)
class Told:
    """The outcome of a trial as the optimizer was told it.

    Args:
        loss: the objective's loss at the trial's fidelity; the worst loss unless the status is OK.
        incumbent_loss: lowest loss so far at the largest fidelity reached so far; None before the first.
        units: units of fidelity charged, credited ones left out (1 for a search step).
        at: the executor's clock, in seconds.
        reused: the result came from the store, or was asked before in this run.
        predicted: a surrogate's guess, not a training.
    """

    number: int
    evaluation: Evaluation
    loss: float
    incumbent_loss: float | None
    units: int
    at: float
    worker: str
    reused: bool
    predicted: bool = False


@dataclass(slots=True)
class Recording:
    """What is already recorded of a run: asked trials by number, outcomes in the order told, and how it ended.

    `budget` is what it was given when it last ended, by unit, and `spent` what it had spent then.
    """

    asked: dict[int, Trial] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    status: str = "new"
    budget: dict[str, float] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)
