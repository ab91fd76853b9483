"""Tasks of cycles and of sparsification while training obey the laws of every task."""

from __future__ import annotations

from nasbench_sparse.core.blueprint import Prune, Train
from nasbench_sparse.testing.tasks import TaskSuite
from nasbench_sparse.training.task import TrainingTask
from tests.training.phased import ASNI, METHODS, RIGL, SGD, task_of


class TestApLite(TaskSuite):
    def task(self) -> TrainingTask:
        return task_of(METHODS["ap-lite"])


class TestRigL(TaskSuite):
    def task(self) -> TrainingTask:
        return task_of((Prune("random", (0.2,), distribution="erk"), Train(3, SGD, sparsify=RIGL)))


class TestAsniII(TaskSuite):
    def task(self) -> TrainingTask:
        return task_of(ASNI)
