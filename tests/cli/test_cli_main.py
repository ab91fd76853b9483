"""What all commands share: help without heavy imports, errors, pipes."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nasbench_sparse
from nasbench_sparse.cli import main

Command = Callable[..., Any]

HEAVY = ("torch", "ray", "smac", "polars", "duckdb", "ConfigSpace", "optuna", "scipy", "sklearn")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["list", "tasks"], ["list", "optimizers", "--json"], ["version"]]
)
def test_light_commands_import_no_heavy_module(arguments: list[str]) -> None:
    code = (
        "import sys; from nasbench_sparse.cli import main\n"
        f"status = main({arguments!r})\n"
        f"print('heavy:', [name for name in {HEAVY!r} if name in sys.modules], status)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "heavy: [] 0"


def test_completion_of_tasks_imports_no_heavy_module(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import sys; from nasbench_sparse.cli import main\n"
        f"main([]); print('heavy:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    monkeypatch.setenv("_NASBENCH_SPARSE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "nasbench-sparse run --task digits-mlp-d")
    monkeypatch.setenv("COMP_CWORD", "3")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["digits-mlp-densities", "heavy: []"]


def test_version_is_the_package_s(command: Command) -> None:
    assert command("version") == (0, f"{nasbench_sparse.__version__}\n", "")


def test_usage_errors_exit_with_2(command: Command) -> None:
    assert command("list", "taks").status == 2
    assert command("run", "--frobnicate").status == 2
    assert command("nothing").status == 2


def test_unexpected_error_is_one_line_and_debug_raises_it(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("odd\nmore")

    monkeypatch.setattr("nasbench_sparse.cli.study.make_plans", fail)
    done = command("run", "x")
    assert done.status == 1
    assert done.err == "error: unexpected RuntimeError: odd (please report this; --debug shows the traceback)\n"
    with pytest.raises(RuntimeError, match="odd"):
        main(["run", "x", "--debug"])


def test_too_many_open_files_are_no_bug_and_say_what_to_do(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("nasbench_sparse.cli.study.make_plans", fail)
    done = command("run", "x")
    assert done.status == 1
    assert done.err.startswith("error: too many files are open; allow more (`ulimit -n")
    assert "report" not in done.err


def test_closed_pipe_is_quiet() -> None:
    listing = f"{sys.executable} -m nasbench_sparse list tasks --json"
    run = subprocess.run(["bash", "-c", f"{listing} | head -1"], capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == ("[\n", "")


def test_an_interrupt_that_meets_duckdb_at_work_is_one(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def at_work(*_: object) -> None:
        raise RuntimeError("Query interrupted")

    monkeypatch.setattr("nasbench_sparse.store.store.Store.__init__", at_work)
    done = command(
        "run", "--task", "digits-mlp-densities", "--optimizer", "random", "--store", tmp_path / "s.duckdb"
    )
    assert (done.status, done.err.startswith("interrupted; what was recorded is kept")) == (130, True)
