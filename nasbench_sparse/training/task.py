"""Training tasks: a space over a blueprint, evaluated by the training engine (imported only then)."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from nasbench_sparse.core.blueprint import Blueprint
from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Evaluation, SearchStep, Trial
from nasbench_sparse.errors import TaskError, UnknownName
from nasbench_sparse.training.data import dataset_info
from nasbench_sparse.training.version import ENGINE


@dataclass(frozen=True, kw_only=True)
class TrainingTask(Task):
    """A task whose evaluation trains a network.

    Args:
        blueprint: the training that a config is written into; its last phase is as long as `fidelity.max`.
        folds: 1 for a fixed split into training and validation parts, more for a cross validation over both.

    Raises:
        TaskError: another unit than epochs, or a searched training of another length than `fidelity.max`.
        UnknownName: an unknown data set.
    """

    blueprint: Blueprint

    def __post_init__(self) -> None:
        dataset_info(self.dataset)
        if self.fidelity.unit != "epochs":
            raise TaskError(f"task {self.name!r}: a training's fidelity counts epochs, not {self.fidelity.unit}")
        if self.fidelity.max != self.blueprint.search.epochs:
            raise TaskError(
                f"task {self.name!r}: fidelity.max is {self.fidelity.max}, but the blueprint's searched training "
                f"has {self.blueprint.search.epochs} epochs; schedules run over both, so they must be equal"
            )

    @property
    def engine(self) -> str:
        """Version of the training engine."""
        return ENGINE

    @property
    def searchable(self) -> bool:
        """Whether the space has a relaxation."""
        return self.space.relaxation() is not None

    def evaluate(self, trial: Trial, checkpoint: bytes | None = None) -> tuple[Evaluation, bytes | None]:
        """See `Task.evaluate`."""
        from nasbench_sparse.training.engine import evaluate

        return evaluate(self, trial, checkpoint)

    def advance(
        self, step: SearchStep, replicate: int, checkpoint: bytes | None = None
    ) -> tuple[Evaluation, bytes | None]:
        """Carry out a search step: call the function its method names with (task, step, replicate, checkpoint).

        Raises:
            NotImplementedError: the space has no relaxation.
            UnknownName: the method is not `package.module:function`.
        """
        if not self.searchable:
            return super().advance(step, replicate, checkpoint)
        module, _, function = step.method.partition(":")
        try:
            method = getattr(importlib.import_module(module), function)
        except (ImportError, AttributeError, ValueError) as error:
            raise UnknownName(f"search method {step.method!r} is not `package.module:function`: {error}") from error
        result: tuple[Evaluation, bytes | None] = method(self, step, replicate, checkpoint)
        return result
