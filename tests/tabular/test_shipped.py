"""What comes with the package: tables and baselines that are whole, small, of the installed tasks, and true."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import nasbench_sparse as nbs
from nasbench_sparse.core.config import config_key
from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import SearchStep
from nasbench_sparse.errors import UnsupportedSpace
from nasbench_sparse.optimizers.drnas import DrNAS
from nasbench_sparse.registry import load_suite, load_task
from nasbench_sparse.runner.plan import plan_suite
from nasbench_sparse.runner.provenance import provenance
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.baselines import SHIPPED as RUNS
from nasbench_sparse.tabular.baselines import add_baselines, shipped_runs
from nasbench_sparse.tabular.manifest import read_manifest
from nasbench_sparse.tabular.parquet import import_table
from nasbench_sparse.tabular.places import SHIPPED, searched_tables, shipped_tables
from nasbench_sparse.tabular.table import Table
from nasbench_sparse.tabular.verify import TOLERANCE, compare, retrain, verify_table

NAMES = sorted(shipped_tables())

SEARCHED = "mnist1d-taper-operators-90"

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


def check_search(task: Task) -> None:
    """Carry out the first step of a recorded search again."""
    if tolerance(task.name) != TOLERANCE:
        pytest.skip("bits of a search hold for one kind of machine and one version of torch")
    search = DrNAS(task.problem, seed=3).ask()
    assert isinstance(search, SearchStep)
    recorded, again = Table.load(task.name).search(search, 0)[0], task.advance(search, 0)[0]
    assert compare(recorded, again) == 0
    assert recorded.config == again.config


def test_searches_are_shipped_for_every_table_that_can_be_searched() -> None:
    searchable = {name for name in NAMES if load_task(name).searchable}
    assert searched_tables() == searchable
    for name in searchable:
        made = read_manifest(SHIPPED / name).made["searches"]
        assert made["commands"][0].startswith(f"nasbench-sparse run --task {name} --optimizer drnas --seeds ")
        assert made["searches"] >= 5
        assert made["seconds"] == pytest.approx(sum(row.seconds for row in Table.load(name).searches.rows))


def test_a_step_of_a_shipped_search_is_what_searching_gives() -> None:
    check_search(load_task("digits-pair-cell-95"))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(searched_tables()))
def test_steps_of_shipped_searches_are_what_searching_gives(name: str) -> None:
    check_search(load_task(name))


def test_a_search_without_a_recording_is_refused_with_the_seeds_that_exist(tmp_path: Path) -> None:
    with pytest.raises(
        UnsupportedSpace, match=r"no recorded search with seed 999 .*these options with seeds 0-\d+\."
    ):
        nbs.run(SEARCHED, "drnas", seed=999, store=tmp_path / "s.duckdb", executor="simulated")
    with pytest.raises(UnsupportedSpace, match=r"recorded are: epochs=10 with seeds 0-"):
        nbs.run(SEARCHED, "drnas", options={"epochs": 30}, store=tmp_path / "s.duckdb", executor="simulated")


def test_a_replayed_search_is_charged_its_seconds_and_trains_nothing(tmp_path: Path) -> None:
    run = carry_out(
        tmp_path, "run", "--task", SEARCHED, "--optimizer", "drnas", "--executor", "simulated", "--quiet"
    )
    assert run.endswith("[]\n")
    store = Store(tmp_path / "s.duckdb")
    trials = store.sql(
        "SELECT kind, config_key, loss, seconds, predicted, told_at FROM trials ORDER BY number"
    ).rows()
    assert [row[0] for row in trials] == ["search"] * 10 + ["trial"]
    table = Table.load(SEARCHED)
    steps = [row for row in table.searches.rows if row.seed == 0]
    assert [row[3] for row in trials[:10]] == [step.seconds for step in steps]
    derived = json.loads(str(steps[-1].outcome))["config"]
    _, key, loss, seconds, predicted, told_at = trials[-1]
    assert key == config_key(derived)
    assert not predicted
    answer = table.query(derived)
    assert answer.point is not None
    assert (loss, seconds) == (answer.loss, answer.point.seconds)
    assert told_at == pytest.approx(sum(step.seconds for step in steps) + seconds)


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


def carry_out(folder: Path, *words: str) -> str:
    """Run a command in a process of its own, and return what it printed and the heavy modules it imported."""
    run = subprocess.run(
        [sys.executable, "-c", TABULAR, *words, "--store", "s.duckdb"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_comparing_on_a_shipped_table_imports_nothing_that_trains(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(NEWCOMER.format(tasks=(NAMES[0],)))
    assert carry_out(tmp_path, "run", "mine.py:tiny", "--quiet").endswith("[]\n")
    words = ("compare", "mine.py:Mine", "--suite", "mine.py:tiny", "--slots", "2", "--quiet")
    said = carry_out(tmp_path, *words)
    assert said.endswith("[]\n")
    assert "Mine against random" in said
    assert "exact optimum" in carry_out(tmp_path, "leaderboard")


def row(name: str) -> str:
    """A shipped table's row in docs/tables.md."""
    manifest = read_manifest(SHIPPED / name)
    agreement, seconds = manifest.agreement, manifest.made["training_seconds"]
    size = sum(file["bytes"] for file in manifest.files.values())
    return (
        f"| `{name}` | {manifest.listed:,} | {manifest.coverage['space_size']:,} | {agreement['tau']:.2f} | "
        f"{agreement['better_half']:.2f} | {seconds / 60:.0f} min | {size / 1000:.0f} kB |"
    )


def test_the_document_lists_the_shipped_tables() -> None:
    text = (Path(__file__).parents[2] / "docs" / "tables.md").read_text()
    expected = "\n".join(row(name) for name in NAMES)
    assert expected in text, f"docs/tables.md should hold\n{expected}"
