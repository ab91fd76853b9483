"""Simulated runs over several processes, and their bytes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.optimizer import Optimizer
from nasbench_sparse.core.run import RunSpec
from nasbench_sparse.core.trial import Observation
from nasbench_sparse.errors import NbsError
from nasbench_sparse.registry import OptimizerEntry, load_optimizer
from nasbench_sparse.runner.plan import PlannedRun, plan_run
from nasbench_sparse.runner.resources import Resources
from nasbench_sparse.runner.study import RunView, Study, StudyReport, Unwatched
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.places import keep_table
from nasbench_sparse.tabular.results import TabularResults
from tests.tabular.problems import TASK

ROOT = Path(__file__).parents[2]

CHILD = """
import sys
from pathlib import Path
from tests.tabular.test_spread import digest, study
study(Path(sys.argv[1]), int(sys.argv[2]))
print(digest(Path(sys.argv[1])))
"""


class Dies(Optimizer):
    """Ends its process at the third trial, unless it has been told to live."""

    name = "dies"

    def ask(self) -> dict[str, object]:  # type: ignore[override]
        self.count = getattr(self, "count", 0) + 1
        if self.count > 3 and "NBS_TEST_LIVE" not in os.environ:
            os._exit(3)
        return self.space.sample(self.rng)  # type: ignore[return-value]

    def tell(self, observation: Observation) -> None:
        """Learn nothing."""


class Breaks(Dies):
    """Raises at once."""

    name = "breaks"

    def ask(self) -> dict[str, object]:
        raise ValueError("no idea")


class Heard(Unwatched):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.begun: list[RunSpec] = []
        self.over: list[tuple[str, int]] = []

    def started(self, run: RunView) -> None:
        self.begun.append(run.spec)

    def ended(self, run: RunView) -> None:
        self.over.append((run.status, run.told_count))


def plans(*entries: OptimizerEntry, seeds: int = 3, trials: int = 40) -> list[PlannedRun]:
    return [
        plan_run(TASK, entry, Budget("trials", trials), seed=seed, workers=4, executor="simulated")
        for seed in range(seeds)
        for entry in entries
    ]


def study(path: Path, slots: int) -> StudyReport:
    entries = [load_optimizer(name) for name in ("random", "lahc", "sa", "evolution", "asha")]
    return Study(Store(path), Resources(slots=slots), recorded=TabularResults()).run(plans(*entries))


def digest(path: Path) -> str:
    """Hash every trial of a store, floats with all their bits."""
    rows = Store(path).sql("SELECT * FROM trials ORDER BY run_id, number").rows()
    return hashlib.sha256(repr(rows).encode()).hexdigest()


@pytest.fixture(autouse=True)
def table(exported: Path, tables: Path) -> None:
    keep_table(exported, TASK)


def test_trials_are_the_same_bytes_in_other_processes_and_for_any_hash_seed(tmp_path: Path) -> None:
    report = study(tmp_path / "here.duckdb", 1)
    assert (len(report.finished), report.failed) == (15, {})
    expected = digest(tmp_path / "here.duckdb")
    for seed, slots in (("1", "1"), ("2", "3")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        path = str(tmp_path / f"{seed}.duckdb")
        run = subprocess.run(
            [sys.executable, "-c", CHILD, path, slots], env=environment, capture_output=True, text=True, check=True
        )
        assert run.stdout.strip() == expected


def test_spread_runs_are_recorded_merged_heard_of_and_reused(tmp_path: Path) -> None:
    path, heard = tmp_path / "s.duckdb", Heard()
    wanted = plans(load_optimizer("random"), load_optimizer("asha"))
    report = Study(Store(path), Resources(slots=2), recorded=TabularResults(), watcher=heard).run(wanted)
    assert sorted(report.finished) == sorted(plan.spec.run_id for plan in wanted)
    assert sorted(spec.run_id for spec in heard.begun) == sorted(report.finished)
    assert heard.over == [("finished", 40)] * 6
    assert not Path(f"{path}.journal").exists()
    assert Store(path).sql("SELECT DISTINCT status FROM runs").rows() == [("finished",)]
    again = Study(Store(path), Resources(slots=2), recorded=TabularResults()).run(wanted)
    assert (len(again.reused), again.finished) == (6, [])
    more = Study(Store(path), Resources(slots=2), recorded=TabularResults()).run(
        plans(load_optimizer("random"), trials=50)
    )
    assert len(more.finished) == 3
    assert Store(path).verify() == []


def test_a_run_whose_process_dies_fails_alone_and_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.duckdb"
    wanted = plans(
        OptimizerEntry("dies", "1", Dies), load_optimizer("random"), OptimizerEntry("breaks", "1", Breaks)
    )
    report = Study(Store(path), Resources(slots=2), recorded=TabularResults()).run(wanted)
    assert len(report.finished) == 3
    errors = [report.failed[plan.spec.run_id] for plan in wanted if plan.spec.optimizer == "dies"]
    assert errors == ["its process ended with status 3"] * 3
    errors = [report.failed[plan.spec.run_id] for plan in wanted if plan.spec.optimizer == "breaks"]
    assert all("raised ValueError in ask at trial 0: no idea" in error for error in errors)
    monkeypatch.setenv("NBS_TEST_LIVE", "1")
    again = Study(Store(path), Resources(slots=2), recorded=TabularResults()).run(wanted[:1])
    assert again.finished == [wanted[0].spec.run_id]


def test_a_worker_process_starts_no_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASBENCH_SPARSE_WORKER", "1")
    with pytest.raises(NbsError, match="__main__"):
        study(tmp_path / "s.duckdb", 2)
