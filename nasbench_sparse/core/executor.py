"""The contract of an executor: where trials are evaluated, and by which clock."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Evaluation, Trial

DEVICE_VARIABLE = "NASBENCH_SPARSE_DEVICE"
"""Environment variable for where workers train: cpu (the default), cuda, or auto (cuda where there is one)."""


@dataclass(frozen=True, slots=True)
class Work:
    """A trial on its way to a worker. `run_id` and `trial.number` together name it.

    `recorded` is the outcome where the store already holds one; then nothing is trained.
    """

    run_id: str
    trial: Trial
    recorded: Evaluation | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """A work item with its evaluation, the worker that did it, and the executor's clock at the end (seconds)."""

    work: Work
    evaluation: Evaluation
    worker: str
    clock: float


class Executor(ABC):
    """Evaluates submitted work; driven by one thread.

    The executor alone knows checkpoints: it keeps what `Task.evaluate` and `Task.advance` return, by content
    (fingerprint, config_key or search step, replicate, fidelity), and passes the right one on; where it was
    lost the prefix is trained again, with the same bits. It turns exceptions into statuses, never into its own.

    Attributes:
        kind: "serial", "processes", "ray" or "simulated"; part of a run's identity.
        slots: how many work items may be in flight.
    """

    kind: ClassVar[str]
    slots: int

    @property
    @abstractmethod
    def free_workers(self) -> int:
        """How many more work items may be submitted now."""

    @property
    @abstractmethod
    def clock(self) -> float:
        """Seconds since the run began, made of recorded training seconds, never of wall time."""

    @abstractmethod
    def submit(self, task: Task, work: Work) -> None:
        """Hand over work; at most `slots` at a time."""

    @abstractmethod
    def next_completed(self, timeout: float | None = None) -> Completion | None:
        """Return the next finished work, waiting for it; None if `timeout` wall seconds pass first."""

    def close(self) -> None:
        """Release workers; work in flight is dropped."""
        return

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
