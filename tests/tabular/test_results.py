from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import nasbench_sparse as nbs
from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.config import config_key
from nasbench_sparse.core.optimizer import Optimizer
from nasbench_sparse.core.trial import Evaluation, Observation, Proposal, SearchStep, Status, Trial
from nasbench_sparse.errors import NbsError, NotInTable, OtherTask, UnsupportedSpace
from nasbench_sparse.registry import load_optimizer, wrap_optimizer
from nasbench_sparse.runner.plan import plan_run
from nasbench_sparse.runner.results import KnownResults
from nasbench_sparse.runner.study import Study
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.build import plan_build
from nasbench_sparse.tabular.enumeration import ENTRY, Enumeration
from nasbench_sparse.tabular.parquet import export_table
from nasbench_sparse.tabular.places import keep_table
from nasbench_sparse.tabular.results import TabularResults
from nasbench_sparse.tabular.stored import stored_table
from tests.tabular.problems import ONE_SHOT, TASK

TORCHLESS = """
import sys
import nasbench_sparse as nbs
from tests.tabular.problems import TASK
result = nbs.run(TASK, "asha", trials=30, store=sys.argv[1], executor="simulated", workers=8)
heavy = "torch ray smac optuna ConfigSpace scipy pandas".split()
print(result.loss, [name for name in heavy if name in sys.modules])
"""


class Searches(Optimizer):
    """Three search steps, then the derived config."""

    name = "searches"

    def __init__(self, problem: nbs.Problem, *, seed: int) -> None:
        super().__init__(problem, seed=seed)
        self.asked = self.told = 0
        self.derived: nbs.Proposal | None = None

    def ask(self) -> SearchStep | Proposal | None:
        if self.asked == self.told and self.asked < 3:
            self.asked += 1
            return SearchStep("none:none", self.asked - 1, self.seed)
        derived, self.derived = self.derived, None
        return derived

    def tell(self, observation: Observation) -> None:
        self.told += 1
        if self.told == 3:
            self.derived = Proposal(observation.config)


def test_a_run_from_a_table_is_the_run_that_trains(exported: Path, tmp_path: Path) -> None:
    def run(name: str) -> list[tuple[object, ...]]:
        nbs.run(TASK, "lahc", trials=60, store=tmp_path / name, executor="simulated", workers=8)
        columns = "number, config_key, fidelity, status, loss, incumbent_loss, seconds, asked_at, told_at, worker"
        return Store(tmp_path / name).sql(f"SELECT {columns} FROM trials ORDER BY number").rows()

    trained = run("trained.duckdb")
    keep_table(exported, TASK)
    assert run("looked-up.duckdb") == trained
    store = Store(tmp_path / "looked-up.duckdb")
    assert store.sql("SELECT bool_and(reused) AS all FROM trials").item()
    sources = (
        "SELECT DISTINCT provenance -> '$.table' AS source FROM trainings JOIN provenances USING (provenance_key)"
    )
    assert TASK.fingerprint in store.sql(sources).item()  # all of them came with the table


def test_tabular_runs_never_import_torch(exported: Path, tables: Path, tmp_path: Path) -> None:
    keep_table(exported, TASK)
    run = subprocess.run(
        [sys.executable, "-c", TORCHLESS, str(tmp_path / "s.duckdb")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert run.stdout.endswith("[]\n"), run.stdout


def few(path: Path) -> Store:
    """A store with a table of four configs."""
    store = Store(path)
    Study(store).run(plan_build(TASK, Enumeration("configs", 4), replicates=1))
    return store


def test_a_config_that_the_table_lacks_ends_its_run_and_names_the_nearest(tmp_path: Path) -> None:
    store = few(tmp_path / "few.duckdb")
    with pytest.raises(NbsError, match=r"is not in the table; the nearest are .*--on-missing train"):
        nbs.run(TASK, "random", trials=20, store=store, executor="simulated")
    assert (
        nbs.run(TASK, "random", trials=20, store=store, executor="simulated", on_missing="train").loss is not None
    )
    assert store.sql("SELECT count(DISTINCT config_key) AS n FROM trainings").item() > 4


def test_other_runs_of_a_study_go_on_where_one_leaves_the_table(tmp_path: Path) -> None:
    store = few(tmp_path / "few.duckdb")
    plans = [
        plan_run(TASK, entry, Budget("trials", 20), seed=0, options=options, executor="simulated")
        for entry, options in ((load_optimizer("random"), {}), (ENTRY, {"mode": "configs", "number": 4}))
    ]
    report = Study(store, recorded=TabularResults()).run(plans)
    assert [list(report.failed), report.finished] == [[plans[0].spec.run_id], [plans[1].spec.run_id]]


def test_on_missing_error_refuses_even_without_a_table(tmp_path: Path) -> None:
    with pytest.raises(NbsError, match="has no table"):
        nbs.run(TASK, "random", trials=2, store=tmp_path / "s.duckdb", executor="simulated", on_missing="error")
    nbs.run(TASK, "random", trials=2, store=tmp_path / "s.duckdb", executor="simulated")


def test_live_runs_train_what_the_table_knows(exported: Path, tmp_path: Path) -> None:
    keep_table(exported, TASK)
    nbs.run(TASK, "random", trials=3, store=tmp_path / "live.duckdb")
    assert Store(tmp_path / "live.duckdb").sql("SELECT count(*) AS n FROM trainings").item() == 27


def test_a_table_of_another_version_stops_a_simulated_run(exported: Path, tmp_path: Path) -> None:
    keep_table(exported, TASK)
    with pytest.raises(OtherTask, match="version 2 is installed"):
        Study(Store(tmp_path / "s.duckdb"), recorded=TabularResults()).recorded.known(
            Store(tmp_path / "s.duckdb"), replace(TASK, version=2), "simulated"
        )


def test_one_shot_searches_replay_what_is_recorded_and_others_are_refused(tmp_path: Path, tables: Path) -> None:
    live = Store(tmp_path / "live.duckdb")
    nbs.run(ONE_SHOT, Searches, trials=10, store=live, seed=1)
    Study(live).run(plan_build(ONE_SHOT, Enumeration("all"), replicates=1))
    export_table(stored_table(live, ONE_SHOT), tmp_path / "export", {})
    keep_table(tmp_path / "export", ONE_SHOT)
    fresh = tmp_path / "fresh.duckdb"
    replayed = nbs.run(ONE_SHOT, Searches, trials=10, store=fresh, seed=1, executor="simulated")
    assert replayed.config == nbs.run(ONE_SHOT, Searches, trials=10, store=live, seed=1).config
    assert Store(fresh).sql("SELECT bool_and(reused) AS all FROM trials").item()
    refusal = r"no recorded search with seed 2 .*recorded are: these options with seeds 1\. .*--on-missing train"
    with pytest.raises(UnsupportedSpace, match=refusal):
        nbs.run(ONE_SHOT, Searches, trials=10, store=fresh, seed=2, executor="simulated")
    assert Store(fresh).sql("SELECT count(*) AS n FROM runs").item() == 1  # refused before the run
    assert nbs.run(
        ONE_SHOT, Searches, trials=10, store=fresh, seed=2, executor="simulated", on_missing="train"
    ).config


def test_the_longer_of_two_recordings_answers(exported: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "short.duckdb")
    entry = wrap_optimizer(Short)
    Study(store).run([plan_run(TASK, entry, Budget("trials", 1), seed=0)])
    keep_table(exported, TASK)
    known = TabularResults().known(store, TASK, "simulated")
    config = {"gene_0": "relu", "gene_1": "relu"}
    found = known.find(Trial(0, config, config_key(config), 9, 0))
    assert found is not None
    assert len(found.curve) == 9
    with pytest.raises(NotInTable):
        known.find(Trial(0, config, config_key(config), 9, 3))


class Short(Optimizer):
    """One config for two epochs."""

    name = "short"

    def ask(self) -> Proposal:
        return Proposal({"gene_0": "relu", "gene_1": "relu"}, 2)

    def tell(self, observation: Observation) -> None:
        """Learn nothing."""


def test_known_results_look_a_training_up_once() -> None:
    looked_up: list[object] = []

    class Counting(dict):  # type: ignore[type-arg]
        def get(self, key, default=None):  # type: ignore[no-untyped-def]
            looked_up.append(key)
            return super().get(key, default)

    config = {"gene_0": "relu", "gene_1": "relu"}
    trial = Trial(0, config, config_key(config), 9, 0)
    known = KnownResults(Counting({(trial.config_key, 0): TASK.evaluate(trial)[0]}))
    for fidelity in (9, 3, 9):
        assert known.find(replace(trial, fidelity=fidelity)) is not None
    assert looked_up == [(trial.config_key, 0)]


def test_known_results_keep_the_seconds_of_a_training_without_curves() -> None:
    trial = Trial(0, {}, "key", 9, 0)
    at_once = Evaluation(Status.DIVERGED, (), 3.0)
    assert KnownResults({("key", 0): at_once}).find(trial) == at_once


def test_known_results_keep_few_of_a_large_table_and_all_that_was_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nasbench_sparse.runner.results.MOST_KEPT", 4)
    looked_up: list[str] = []

    class Building(dict):  # type: ignore[type-arg]
        def get(self, key, default=None):  # type: ignore[no-untyped-def]
            looked_up.append(key[0])
            return None if key[0] == "own" else Evaluation(Status.DIVERGED, (), float(key[0]))

    own = Evaluation(Status.DIVERGED, (), 7.0)
    known = KnownResults(Building())
    known.add(Trial(0, {}, "own", 9, 0), own)
    for key in ("0", "1", "2", "3", "4", "4", "0"):
        found = known.find(Trial(0, {}, key, 9, 0))
        assert found is not None
        assert found.seconds == float(key)
    assert known.find(Trial(0, {}, "own", 9, 0)) == own
    assert looked_up == ["own", "0", "1", "2", "3", "4", "0"]
