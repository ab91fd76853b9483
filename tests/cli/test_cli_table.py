"""The commands of `table`, from building to a run that is answered from an imported one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench_sparse.store import Store
from nasbench_sparse.tabular.places import VARIABLE, shipped_tables

Command = Callable[..., Any]

TASK = "tabular_problems.py:small"

PROBLEMS = """
from nasbench_sparse.testing.problems import Fault, SyntheticTask
from nasbench_sparse.testing.synthetic_spaces import ChromosomeSpace, ContinuousSpace

small = SyntheticTask(name="small", space=ChromosomeSpace(length=2))
cube = SyntheticTask(name="cube", space=ContinuousSpace())
faulty = SyntheticTask(name="faulty", space=ChromosomeSpace(length=2), faults=(Fault("raise"),))
"""


@pytest.fixture(autouse=True)
def place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (folder / "tabular_problems.py").write_text(PROBLEMS)
    monkeypatch.setenv(VARIABLE, str(folder / "tables"))
    return folder


def build(command: Command, *more: object) -> Any:
    return command("table", "build", TASK, "--all", "--replicates", 2, *more)


def test_build_in_shards_merge_verify_and_show(command: Command) -> None:
    first = build(command, "--shard", "1/2", "--store", "a.duckdb")
    assert first.status == 0
    assert "incomplete" in first.out
    assert "[2/2] small · table-build · replicate 1" in first.err
    assert "`nasbench-sparse table merge OTHER... --store a.duckdb` joins their stores" in first.err
    assert build(command, "--shard", "2/2", "--store", "b.duckdb", "--workers", 2, "-q") == (0, "", "")
    assert command("table", "merge", "b.duckdb", "--store", "a.duckdb").status == 0
    checked = command("table", "verify", TASK, "--store", "a.duckdb", "--retrain", 3)
    assert checked.status == 0
    assert "sound, and 3 rows re-trained" in checked.out
    assert checked.err.count(": equal") == 3
    shown = command("table", "info", TASK, "--store", "a.duckdb")
    assert "25 configs of a space of 25: complete" in shown.out
    assert "better half" in shown.out
    assert "{'gene_0': 'relu', 'gene_1': 'swish'}" in shown.out


def test_build_again_trains_nothing(command: Command) -> None:
    build(command)
    again = build(command)
    assert "2 runs, of which 2 in the store already" in again.err
    assert Store("results.duckdb").sql("SELECT count(*) AS n FROM trials").item() == 50


def test_verify_says_what_is_missing(command: Command) -> None:
    build(command, "--shard", "1/5")
    found = command("table", "verify", TASK, "--store", "results.duckdb")
    assert found.status == 1
    assert "missing: 20 of replicate 0, 20 of replicate 1" in found.err


def test_failures_of_a_build_are_listed(command: Command) -> None:
    found = command("table", "build", "tabular_problems.py:faulty", "--all", "--replicates", 1)
    assert found.status == 1
    assert "25 trainings are FAILED (RuntimeError: a synthetic fault)" in found.err
    checked = command("table", "verify", "tabular_problems.py:faulty", "--store", "results.duckdb")
    assert checked.status == 1
    assert "once the runs that failed are removed" in checked.err
    assert checked.err.index("`store rm ") < checked.err.index("trainings are missing")


def test_an_exported_and_imported_table_answers_simulated_runs(command: Command) -> None:
    build(command)
    done = command("table", "export", TASK, "small-table", "--precision", "float32")
    assert done.status == 0
    manifest = json.loads(Path("small-table/manifest.json").read_text())
    assert manifest["precision"] == "float32"
    assert manifest["made"]["commands"] == [f"nasbench-sparse table build {TASK} --all --replicates 2"]
    assert command("table", "import", "small-table", "--task", TASK).out.strip().endswith("tables/small")
    assert command("table", "verify", TASK).status == 0
    assert "name the task (--task, or task= in Python)" in command("table", "info", "small-table").err
    shown = command("table", "info", "small-table", "--task", TASK)
    assert "float32, CC-BY-4.0" in shown.out
    assert f"made by nasbench-sparse table build {TASK} --all --replicates 2" in shown.out
    run = ("run", "-t", TASK, "-o", "random", "-o", "asha", "--seeds", "0-1", "--executor", "simulated")
    done = command(*run, "--workers", 8, "--slots", 2, "--trials", 15, "--store", "new.duckdb")
    assert done.status == 0, done.err
    assert "4 runs" in done.err
    assert Store("new.duckdb").sql("SELECT count(*) AS n FROM trials WHERE reused").item() == 60


def test_a_run_beyond_the_table_says_so_or_trains(command: Command) -> None:
    task = "tabular_problems.py:cube"
    command("table", "build", task, "--configs", 3, "--replicates", 1)
    run = ("run", "-t", task, "-o", "random", "--trials", 2, "--executor", "simulated")
    failed = command(*run)
    assert failed.status == 1
    assert "is not in the table; the nearest are {'x_0'" in failed.err
    assert command(*run, "--on-missing", "train").status == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("build", TASK), "one of --all, --grid LEVELS and --configs NUMBER"),
        (("build", TASK, "--all", "--grid", 3), "one of --all"),
        (("build", "tabular_problems.py:cube", "--all"), "not finite"),
        (("build", TASK, "--configs", 26), "25 configs, fewer than 26"),
        (("build", TASK, "--all", "--shard", "3/2"), "shard 3/2 does not exist"),
        (("build", TASK, "--all", "--replicates", 6), "1 to 5 replicates, not 6"),
        (("info", "nothing"), "neither the folder of a table nor a task with one"),
        (("info", TASK), "there is no table of task 'small'"),
        (("info", TASK, "--store", "none.duckdb"), "there is no store none.duckdb"),
        (("import", "nothing"), "neither the folder"),
        (("export", TASK, "out", "--store", "none.duckdb"), "there is no store"),
    ],
)
def test_mistakes_are_one_sentence(command: Command, arguments: tuple[object, ...], says: str) -> None:
    found = command("table", *arguments)
    assert found.status == 1
    assert says in found.err
    assert len(found.err.splitlines()) == 1


def test_list_tasks_says_which_are_tabular(command: Command) -> None:
    rows = json.loads(command("list", "tasks", "--json").out)
    assert {row["name"] for row in rows if row["tabular"]} == shipped_tables()
    assert "tabular" in command("list", "tasks").out


def test_a_users_own_optimizer_runs_in_other_processes(command: Command) -> None:
    done = command(
        *("run", "-t", TASK, "-o", "mine.py:Mine", "-o", "mine.py:Broken", "--seeds", "0-2", "--trials", 5),
        *("--executor", "simulated", "--slots", 2),
    )
    assert done.status == 1
    assert done.err.count("raised ValueError in tell") == 1  # one line for the three runs
    assert "3 runs, such as run " in done.err
    assert done.err.count("Mine · seed") == 3
    assert Store("results.duckdb").sql("SELECT count(*) AS n FROM runs WHERE status = 'finished'").item() == 3
