from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nasbench_sparse.core.trial import Evaluation, Status
from nasbench_sparse.errors import NotInTable
from nasbench_sparse.runner.study import Study
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.build import plan_build
from nasbench_sparse.tabular.coverage import coverage
from nasbench_sparse.tabular.curves import FIELDS
from nasbench_sparse.tabular.enumeration import Enumeration
from nasbench_sparse.tabular.parquet import import_table
from nasbench_sparse.tabular.stored import stored_table
from nasbench_sparse.tabular.table import Table
from nasbench_sparse.tabular.verify import Retrained, compare, failures, retrain, verify_table
from nasbench_sparse.testing.problems import Fault
from tests.tabular.problems import TASK


@pytest.fixture
def table(exported: Path) -> Table:
    """A table of its own, to be spoilt."""
    return import_table(exported, TASK)


def test_a_sound_table_has_no_problems(table: Table, built: Store) -> None:
    assert verify_table(table) == []
    assert failures(built, table) == []
    counts = coverage(table)
    assert (counts.configs, counts.recorded, counts.diverged, counts.wanted) == (25, (25,) * 3, (1,) * 3, 75)


def test_seconds_that_run_backwards_are_found(table: Table) -> None:
    seconds = table.curves.values[:, FIELDS.index("seconds")]
    seconds[4] = seconds[3] - 1e-9
    seconds[20] = -1.0
    (problem,) = verify_table(table)
    assert "seconds of 2 curves" in problem.what


def test_missing_trainings_are_counted_by_replicate(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.duckdb")
    Study(store).run(plan_build(TASK, Enumeration("all"), replicates=1))
    Study(store).run(plan_build(TASK, Enumeration("all"), replicates=2, shard=(1, 5)))
    (problem,) = verify_table(stored_table(store, TASK))
    assert "missing: 20 of replicate 1" in problem.what


def test_failed_trainings_are_named_and_tried_again_after_their_run_is_removed(tmp_path: Path) -> None:
    task = replace(TASK, name="faulty", faults=(Fault("raise", (("gene_0", "tanh"),)),))
    store = Store(tmp_path / "s.duckdb")
    plans = plan_build(task, Enumeration("all"), replicates=1)
    Study(store).run(plans)
    table = stored_table(store, task)
    (problem,) = failures(store, table)
    assert "5 trainings are FAILED (RuntimeError: a synthetic fault)" in problem.what
    assert plans[0].spec.run_id in problem.remedy
    assert len(table.missing()) == 5
    config, replicate = table.missing()[0]
    with pytest.raises(NotInTable, match="was not trained: the table lists it without a training"):
        table.query(config, replicate=replicate)
    missing, again = verify_table(table, [problem])[1], verify_table(table)[0]
    assert "once the runs that failed are removed" in missing.remedy
    assert "removed" not in again.remedy
    store.remove(plans[0].spec.run_id)
    assert Study(store).run(plans).finished == [plans[0].spec.run_id]
    assert store.sql("SELECT count(*) AS n FROM trials WHERE NOT reused").item() == 5


def test_retrained_rows_agree_and_a_changed_one_does_not(table: Table) -> None:
    seen: list[Retrained] = []
    rows = retrain(table, 75, done=seen.append)
    assert rows == seen
    assert len({(str(row.config), row.replicate) for row in rows}) == 75
    assert all(row.tolerated and row.difference == 0.0 for row in rows)
    table.curves.values[:, FIELDS.index("val_accuracy")] += 1e-3
    assert not any(row.tolerated for row in retrain(table, 4, done=seen.append))
    assert all(row.tolerated for row in retrain(table, 4, tolerance=2e-3, done=seen.append))


def test_the_sample_depends_on_the_seed_alone(table: Table) -> None:
    def sample(seed: int) -> list[str]:
        return [str((row.config, row.replicate)) for row in retrain(table, 5, seed=seed, done=lambda row: None)]

    assert sample(0) == sample(0) != sample(1)


def test_compare_sees_kind_length_and_size(table: Table) -> None:
    one = table.curves.evaluation(0)
    assert compare(one, one) == 0.0
    assert compare(one, replace(one, status=Status.DIVERGED)) == np.inf
    assert compare(one, Evaluation(Status.OK, (one.curve[:-1],))) == np.inf
    changed = one.curve[-1]._replace(train_loss=one.curve[-1].train_loss + 0.5, seconds=1e9)
    assert compare(one, Evaluation(Status.OK, ((*one.curve[:-1], changed),))) == pytest.approx(0.5)
    gone = one.curve[-1]._replace(test_loss=None)
    assert compare(one, Evaluation(Status.OK, ((*one.curve[:-1], gone),))) == np.inf
