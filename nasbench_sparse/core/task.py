"""The contract of a task."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nasbench_sparse.core.declaration import declare, digest
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.objective import Objective
from nasbench_sparse.core.problem import Problem
from nasbench_sparse.core.space import SearchSpace
from nasbench_sparse.core.trial import Evaluation, SearchStep, Trial
from nasbench_sparse.errors import TaskError


@dataclass(frozen=True, slots=True)
class Signal:
    """Measured agreement of two replicates over random configs: Kendall tau-b of their final losses.

    `interval` is the 95 % bootstrap interval; `better_half` the tau among the configs whose mean is better.
    """

    tau: float
    interval: tuple[float, float]
    better_half: float
    configs: int = 50

    @property
    def standard_error(self) -> float:
        """Half the interval's width over 1.96."""
        return (self.interval[1] - self.interval[0]) / (2 * 1.96)


def _source(cls: type) -> str:
    """Return the module of a class from a user's file, whose name ends in the file's hash; else nothing."""
    return cls.__module__ if cls.__module__.startswith("nasbench_sparse_user_") else ""


@dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """A problem that can be evaluated: a frozen declaration and `evaluate`.

    The result is a pure function of (fingerprint, config_key, replicate, fold), and a shorter training is a
    prefix of a longer one, bit for bit.

    Args:
        version: goes up whenever the task's results change.
        family: tasks that share network and data; statistics block by it.
        replicates: how many recorded repetitions there may be, numbered from 0.
        folds: trainings per trial, averaged.
        numerics: "single", or "stacked(K)" for trainings K at a time as one program of batched products.
        signal: measured agreement between replicates, None where it has not been measured.
        seconds: measured seconds of one evaluation at full fidelity on one core, for estimates only.

    Raises:
        TaskError: numerics of another form, or K below 1.
    """

    name: str
    family: str
    space: SearchSpace
    dataset: str
    fidelity: Fidelity
    objective: Objective = field(default_factory=Objective)
    version: int = 1
    replicates: int = 5
    folds: int = 1
    numerics: str = "single"
    derived_from: str | None = None
    signal: Signal | None = field(default=None, metadata={"prose": True})
    seconds: float | None = field(default=None, metadata={"prose": True})
    description: str = field(default="", metadata={"prose": True})

    def __post_init__(self) -> None:
        self._check_numerics()

    def _check_numerics(self) -> None:
        if self.numerics != "single" and not re.fullmatch(r"stacked\([1-9][0-9]*\)", self.numerics):
            raise TaskError(
                f"task {self.name!r}: numerics {self.numerics!r} is unknown; allowed are 'single' and "
                "'stacked(K)', where K is a whole number of at least 1"
            )

    @property
    def stack(self) -> int:
        """How many trials `evaluate_many` trains as one program; 1 if each is trained alone."""
        return 1 if self.numerics == "single" else int(self.numerics[len("stacked(") : -1])

    @property
    def engine(self) -> str:
        """Version of the code that computes results; part of the fingerprint."""
        return "0"

    @cached_property
    def declaration(self) -> dict[str, Any]:
        """Everything results depend on, as JSON data; a class from a user's file counts with the file's hash.

        Raises:
            TaskError: a field is no plain data.
        """
        try:
            data: dict[str, Any] = declare(self)
        except TypeError as error:
            raise TaskError(
                f"task {self.name!r}: {error}; allowed are numbers, texts, None, and tuples, mappings and frozen "
                "dataclasses of these"
            ) from error
        sources = {_source(type(part)) for part in (self, self.space)} - {""}
        return {**data, "engine": self.engine, **({"source": sorted(sources)} if sources else {})}

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the declaration, 16 hexadecimal digits."""
        return digest(self.declaration)

    @property
    def problem(self) -> Problem:
        """What an optimizer is shown."""
        return Problem(
            self.space, self.objective, self.fidelity, self.space.relaxation() if self.searchable else None
        )

    @property
    def searchable(self) -> bool:
        """Whether workers can carry out search steps of a one-shot optimizer."""
        return False

    @property
    def offline(self) -> bool:
        """Whether the data come with the installed packages, so that nothing is downloaded."""
        return True

    def require_data(self) -> None:  # noqa: B027 - most tasks have nothing to check
        """Check, without reading them, that the data are at hand; called before anything is run.

        Raises:
            DataError: they are not, saying what to run.
        """

    @abstractmethod
    def evaluate(self, trial: Trial, checkpoint: bytes | None = None) -> tuple[Evaluation, bytes | None]:
        """Train the trial's config to its fidelity on every fold.

        Args:
            trial: config, replicate and fidelity.
            checkpoint: what an earlier call returned for the same config and replicate at a lower fidelity.
        Returns:
            The evaluation, whose curves begin at step 1 whether continued or not, and a checkpoint to continue
            from (None at the maximal fidelity). Exceptions propagate: the executor turns them into a status.
        """

    def evaluate_many(
        self, trials: Sequence[Trial], checkpoints: Sequence[bytes | None] | None = None
    ) -> list[tuple[Evaluation, bytes | None]]:
        """Evaluate several trials, with the results that `evaluate` gives each of them alone.

        Args:
            checkpoints: one for each trial; None for no checkpoint at all.
        """
        pairs = zip(trials, checkpoints or [None] * len(trials), strict=True)
        return [self.evaluate(trial, checkpoint) for trial, checkpoint in pairs]

    def advance(
        self, step: SearchStep, replicate: int, checkpoint: bytes | None = None
    ) -> tuple[Evaluation, bytes | None]:
        """Carry out one search step; `checkpoint` is the state that the step before left.

        Raises:
            NotImplementedError: the task is not searchable.
        """
        raise NotImplementedError(f"task {self.name!r} has no search steps")
