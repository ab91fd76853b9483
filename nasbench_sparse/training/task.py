"""Training tasks: a space over a blueprint, evaluated by the training engine (imported only then)."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass

from nasbench_sparse.core.blueprint import Blueprint, Train
from nasbench_sparse.core.fidelity import Unit
from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Evaluation, SearchStep, Trial
from nasbench_sparse.data.catalogue import base_name, dataset_info
from nasbench_sparse.data.place import require
from nasbench_sparse.errors import TaskError, UnknownName
from nasbench_sparse.training.stacked.limits import check_stackable
from nasbench_sparse.training.stacked.version import STACKED_ENGINE
from nasbench_sparse.training.version import ENGINE


@dataclass(frozen=True, kw_only=True)
class TrainingTask(Task):
    """A task whose evaluation trains a network.

    Args:
        blueprint: the training that a config is written into; its last phase is as long as `fidelity.max`.
        folds: 1 for a fixed split into training and validation parts, more for a cross validation over both.

    Raises:
        TaskError: another unit than the blueprint's (steps are epochs of one step, `steps_per_epoch=1`), a searched
            training of another length than `fidelity.max`, or stacked numerics with another network than "mlp", or
            with what stacked training does not know.
        UnknownName: an unknown data set.
    """

    blueprint: Blueprint

    def __post_init__(self) -> None:
        super().__post_init__()
        dataset_info(self.dataset)
        unit, length = self._unit(), self.blueprint.length
        if self.fidelity.unit != unit:
            raise TaskError(
                f"task {self.name!r}: this training's fidelity counts {unit}, not {self.fidelity.unit}"
                + ("; steps need epochs of one step, steps_per_epoch=1 in the recipe" if unit == "epochs" else "")
            )
        if self.fidelity.max != length:
            raise TaskError(
                f"task {self.name!r}: fidelity.max is {self.fidelity.max}, but the blueprint's searched training "
                f"has {length} {unit}; schedules run over both, so they must be equal"
            )
        if self.fidelity.min < self.blueprint.shortest:
            raise TaskError(
                f"task {self.name!r}: the sparsification of the searched training ends with epoch "
                f"{self.blueprint.shortest} and cannot be cut short, so fidelity.min must be at least that, "
                f"not {self.fidelity.min}"
            )
        if self.numerics != "single":
            check_stackable(self.blueprint, self.numerics)

    def _unit(self) -> Unit:
        """Return what the blueprint's searched training counts; epochs of one step may be called either."""
        unit = self.blueprint.unit
        single = unit == "epochs" and self.blueprint.recipe.steps_per_epoch == 1
        return "steps" if single and self.fidelity.unit == "steps" else unit

    @property
    def engine(self) -> str:
        """Version of the training engine, of the stacked one where that trains, and of data that have editions."""
        stacked = () if self.numerics == "single" else (f"stacked {STACKED_ENGINE}",)
        edition = dataset_info(self.dataset).edition
        return ", ".join((ENGINE, *stacked, *((edition,) if edition else ())))

    @property
    def offline(self) -> bool:
        """Whether the data set comes with the installed packages."""
        return dataset_info(self.dataset).offline

    def require_data(self) -> None:
        """See `Task.require_data`; what could not be trained is refused too.

        Raises:
            UnknownName, TaskError: see `site_check.check_sites` and `trial_check.check_trials`.
        """
        require(base_name(self.dataset), dataset_info(self.dataset).origin)
        from nasbench_sparse.training.site_check import check_sites
        from nasbench_sparse.training.trial_check import check_trials

        check_sites(self)
        check_trials(self)

    @property
    def searchable(self) -> bool:
        """Whether the space has a relaxation, and the searched training is a plain one."""
        search = self.blueprint.search
        plain = isinstance(search, Train) and search.sparsify is None
        return plain and self.space.relaxation() is not None

    def evaluate(self, trial: Trial, checkpoint: bytes | None = None) -> tuple[Evaluation, bytes | None]:
        """See `Task.evaluate`."""
        if self.numerics != "single":
            return self.evaluate_many([trial], [checkpoint])[0]
        from nasbench_sparse.training.engine import evaluate

        return evaluate(self, trial, checkpoint)

    def evaluate_many(
        self, trials: Sequence[Trial], checkpoints: Sequence[bytes | None] | None = None
    ) -> list[tuple[Evaluation, bytes | None]]:
        """See `Task.evaluate_many`; stacked trainings are K slots at a time, a slot for each trial and fold.

        A result does not depend on the other trials, bit for bit.
        """
        if self.numerics == "single":
            return super().evaluate_many(trials, checkpoints)
        from nasbench_sparse.training.stacked.engine import evaluate_many

        return evaluate_many(self, trials, checkpoints or [None] * len(trials))

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
