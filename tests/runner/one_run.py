"""A run in a process of its own: `one_run.py STORE OPTIMIZER EXECUTOR WORKERS TRIALS SLEEP`."""

from __future__ import annotations

import sys

import nasbench_sparse as nbs
from nasbench_sparse.testing.problems import Fault, SyntheticTask


def main() -> None:
    store, optimizer, executor, workers, trials, sleep = sys.argv[1:]
    task = SyntheticTask(faults=(Fault("sleep", (), float(sleep)), Fault("raise", (("gene_0", "tanh"),))))
    print("ready", flush=True)
    nbs.run(task, optimizer, seed=5, trials=int(trials), store=store, executor=executor, workers=int(workers))
    print("done", flush=True)


if __name__ == "__main__":
    main()
