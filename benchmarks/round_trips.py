"""A trial to a worker and back, shared by the benchmarks of executors that have workers."""

from __future__ import annotations

from benchmarks.measurement import seconds
from benchmarks.table_task import TASK
from nasbench_sparse.core.executor import Executor, Work
from nasbench_sparse.testing.problems import make_trial


def round_trip(executor: Executor, trials: int) -> float:
    """Return the seconds of trials submitted one after another, each when the one before is back."""
    configs = [config for config, _ in zip(TASK.space.grid(1), range(trials), strict=False)]
    works = [Work("run", make_trial(TASK, configs[i % len(configs)], number=i)) for i in range(trials)]

    def go() -> None:
        for work in works:
            executor.submit(TASK, work)
            while executor.next_completed() is None:
                continue

    return seconds(go)


def trivial(number: int) -> int:
    """Return the number: the peers' least task."""
    return number
