"""Drives an executor through some work, one by one or with all slots busy."""

from __future__ import annotations

from nasbench_sparse.core.executor import Completion, Executor, Work
from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Evaluation


def run(executor: Executor, task: Task, work: Work) -> Completion:
    """Carry out one work item."""
    executor.submit(task, work)
    completion = executor.next_completed()
    assert completion is not None
    assert completion.work is work
    return completion


def run_all(executor: Executor, task: Task, works: list[Work]) -> dict[int, Evaluation]:
    """Carry out work with all slots busy; each item must come back exactly once."""
    waiting = list(works)
    done: dict[int, Evaluation] = {}
    while len(done) < len(works):
        while waiting and executor.free_workers:
            executor.submit(task, waiting.pop(0))
        completion = executor.next_completed()
        assert completion is not None
        assert completion.work.trial.number not in done
        done[completion.work.trial.number] = completion.evaluation
    return done
