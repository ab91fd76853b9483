"""Trials and what comes back of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from nasbench_sparse.core.config import Config
from nasbench_sparse.core.curve import Curve, hide_test, mean_curve


class Status(StrEnum):
    """How an evaluation ended. Only OK and DIVERGED results are reusable; the others belong to the trial."""

    OK = "OK"
    DIVERGED = "DIVERGED"
    FAILED = "FAILED"
    TIMEOUT = "TIMEOUT"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"

    @property
    def reusable(self) -> bool:
        """Whether the outcome is a property of the config, and not of one attempt."""
        return self is Status.OK or self is Status.DIVERGED


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an optimizer asks for when it sets the fidelity, or continues an earlier trial.

    Args:
        config: a point of the space.
        fidelity: units of training in total; None means the maximum.
        parent: number of the trial this one continues, whose config must be equal; its units are credited.
    """

    config: Config
    fidelity: int | None = None
    parent: int | None = None


@dataclass(frozen=True, slots=True)
class SearchStep:
    """One step of a one-shot search, carried out by a worker that has the data.

    The outcome is a pure function of (task fingerprint, replicate, method, options, seed, step): step k
    continues the state that step k - 1 left, and a lost state is computed again from step 0.

    Args:
        method: the worker-side function, written `package.module:function`.
        step: 0, 1, 2, ... in order.
        seed: seed of the search's own random streams.
        options: plain JSON data.
    """

    method: str
    step: int
    seed: int
    options: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """A config at a fidelity and replicate, or a search step, as numbered in its run.

    `resumes_at` is the fidelity of the parent (0 without one): units already trained, credited to the trial.
    `told_before` counts the outcomes the optimizer had been told when it asked, so that the interleaving of asks
    and tells can be replayed.
    """

    number: int
    config: Config
    config_key: str
    fidelity: int
    replicate: int
    parent: int | None = None
    resumes_at: int = 0
    search: SearchStep | None = None
    told_before: int = 0


@dataclass(frozen=True, slots=True)
class SharedTraining:
    """A pre-training that several trials share: recorded once, charged to none of them."""

    key: str
    replicate: int
    fold: int
    curve: Curve


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A trial's outcome.

    Args:
        curves: one learning curve per fold, from step 1 to the fidelity (or to where it diverged).
        seconds: training seconds of this trial in all folds, credited units left out.
        error: one line, then the traceback, for a status that is neither OK nor DIVERGED.
        config: for a search step, the config derived so far.
        shared: pre-trainings it stands on; a run's log keeps each of them once.
    """

    status: Status
    curves: tuple[Curve, ...] = ()
    seconds: float = 0.0
    error: str | None = None
    config: Config | None = None
    shared: tuple[SharedTraining, ...] = ()

    @property
    def curve(self) -> Curve:
        """The mean over folds."""
        return mean_curve(self.curves) if self.curves else ()


@dataclass(frozen=True, slots=True)
class Observation:
    """What an optimizer is told of a trial: never a test result.

    Args:
        number: the trial's number in its run, which a later `Proposal.parent` may name.
        config: the config as it was asked (for a search step, the config derived so far).
        fidelity: units of training in total.
        loss: finite, minimised; the objective's worst loss unless the status is OK.
        status: see `Status`.
        seconds: training seconds charged.
        search: the search step this answers, else None.
    """

    number: int
    config: Config
    fidelity: int
    loss: float
    status: Status
    seconds: float
    search: SearchStep | None = None
    _curve: Curve = field(default=(), repr=False)

    @property
    def curve(self) -> Curve:
        """The learning curve up to the fidelity, test results left out."""
        return hide_test(self._curve[: self.fidelity])
