"""Conditions of simulated runs: part of their identity, told to the store, and refused where nothing heeds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import nasbench_sparse as nbs
from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.declaration import digest
from nasbench_sparse.core.run import RunSpec
from nasbench_sparse.errors import NbsError
from nasbench_sparse.executors import make_executor
from nasbench_sparse.executors.faults import Faults
from nasbench_sparse.registry import load_optimizer
from nasbench_sparse.runner.plan import PlannedRun, plan_run
from nasbench_sparse.runner.resources import Resources, conditions
from nasbench_sparse.runner.study import Study
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.results import TabularResults
from nasbench_sparse.testing.problems import SyntheticTask

TASK = SyntheticTask()
BARE = RunSpec(task="t", fingerprint="f", optimizer="o", source="1", seed=3, executor="simulated")


def run(store: Path, trials: int = 12, executor: str = "simulated", **more: Any) -> nbs.Result:
    return nbs.run(TASK, "random", trials=trials, store=store, executor=executor, **more)


def planned(executor: str, **more: Any) -> PlannedRun:
    return plan_run(TASK, load_optimizer("random"), Budget("trials", 3), seed=0, executor=executor, **more)


def test_a_run_without_conditions_keeps_its_identity() -> None:
    assert BARE.identity == {
        "fingerprint": "f",
        "optimizer": "o",
        "source": "1",
        "options": {},
        "seed": 3,
        "replicate": 0,
        "workers": 1,
        "executor": "simulated",
    }
    assert BARE.run_id == digest(BARE.identity)
    assert BARE.where == "simulated"


def test_conditions_are_part_of_the_identity_in_any_order() -> None:
    def spec(under: dict[str, Any]) -> RunSpec:
        return RunSpec(
            task="t", fingerprint="f", optimizer="o", source="1", seed=3, executor="simulated", conditions=under
        )

    one, other = (
        spec({"trial_timeout": 5.0, "on_missing": "train"}),
        spec({"on_missing": "train", "trial_timeout": 5.0}),
    )
    assert one.run_id == other.run_id != BARE.run_id
    assert one.where == other.where == "simulated (on_missing=train, trial_timeout=5.0)"


def test_only_what_is_not_the_default_is_a_condition() -> None:
    assert conditions(None) == conditions(Resources(), TabularResults()) == {}
    assert conditions(Resources(faults=Faults())) == conditions(Resources(faults=Faults(seed=3))) == {}
    assert conditions(Resources(trial_timeout=5, faults=Faults(failure_rate=0.1)), TabularResults("train")) == {
        "trial_timeout": 5.0,
        "failure_rate": 0.1,
        "on_missing": "train",
    }
    slow = Faults(straggler_rate=0.5, straggler_factor=3.0, seed=2)
    assert slow.conditions == {"straggler_rate": 0.5, "straggler_factor": 3.0, "fault_seed": 2}


def test_a_live_run_has_no_conditions() -> None:
    under = {"trial_timeout": 5.0}
    assert planned("processes", conditions=under).spec.run_id == planned("processes").spec.run_id
    assert planned("simulated", conditions=under).spec.run_id != planned("simulated").spec.run_id


def test_another_time_limit_is_another_run(tmp_path: Path) -> None:
    store = tmp_path / "s.duckdb"
    free = run(store)
    short = run(store, resources=Resources(trial_timeout=5.0))
    assert (free.status, short.status) == ("finished", "finished")
    assert set(free.trials["status"]) == {"OK"}
    assert set(short.trials["status"]) == {"TIMEOUT"}  # nine units of one to two seconds
    assert short.trials["seconds"].to_list() == [5.0] * 12
    assert run(store, resources=Resources(trial_timeout=5.0)).status == "reused"
    executors = Store(store).sql("SELECT executor FROM runs ORDER BY executor")["executor"].to_list()
    assert executors == ["simulated", "simulated (trial_timeout=5.0)"]


def test_another_answer_to_what_is_missing_is_another_run(tmp_path: Path) -> None:
    store = tmp_path / "s.duckdb"
    assert run(store).run_id != run(store, on_missing="train").run_id
    with pytest.raises(NbsError, match="has no table"):
        run(tmp_path / "other.duckdb", on_missing="error")


def test_faults_befall_the_trials_that_were_declared(tmp_path: Path) -> None:
    faults = Faults(failure_rate=0.3, straggler_rate=0.4, straggler_factor=3.0, seed=1)
    plain = run(tmp_path / "s.duckdb").trials
    result = run(tmp_path / "s.duckdb", resources=Resources(faults=faults))
    fates = [faults.fate(result.run_id, number) for number in range(12)]
    assert [status == "FAILED" for status in result.trials["status"]] == [f.dies_at is not None for f in fates]
    assert 0 < sum(fate.dies_at is not None for fate in fates) < 12
    for before, seconds, told, asked, fate in zip(
        plain["seconds"],
        result.trials["seconds"],
        result.trials["told_at"],
        result.trials["asked_at"],
        fates,
        strict=True,
    ):
        busy = before * fate.slowdown * (1.0 if fate.dies_at is None else fate.dies_at)
        assert told - asked == pytest.approx(busy)
        assert seconds == pytest.approx(before if fate.dies_at is None else busy)


def test_runs_spread_over_processes_meet_the_same_faults(tmp_path: Path) -> None:
    resources = Resources(faults=Faults(failure_rate=0.5))
    plans = [
        plan_run(
            TASK,
            load_optimizer("random"),
            Budget("trials", 6),
            seed=seed,
            executor="simulated",
            conditions=conditions(resources),
        )
        for seed in range(2)
    ]
    found = []
    for slots in (1, 2):
        store = Store(tmp_path / f"{slots}.duckdb")
        report = Study(store, Resources(slots=slots, faults=resources.faults), recorded=TabularResults()).run(plans)
        assert len(report.finished) == 2
        found.append(store.sql("SELECT run_id, number, status, seconds FROM trials ORDER BY ALL").rows())
    assert found[0] == found[1]
    assert "FAILED" in {status for _, _, status, _ in found[0]}


@pytest.mark.parametrize(
    ("resources", "recorded", "says"),
    [
        (Resources(ray_address="auto"), None, "--ray-address: only --executor ray heeds that, and .* on serial"),
        (Resources(cpus_per_trial=2.0, gpus_per_trial=0.5), None, "--cpus-per-trial and --gpus-per-trial: only"),
        (Resources(faults=Faults(failure_rate=0.5)), None, "failures and stragglers: only --executor simulated"),
        (None, TabularResults("train"), "--on-missing: only --executor simulated"),
    ],
)
def test_what_no_run_heeds_is_refused(
    tmp_path: Path, resources: Resources | None, recorded: TabularResults | None, says: str
) -> None:
    with pytest.raises(NbsError, match=says):
        Study(Store(tmp_path / "s.duckdb"), resources, recorded=recorded).run([planned("serial")])
    assert not (tmp_path / "s.duckdb").exists()


def test_a_simulated_run_planned_under_other_conditions_is_refused(tmp_path: Path) -> None:
    study = Study(Store(tmp_path / "s.duckdb"), Resources(trial_timeout=5.0))
    with pytest.raises(NbsError, match=r"planned under no conditions and would meet trial_timeout=5\.0"):
        study.run([planned("simulated")])
    assert study.run([planned("simulated", conditions={"trial_timeout": 5.0})]).finished


@pytest.mark.parametrize("kind", ["serial", "processes", "ray"])
def test_real_workers_take_no_faults(kind: str) -> None:
    with pytest.raises(NbsError, match="for the simulated executor alone"):
        make_executor(kind, faults=Faults(failure_rate=0.1))


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("inf"), float("nan")])
def test_a_time_limit_is_positive_and_finite(seconds: float) -> None:
    with pytest.raises(NbsError, match="positive number of seconds"):
        make_executor("simulated", trial_timeout=seconds)


def test_a_newcomer_is_not_compared_under_conditions_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(NbsError, match="meets the conditions of the suite's recorded runs, so not trial_timeout"):
        nbs.compare("random", suite="tabular", store=tmp_path / "s.duckdb", resources=Resources(trial_timeout=1.0))
    assert not (tmp_path / "s.duckdb").exists()
