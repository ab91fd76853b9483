from __future__ import annotations

from pathlib import Path

import pytest

import nasbench_sparse as nbs
from nasbench_sparse.core.config import Config, config_key
from nasbench_sparse.core.trial import Evaluation, Status, Trial
from nasbench_sparse.errors import NbsError
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.parquet import export_table
from nasbench_sparse.tabular.places import keep_table
from nasbench_sparse.tabular.results import TabularResults
from nasbench_sparse.tabular.surrogate.files import fit_folder
from nasbench_sparse.tabular.surrogate.model import is_predicted
from nasbench_sparse.tabular.surrogate.results import PredictedResults
from nasbench_sparse.tabular.table import Table
from tests.tabular.surrogate.problems import FEW_TREES, MIXED, SMOOTH


def rows(path: Path) -> list[tuple[object, ...]]:
    columns = "number, config_key, fidelity, loss, incumbent_loss, seconds, asked_at, told_at, worker, reused"
    return Store(path).sql(f"SELECT {columns} FROM trials ORDER BY number").rows()


def test_a_simulated_run_leaves_the_table(fitted: Path, tmp_path: Path) -> None:
    keep_table(fitted, SMOOTH)
    results = []
    for name in ("one.duckdb", "two.duckdb"):
        done = nbs.run(SMOOTH, "asha", trials=60, store=tmp_path / name, executor="simulated", workers=4)
        results.append((done.loss, done.config))
        told = Store(tmp_path / name).sql(
            "SELECT count(*) FILTER (predicted) AS guessed, "
            "count(*) FILTER (predicted AND c.config_key IS NOT NULL) AS trained "
            "FROM trials LEFT JOIN (SELECT DISTINCT config_key FROM trainings) AS c USING (config_key)"
        )
        guessed, trained = told.row(0)
        assert guessed > 0
        assert trained == 0
    assert results[0] == results[1]
    assert rows(tmp_path / "one.duckdb") == rows(tmp_path / "two.duckdb")
    assert results[0][0] < 0.4


def test_a_predicted_run_resumes(fitted: Path, tmp_path: Path) -> None:
    keep_table(fitted, SMOOTH)
    for trials in (10, 30):
        nbs.run(SMOOTH, "lahc", trials=trials, store=tmp_path / "s.duckdb", executor="simulated")
    nbs.run(SMOOTH, "lahc", trials=30, store=tmp_path / "whole.duckdb", executor="simulated")
    assert rows(tmp_path / "s.duckdb") == rows(tmp_path / "whole.duckdb")


def test_recorded_trainings_come_first_and_predictions_say_so(fitted: Path, tmp_path: Path) -> None:
    keep_table(fitted, SMOOTH)
    known = TabularResults().known(Store(tmp_path / "s.duckdb"), SMOOTH, "simulated")
    held = next(Table.load("smooth", task=SMOOTH).configs)
    unknown = {"x_0": 0.25, "x_1": 0.75}
    for config, expected in ((held, False), (unknown, True)):
        curves = []
        for fidelity in (3, 9):
            trial = Trial(0, config, config_key(config), fidelity, 1)
            assert known.knows(trial)
            found = known.find(trial)
            assert found is not None
            assert is_predicted(found) is expected
            known.add(trial, found)
            curves.append(found.curve)
        assert curves[0] == curves[1][:3]
        assert len(curves[1]) == 9


def test_predicted_divergence_comes_at_its_step(mixed: Table, tmp_path: Path) -> None:
    export_table(mixed, tmp_path / "mixed", {})
    fit_folder(tmp_path / "mixed", MIXED, "fit", boosting=FEW_TREES)
    keep_table(tmp_path / "mixed", MIXED)
    known = TabularResults().known(Store(tmp_path / "s.duckdb"), MIXED, "simulated")
    config: dict[str, int | float | str | bool] = {"rate": 0.01, "depth": 5, "optimizer": "rmsprop"}
    found = [known.find(Trial(0, config, config_key(config), fidelity, 0)) for fidelity in (4, 5, 9)]
    assert [e and e.status for e in found] == [Status.OK, Status.DIVERGED, Status.DIVERGED]


def test_on_missing_error_and_train_predict_nothing(fitted: Path, tmp_path: Path) -> None:
    keep_table(fitted, SMOOTH)
    run = {"trials": 3, "executor": "simulated"}
    with pytest.raises(NbsError, match="is not in the table"):
        nbs.run(SMOOTH, "random", store=tmp_path / "e.duckdb", on_missing="error", **run)  # type: ignore[arg-type]
    nbs.run(SMOOTH, "random", store=tmp_path / "t.duckdb", on_missing="train", **run)  # type: ignore[arg-type]
    trained = (
        "SELECT count(*) AS n FROM trainings JOIN provenances USING (provenance_key) "
        "WHERE (provenance -> '$.table') IS NULL"
    )
    assert Store(tmp_path / "t.duckdb").sql(trained).item() == 27


def test_predictions_are_made_again_once_too_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nasbench_sparse.tabular.surrogate.results.MOST_KEPT", 2)
    predicted: list[object] = []

    class Guessing:
        def evaluation(self, config: Config) -> Evaluation:
            predicted.append(config["x"])
            return Evaluation(Status.DIVERGED, (), 1.0)

    known = PredictedResults(Guessing(), {})  # type: ignore[arg-type]
    for x in (0, 0, 1, 0, 2, 2, 0):
        assert known.find(Trial(0, {"x": x}, str(x), 9, 0)) is not None
    assert predicted == [0, 1, 2, 0]
