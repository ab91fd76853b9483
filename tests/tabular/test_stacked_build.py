"""Building the table of a stacked task: whole stacks form, and a build that was killed goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.errors import NbsError
from nasbench_sparse.registry import load_optimizer
from nasbench_sparse.runner.plan import PlannedRun, plan_run
from nasbench_sparse.runner.study import Study
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.build import plan_build
from nasbench_sparse.tabular.enumeration import Enumeration
from nasbench_sparse.tabular.stored import stored_table
from nasbench_sparse.testing.problems import Fault, SyntheticTask
from nasbench_sparse.testing.synthetic_spaces import ChromosomeSpace

BUILD = """
import sys
from nasbench_sparse.runner.study import Study
from nasbench_sparse.store import Store
from tests.tabular.test_stacked_build import TASK, plans
if __name__ == "__main__":
    Study(Store(sys.argv[1])).run(plans(TASK, sys.argv[2]))
"""

TASK = SyntheticTask(
    name="stacked", space=ChromosomeSpace(length=2), numerics="stacked(4)", faults=(Fault("sleep", (), 0.02),)
)
QUICK = replace(TASK, faults=())
COUNT = 25  # configs of two genes of five


@pytest.mark.parametrize(
    ("executor", "workers", "under_way"), [("serial", 1, 4), ("processes", 3, 12), ("ray", 2, 2)]
)
def test_build_has_whole_stacks_under_way(executor: str, workers: int, under_way: int) -> None:
    plans = plan_build(QUICK, Enumeration("all"), replicates=1, executor=executor, workers=workers)
    assert [plan.spec.workers for plan in plans] == [under_way]


def plans(task: SyntheticTask, executor: str) -> list[PlannedRun]:
    """Plan a build of two replicates, on two processes where the executor has any."""
    workers = 1 if executor == "serial" else 2
    return plan_build(task, Enumeration("all"), replicates=2, executor=executor, workers=workers)


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_stacked_build_holds_what_single_trials_hold(executor: str, tmp_path: Path) -> None:
    store, lone = Store(tmp_path / "stacked.duckdb"), Store(tmp_path / "single.duckdb")
    single = replace(QUICK, numerics="single")
    Study(store).run(plans(QUICK, executor))
    Study(lone).run(plans(single, "serial"))
    ours, theirs = stored_table(store, QUICK), stored_table(lone, single)
    assert ours.best() == theirs.best()
    assert sorted(ours.losses().flatten().tolist()) == sorted(theirs.losses().flatten().tolist())


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_killed_stacked_build_resumes(executor: str, tmp_path: Path) -> None:
    path = tmp_path / "killed.duckdb"
    process = subprocess.Popen([sys.executable, "-c", BUILD, str(path), executor])
    journal = Path(f"{path}.journal")
    end = time.monotonic() + 60.0
    while not any(file.read_bytes().count(b"\n") > 12 for file in journal.glob("*.jsonl")):
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    store = Store(path)
    report = Study(store).run(plans(TASK, executor))
    assert not report.failed
    assert stored_table(store, TASK).losses().shape[0] == COUNT


def test_serial_run_takes_no_more_than_a_stack() -> None:
    with pytest.raises(NbsError, match=r"one worker \(4 fill a stack of task 'stacked'\)"):
        plan_run(QUICK, load_optimizer("random"), Budget("trials", 8), seed=0, workers=5)
    assert plan_run(QUICK, load_optimizer("random"), Budget("trials", 8), seed=0, workers=4).spec.workers == 4
