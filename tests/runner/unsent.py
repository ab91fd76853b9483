"""Runs of a class that other processes cannot import: `unsent.py STORE`."""

from __future__ import annotations

import sys
import warnings

import nasbench_sparse as nbs
from nasbench_sparse.core.budget import Budget
from nasbench_sparse.registry import load_optimizer, wrap_optimizer
from nasbench_sparse.runner.plan import plan_run
from nasbench_sparse.runner.resources import Resources
from nasbench_sparse.runner.study import Study
from nasbench_sparse.testing.problems import SyntheticTask

if __name__ == "__main__":

    class Hidden(nbs.Optimizer):
        def ask(self):
            return self.space.sample(self.rng)

        def tell(self, observation):
            pass

    entries = (wrap_optimizer(Hidden), load_optimizer("random"))
    plans = [
        plan_run(SyntheticTask(), entry, Budget("trials", 4), seed=seed, executor="simulated")
        for seed in range(2)
        for entry in entries
    ]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        report = Study(nbs.Store(sys.argv[1]), Resources(slots=2)).run(plans)
    print(len(report.finished), len(report.failed), len(caught), caught[0].category.__name__)
    print(caught[0].message)
