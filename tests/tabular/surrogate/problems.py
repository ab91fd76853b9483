"""Tasks whose tables are quickly made, and smooth, noisy, or diverging in a known place."""

from __future__ import annotations

from nasbench_sparse.core.task import Task
from nasbench_sparse.runner.study import Study
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.build import plan_build
from nasbench_sparse.tabular.enumeration import Enumeration
from nasbench_sparse.tabular.stored import stored_table
from nasbench_sparse.tabular.surrogate.boosting import Boosting
from nasbench_sparse.tabular.table import Table
from nasbench_sparse.testing.problems import Fault, SyntheticTask
from nasbench_sparse.testing.synthetic_spaces import ContinuousSpace, MixedSpace

SMOOTH = SyntheticTask(name="smooth", space=ContinuousSpace(2), replicates=2)
NOISE = SyntheticTask(name="noise", space=ContinuousSpace(2), noise=3.0)
MIXED = SyntheticTask(
    name="mixed", space=MixedSpace(), folds=2, faults=(Fault("diverge", (("optimizer", "rmsprop"),)),)
)

FEW_TREES = Boosting(trees=80, rate=0.15)
"""Half of the default's time."""


def table(task: Task, store: Store, configs: int, replicates: int = 1) -> Table:
    """Train random configs of a task."""
    Study(store).run(plan_build(task, Enumeration("configs", configs), replicates=replicates))
    return stored_table(store, task)
