"""A task of cycles obeys the laws of every task."""

from __future__ import annotations

from nasbench_sparse.testing.tasks import TaskSuite
from nasbench_sparse.training.task import TrainingTask
from tests.training.phased import METHODS, task_of


class TestApLite(TaskSuite):
    def task(self) -> TrainingTask:
        return task_of(METHODS["ap-lite"])
