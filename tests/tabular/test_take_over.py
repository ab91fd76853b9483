"""A store takes over the table that its simulated runs are answered from."""

from __future__ import annotations

from pathlib import Path

import pytest

import nasbench_sparse as nbs
from nasbench_sparse.errors import DamagedTable, OtherTask
from nasbench_sparse.runner.study import Study
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.build import plan_build
from nasbench_sparse.tabular.enumeration import Enumeration
from nasbench_sparse.tabular.parquet import export_table, table_files
from nasbench_sparse.tabular.places import find_files, keep_table
from nasbench_sparse.tabular.results import TabularResults, take_over_tables
from nasbench_sparse.tabular.stored import stored_table
from tests.tabular.problems import FOLDED, TASK

POINTS = (
    "SELECT config_key, replicate, fold, step, phase, status, train_loss, val_loss, val_accuracy, test_loss, "
    "test_accuracy, density, seconds, metrics FROM trainings WHERE step > 0 ORDER BY ALL"
)


@pytest.fixture
def taken(exported: Path, tmp_path: Path) -> Store:
    """A new store that took over the table of the small task."""
    keep_table(exported, TASK)
    store = Store(tmp_path / "taken.duckdb")
    take_over_tables(store, [TASK])
    return store


def test_a_store_holds_the_same_rows_as_the_one_that_trained(taken: Store, built: Store) -> None:
    assert taken.sql(POINTS).rows() == built.sql(POINTS).rows()
    configs = "SELECT fingerprint, config_key, config FROM configs ORDER BY ALL"
    assert taken.sql(configs).rows() == built.sql(configs).rows()
    assert (
        taken.sql("SELECT name, declaration FROM tasks").rows()
        == built.sql("SELECT name, declaration FROM tasks").rows()
    )
    assert taken.verify() == []


def test_a_table_is_taken_over_once(taken: Store) -> None:
    files = find_files(TASK)
    assert files is not None
    assert taken.take_over(files) == 0
    assert taken.sql("SELECT count(*) AS n FROM provenances").item() == 1


def test_what_was_trained_here_stays(exported: Path, tmp_path: Path, built: Store) -> None:
    store = Store(tmp_path / "s.duckdb")
    nbs.run(TASK, "random", trials=5, store=store.path)
    before = store.sql("SELECT config_key, step, provenance_key FROM trainings ORDER BY ALL").rows()
    keep_table(exported, TASK)
    take_over_tables(store, [TASK])
    after = store.sql("SELECT config_key, step, provenance_key FROM trainings WHERE replicate = 0").rows()
    assert set(before) < set(after)
    rows = "SELECT count(*) AS n FROM trainings"
    assert store.sql(rows).item() == built.sql(rows).item()
    assert store.sql("SELECT count(*) AS n FROM conflicts").item() == 0


def test_the_view_of_mean_losses_is_the_tables_own(taken: Store, built: Store) -> None:
    for store in (taken, built):  # taken over, and built here
        table = stored_table(built, TASK)
        told = dict(store.sql("SELECT config_key, loss FROM table_losses").iter_rows())
        losses = table.losses().mean(axis=1)
        expected = dict(zip(table.keys, losses.tolist(), strict=True))
        worst = TASK.objective.worst
        assert told == pytest.approx({key: loss for key, loss in expected.items() if loss < worst})
        assert min(told.values()) == pytest.approx(table.best().loss)
        assert store.sql("SELECT configs, replicates, whole_space FROM tabled_tasks").rows() == [(25, 3, True)]


def test_folds_are_averaged_before_the_loss_is_taken(tmp_path: Path) -> None:
    store = Store(tmp_path / "folded.duckdb")
    Study(store).run(plan_build(FOLDED, Enumeration("all"), replicates=2))
    table = stored_table(store, FOLDED)
    told = store.sql("SELECT min(loss) AS loss, count(*) AS n FROM table_losses").row(0)
    assert told == (pytest.approx(table.best().loss), table.listed)


def test_a_build_with_a_hole_is_no_table(tmp_path: Path) -> None:
    store = Store(tmp_path / "part.duckdb")
    Study(store).run(plan_build(TASK, Enumeration("all"), replicates=1, shard=(1, 2)))
    assert store.sql("SELECT count(*) AS n FROM tabled_tasks").item() == 0
    Study(store).run(plan_build(TASK, Enumeration("all"), replicates=1, shard=(2, 2)))
    assert store.sql("SELECT configs, replicates FROM tabled_tasks").rows() == [(25, 1)]


def test_known_results_leave_out_what_the_table_has(taken: Store) -> None:
    files = find_files(TASK)
    assert files is not None
    assert len(taken.results(TASK.fingerprint)) == 3 * 25
    assert taken.results(TASK.fingerprint, besides=files.provenance_key) == {}
    known = TabularResults().known(taken, TASK, "simulated")
    assert len(known) == 3 * 25


def test_a_simulated_run_brings_the_table_along(exported: Path, tmp_path: Path) -> None:
    keep_table(exported, TASK)
    nbs.run(TASK, "random", trials=5, store=tmp_path / "s.duckdb", executor="simulated")
    store = Store(tmp_path / "s.duckdb")
    curve = (
        "SELECT g.step, g.val_loss FROM trials t JOIN runs r USING (run_id) JOIN trainings g "
        "ON g.fingerprint = r.fingerprint AND g.config_key = t.config_key AND g.replicate = t.replicate "
        "WHERE t.number = 0"
    )
    assert store.sql(curve).height > 0
    assert store.sql("SELECT bool_or(predicted) AS any FROM trials").item() is False


def test_damage_is_found_before_a_row_is_taken(exported: Path, tmp_path: Path) -> None:
    folder = keep_table(exported, TASK)
    content = bytearray((folder / "curves.parquet").read_bytes())
    content[100] ^= 1
    (folder / "curves.parquet").write_bytes(content)
    store = Store(tmp_path / "s.duckdb")
    with pytest.raises(DamagedTable, match="does not match the checksum"):
        take_over_tables(store, [TASK])
    assert not store.path.exists()


def test_another_tasks_table_is_refused(exported: Path) -> None:
    with pytest.raises(OtherTask, match="table of task 'small', not of 'folded'"):
        table_files(exported, FOLDED)


def test_float32_rows_are_those_that_runs_are_told(built: Store, tmp_path: Path) -> None:
    folder = tmp_path / "small32"
    export_table(stored_table(built, TASK), folder, {}, enumerations=(("all", 1),), precision="float32")
    keep_table(folder, TASK)
    store = Store(tmp_path / "s.duckdb")
    nbs.run(TASK, "random", trials=30, store=store.path, executor="simulated")
    compared = store.sql(
        "SELECT t.loss, g.val_loss, 1 - g.val_accuracy FROM trials t "
        "JOIN (SELECT run_id, fingerprint FROM runs) r USING (run_id) JOIN trainings g "
        "USING (fingerprint, config_key, replicate) "
        "WHERE t.status = 'OK' AND g.step = t.fidelity"
    ).rows()
    assert compared
    metric = 1 if TASK.objective.metric == "val_loss" else 2
    assert all(row[0] == row[metric] for row in compared)
