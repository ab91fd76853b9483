"""The conformance suite on one task of each kind of blueprint; the others differ in network and data alone."""

from __future__ import annotations

from nasbench_sparse.core.task import Task
from nasbench_sparse.tasks import digits, mnist1d
from nasbench_sparse.testing.tasks import TaskSuite
from nasbench_sparse.training.task import TrainingTask


def _named(tasks: tuple[TrainingTask, ...], ending: str) -> Task:
    (task,) = [task for task in tasks if task.name.endswith(ending)]
    return task


class TestOperatorsAndHyperparameters(TaskSuite):
    def task(self) -> Task:
        return _named(digits.tasks(), "operators-hyperparameters-95")


class TestDensitiesAndOperators(TaskSuite):
    def task(self) -> Task:
        return _named(mnist1d.tasks(), "densities-operators")


class TestCell(TaskSuite):
    def task(self) -> Task:
        return _named(digits.tasks(), "cell-95")
