"""What comes with the package: tables and baselines that are whole, small, of the installed tasks, and true."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from nasbench_sparse.core.task import Task
from nasbench_sparse.registry import load_suite, load_task
from nasbench_sparse.runner.plan import plan_suite
from nasbench_sparse.runner.provenance import provenance
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.baselines import SHIPPED as RUNS
from nasbench_sparse.tabular.baselines import add_baselines, shipped_runs
from nasbench_sparse.tabular.manifest import read_manifest
from nasbench_sparse.tabular.parquet import import_table
from nasbench_sparse.tabular.places import SHIPPED, shipped_tables
from nasbench_sparse.tabular.table import Table
from nasbench_sparse.tabular.verify import TOLERANCE, retrain, verify_table

NAMES = sorted(shipped_tables())

MEGABYTE = 1_000_000

ELSEWHERE = 0.25
"""Tolerance on another kind of machine, whose sums differ in their last bits, which training amplifies."""

TABULAR = """
import sys
from nasbench_sparse.cli.app import app
try:
    app(sys.argv[1:])
except SystemExit as end:
    assert end.code in (0, None), end.code
print([name for name in "torch ray smac optuna ConfigSpace".split() if name in sys.modules])
"""

NEWCOMER = """
from nasbench_sparse import Budget, Optimizer
from nasbench_sparse.runner.suite import Block, Contender, Suite


class Mine(Optimizer):
    def ask(self):
        return self.space.sample(self.rng)

    def tell(self, observation):
        pass


block = Block({tasks!r}, (Contender("random"), Contender("lahc")), range(2), Budget("evaluations", 10),
              executor="simulated")
tiny = Suite("tiny", "one table", (block,))
"""


def folder_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def test_tables_are_shipped_and_small() -> None:
    assert NAMES
    sizes = {name: folder_bytes(SHIPPED / name) for name in NAMES}
    assert max(sizes.values()) <= 3 * MEGABYTE, sizes
    assert sum(sizes.values()) <= 15 * MEGABYTE
    assert sorted(path.name for path in SHIPPED.iterdir()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_table_is_of_the_installed_task_and_sound(name: str) -> None:
    table = Table.load(name)
    assert table.task.fingerprint == load_task(name).fingerprint
    assert verify_table(table) == []
    manifest = read_manifest(SHIPPED / name)
    assert manifest.replicates == 3
    assert all("host" not in each for each in manifest.made["provenances"])
    assert all(command.startswith(f"nasbench-sparse table build {name} ") for command in manifest.made["commands"])
    if table.task.space.size == table.listed:
        assert table.best().loss == pytest.approx(float(table.losses().mean(axis=1).min()))
    else:
        assert table.surrogate is not None  # it answers what is not recorded


def tolerance(name: str) -> float:
    """Bits hold for one kind of machine and one version of torch."""
    made = read_manifest(SHIPPED / name).made["provenances"][0]
    here = (provenance()["device"], version("torch"), platform.python_version_tuple()[:2])
    there = (made["device"], made["versions"]["torch"], tuple(made["versions"]["python"].split(".")[:2]))
    return TOLERANCE if here == there else ELSEWHERE


def check_rows(task: Task, count: int, seed: int) -> None:
    table = import_table(SHIPPED / task.name, task)
    again = retrain(table, count, seed=seed, tolerance=tolerance(task.name), done=lambda row: None)
    assert [(row.config, row.replicate, row.difference) for row in again if not row.tolerated] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_row_of_a_shipped_table_is_what_training_gives(name: str) -> None:
    check_rows(load_task(name), 1, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_rows_of_a_shipped_table_are_what_training_gives(name: str) -> None:
    check_rows(load_task(name), 12, seed=2)


def test_baselines_are_shipped_for_every_table() -> None:
    manifest = json.loads((RUNS / "tabular" / "manifest.json").read_text())
    planned = {plan.spec.run_id: plan.spec for plan in plan_suite(load_suite("tabular"))}
    held = shipped_runs(RUNS / "tabular")
    assert held <= planned.keys()
    lacking = [spec for run_id, spec in planned.items() if run_id not in held]
    assert {spec.optimizer for spec in lacking} <= {"smac", "smac-gp"}
    said = {f"{spec.optimizer} on {spec.task}, seed {spec.seed}" for spec in lacking}
    assert said == set(manifest["missing"])
    assert {task for block in manifest["blocks"] for task in block["tasks"]} == set(NAMES)
    assert folder_bytes(RUNS) <= 10 * MEGABYTE


def test_baselines_are_what_the_tables_answer(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.duckdb")
    suite = load_suite("tabular")
    assert add_baselines(store, suite) == len(shipped_runs(RUNS / "tabular"))
    assert add_baselines(store, suite) == 0
    assert store.verify() == []
    told = store.sql(
        """
        SELECT count(*) AS trials, count(*) FILTER (least(o.loss, o.worst) <> t.loss) AS others
        FROM trials t JOIN runs r USING (run_id)
        JOIN (
            SELECT g.*, CAST(k.declaration ->> '$.objective.worst' AS DOUBLE) AS worst,
                   CASE k.declaration ->> '$.objective.metric' WHEN 'val_loss' THEN val_loss
                        ELSE 1 - val_accuracy END AS loss
            FROM trainings g JOIN tasks k USING (fingerprint)
        ) o ON o.fingerprint = r.fingerprint AND o.config_key = t.config_key AND o.replicate = t.replicate
            AND o.step = t.fidelity
        WHERE t.status = 'OK'
        """
    ).row(0)
    assert told[0] > 20_000
    assert told[1] == 0


def test_comparing_on_a_shipped_table_imports_nothing_that_trains(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(NEWCOMER.format(tasks=(NAMES[0],)))

    def carry_out(*words: str) -> str:
        run = subprocess.run(
            [sys.executable, "-c", TABULAR, *words, "--store", "s.duckdb"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout

    assert carry_out("run", "mine.py:tiny", "--quiet").endswith("[]\n")
    said = carry_out("compare", "mine.py:Mine", "--suite", "mine.py:tiny", "--slots", "2", "--quiet")
    assert said.endswith("[]\n")
    assert "Mine against random" in said
    assert "exact optimum" in carry_out("leaderboard")


def row(name: str) -> str:
    """A shipped table's row in docs/tables.md."""
    manifest = read_manifest(SHIPPED / name)
    tau, seconds = manifest.agreement["tau"], manifest.made["training_seconds"]
    size = sum(file["bytes"] for file in manifest.files.values())
    return (
        f"| `{name}` | {manifest.listed:,} | {manifest.coverage['space_size']:,} | {tau:.2f} | "
        f"{seconds / 60:.0f} min | {size / 1000:.0f} kB |"
    )


def test_the_document_lists_the_shipped_tables() -> None:
    text = (Path(__file__).parents[2] / "docs" / "tables.md").read_text()
    expected = "\n".join(row(name) for name in NAMES)
    assert expected in text, f"docs/tables.md should hold\n{expected}"
