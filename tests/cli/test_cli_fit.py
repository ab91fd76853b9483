"""The command `table fit`, up to a run that leaves the table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench_sparse.store import Store
from nasbench_sparse.tabular.places import VARIABLE

Command = Callable[..., Any]

TASK = "surrogate_problems.py:square"

PROBLEMS = """
from nasbench_sparse.testing.problems import SyntheticTask
from nasbench_sparse.testing.synthetic_spaces import ContinuousSpace

square = SyntheticTask(name="square", space=ContinuousSpace(2))
noise = SyntheticTask(name="noise", space=ContinuousSpace(2), noise=3.0)
"""


@pytest.fixture(autouse=True)
def place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (folder / "surrogate_problems.py").write_text(PROBLEMS)
    monkeypatch.setenv(VARIABLE, str(folder / "tables"))
    return folder


def test_fit_show_import_and_run_beyond_the_table(command: Command) -> None:
    command("table", "build", TASK, "--configs", 100, "--replicates", 1, "-q")
    done = command("table", "fit", TASK, "--store", "results.duckdb", "--to", "square")
    assert done.status == 0, done.err
    assert "held-out loss: R2 0.9" in done.out
    assert "100 configs in 5 parts; at least 0.7 and 0.6" in done.out
    shown = command("table", "info", "square", "--task", TASK).out
    assert "a surrogate predicts configs that are not recorded; made by nasbench-sparse table fit" in shown
    assert command("table", "import", "square", "--task", TASK).status == 0
    again = command("table", "fit", "square", "--task", TASK, "--seed", 3)
    assert again.status == 0, again.err
    assert "--task surrogate_problems.py:square --seed 3" in command("table", "info", "square", "--task", TASK).out
    ran = command("run", "-t", TASK, "-o", "random", "--trials", 20, "--executor", "simulated", "-s", "new.duckdb")
    assert ran.status == 0, ran.err
    assert Store("new.duckdb").sql("SELECT count(*) AS n FROM trials WHERE reused").item() == 20


def test_noise_is_refused_with_what_to_do(command: Command) -> None:
    task = "surrogate_problems.py:noise"
    command("table", "build", task, "--configs", 45, "--replicates", 1, "-q")
    refused = command("table", "fit", task, "--store", "results.duckdb", "--to", "noise")
    assert refused.status == 1
    assert "is not good enough: on held-out configs R2 is" in refused.err
    assert "more replicates" in refused.err
    assert not Path("noise/surrogate.json").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((TASK, "--store", "results.duckdb"), "give --store and --to FOLDER, or an exported table"),
        (("nothing",), "neither the folder of an exported table nor a task with one"),
        ((TASK,), "neither the folder of an exported table nor a task with one"),
        ((TASK, "--store", "none.duckdb", "--to", "out"), "there is no store none.duckdb"),
        ((".",), "is no exported table"),
    ],
)
def test_mistakes_are_one_sentence(command: Command, arguments: tuple[object, ...], says: str) -> None:
    found = command("table", "fit", *arguments)
    assert found.status == 1
    assert says in found.err
    assert len(found.err.splitlines()) == 1
