"""Commands that read: `list`, `leaderboard`, `query`, `store`, `doctor`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from nasbench_sparse.cli import catalogue, doctor
from nasbench_sparse.errors import NbsError
from nasbench_sparse.nn.networks import NETWORKS
from nasbench_sparse.registry import OptimizerEntry, all_tasks, load_optimizer, optimizer_names

Command = Callable[..., Any]


@pytest.fixture
def filled(command: Command, folder: Path) -> Path:
    """A store with two optimizers' runs of one task, five trials each."""
    done = command("run", "-t", "problems.py:quick", "-o", "random", "-o", "lahc", "--trials", 5, "-q")
    assert done.status == 0
    return folder


def test_list_tasks_names_every_registered_one(command: Command) -> None:
    rows = json.loads(command("list", "tasks", "--json").out)
    assert [row["name"] for row in rows] == list(all_tasks())
    assert {"space", "dataset", "offline", "tabular", "family", "fidelity", "signal", "size"} <= set(rows[0])
    table = command("list", "tasks").out
    assert all(row["name"] in table for row in rows)


@pytest.mark.parametrize("kind", ["tasks", "spaces", "optimizers", "suites", "datasets", "networks"])
def test_list_prints_a_row_for_each(command: Command, kind: str) -> None:
    names = [row["name"] for row in json.loads(command("list", kind, "--json").out)]
    said = command("list", kind).out
    assert len(names) > 1
    assert all(name in said for name in names)


@pytest.mark.parametrize("kind", ["spaces", "optimizers", "suites", "datasets"])
def test_list_prints_objects_with_names(command: Command, kind: str) -> None:
    rows = json.loads(command("list", kind, "--json").out)
    names = [row["name"] for row in rows]
    assert names == sorted(set(names))
    if kind == "optimizers":
        assert names == optimizer_names()
        assert next(row for row in rows if row["name"] == "lahc")["options"]["history_length"] == 3


def test_list_networks_shows_what_they_take_and_how_large_they_are(command: Command) -> None:
    rows = {row["name"]: row for row in json.loads(command("list", "networks", "--json").out)}
    assert list(rows) == sorted(NETWORKS)
    assert rows["lenet5"]["parameters"] == 44_426
    assert rows["conv2"]["input"] == [3, 32, 32]
    lines = {
        line.split()[0]: line.split()[1:] for line in command("list", "networks").out.splitlines() if line.split()
    }
    assert lines["resnet20"] == ["3", "x", "any", "x", "any", "269,722", "20", "19"]
    assert lines["mini_gpt"] == ["256", "tokens", "11,035,968", "12", "3"]
    assert lines["mlp"] == ["any", "—", "—", "—"]


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "csv-standings", "json"])
def test_leaderboard_shows_both_optimizers(command: Command, filled: Path, form: str) -> None:
    done = command("leaderboard", "--format", form)
    assert (done.status, done.err) == (0, "")
    assert "lahc" in done.out
    assert "random" in done.out


def test_leaderboard_of_an_unknown_task_or_suite_names_the_nearest(command: Command, filled: Path) -> None:
    assert "'quick'" in command("leaderboard", "--task", "quik").err
    assert command("leaderboard", "--suite", "no-such-suite").status == 1


def test_reading_a_store_that_is_not_there_names_those_nearby(command: Command, filled: Path) -> None:
    for arguments in (("leaderboard",), ("query", "SELECT 1"), ("store", "info"), ("store", "verify")):
        done = command(*arguments, "--store", "result.duckdb")
        assert done.status == 1
        assert done.err == "error: there is no store result.duckdb; nearby are results.duckdb\n"


def test_query_prints_each_format(command: Command, filled: Path) -> None:
    sql = "SELECT number, [number, 1] AS pair FROM trials ORDER BY run_id, number LIMIT 2"
    assert command("query", sql, "-f", "csv").out == 'number,pair\n0,"[0,1]"\n1,"[1,1]"\n'
    assert json.loads(command("query", sql, "-f", "json").out) == [
        {"number": 0, "pair": [0, 1]},
        {"number": 1, "pair": [1, 1]},
    ]
    assert "2 rows" in command("query", sql).out
    assert command("query", sql, "-f", "parquet", "--output", "x.parquet").status == 0
    assert pl.read_parquet("x.parquet")["number"].to_list() == [0, 1]


def test_query_prints_large_and_decimal_numbers_as_numbers(command: Command, filled: Path) -> None:
    sql = "SELECT sum(n) s, [max(n::HUGEINT)] l, 2.50::DECIMAL(5, 2) d, -1e20::HUGEINT h FROM range(4) r(n)"
    done = command("query", sql, "-f", "json")
    assert done.out == '[{"s":6,"l":[3],"d":2.50,"h":-100000000000000000000}]\n'


def test_query_refuses_in_one_sentence(command: Command, filled: Path) -> None:
    for sql in ("DELETE FROM trials", "SELECT * FROM trails", "SELECT * FROM 'problems.py'"):
        done = command("query", sql)
        assert done.status == 1
        assert done.err.startswith("error: ")
    assert "--output" in command("query", "SELECT 1", "-f", "parquet").err
    assert "cannot be written" in command("query", "SELECT 1", "-f", "csv", "-O", "no/such/place").err


def test_store_hides_shows_and_removes_runs(command: Command, filled: Path) -> None:
    ids = command("query", "SELECT run_id FROM runs ORDER BY run_id", "-f", "csv").out.split()[1:]
    assert command("store", "hide", ids[0][:8]).status == 0
    assert len(json.loads(command("leaderboard", "-f", "json").out)["entries"]) == 1
    assert command("store", "unhide", ids[0]).status == 0
    assert len(json.loads(command("leaderboard", "-f", "json").out)["entries"]) == 2
    assert command("store", "rm", ids[0]).status == 0
    assert command("query", "SELECT run_id FROM runs", "-f", "csv").out.split()[1:] == ids[1:]
    assert command("store", "rm", "zzzz").err.startswith("error: unknown run 'zzzz'")


def test_store_tells_verifies_repairs_exports_and_merges(command: Command, filled: Path) -> None:
    assert "2 finished" in command("store", "info").out
    assert command("store", "verify") == (0, "results.duckdb is sound\n", "")
    assert command("store", "repair").status == 0
    assert command("store", "export", "out").status == 0
    assert pl.read_parquet("out/trials.parquet").height == 10
    assert command("store", "merge", "results.duckdb", "--store", "second.duckdb").status == 0
    assert (
        command("query", "SELECT count(*) FROM trials", "-s", "second.duckdb", "-f", "csv").out.split()[1] == "10"
    )


def test_store_info_prints_an_object_with_every_run(command: Command, filled: Path) -> None:
    held = json.loads(command("store", "info", "--json").out)
    assert held["runs"] == {"finished": 2}
    assert held["rows"]["trials"] == 10
    assert [(run["task"], run["trials"], run["hidden"]) for run in held["all_runs"]] == [("quick", 5, False)] * 2


@pytest.mark.filterwarnings("default")
def test_query_answers_beside_a_damaged_journal_and_says_so_once(command: Command, filled: Path) -> None:
    folder = filled / "results.duckdb.journal"
    folder.mkdir()
    (folder / "0123456789abcdef.jsonl").write_bytes(b"no such line\n")
    done = command("query", "SELECT count(*) AS n FROM trials", "-f", "csv")
    assert (done.status, done.out) == (0, "n\n10\n")
    assert done.err.startswith("warning: results.duckdb.journal/0123456789abcdef.jsonl: damaged in line 1: ")
    assert "`store repair`" in done.err
    assert done.err.count("\n") == 1
    board = command("leaderboard")
    assert (board.status, board.err.count("warning")) == (0, 1)
    assert "1 of 1 lines moved" in command("store", "repair").out
    assert command("query", "SELECT count(*) AS n FROM trials", "-f", "csv").err == ""


def test_list_names_what_cannot_be_used(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str) -> OptimizerEntry:
        if name == "grid":
            raise NbsError("grid is broken")
        return load_optimizer(name)

    monkeypatch.setattr(catalogue, "load_optimizer", load)
    monkeypatch.setattr(catalogue, "troubles", lambda group: [f"{group}: grid is broken"])
    done = command("list", "optimizers", "--json")
    names = {row["name"] for row in json.loads(done.out)}
    assert (done.status, done.err) == (0, "warning: optimizers: grid is broken\n")
    assert names == set(optimizer_names()) - {"grid"}


def test_doctor_advises_on_a_cuda_torchvision_beside_a_cpu_torch() -> None:
    finding = doctor.torchvision_finding("RuntimeError: operator torchvision::nms does not exist")
    assert finding.verdict == "note"
    assert "CUDA build" in finding.text
    assert "pip install" in finding.advice


def test_doctor_exits_with_1_only_if_there_is_a_problem(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    note = doctor.Finding("thing", "note", "is odd", "do this")
    monkeypatch.setattr(doctor, "findings", lambda _: iter([note]))
    assert doctor.examine(tmp_path) == 0
    assert "do this" in capsys.readouterr().out
    problem = doctor.Finding("thing", "problem", "is missing", "do that")
    monkeypatch.setattr(doctor, "findings", lambda _: iter([note, problem]))
    assert doctor.examine(tmp_path) == 1
    assert "1 problem" in capsys.readouterr().out
    assert doctor.examine(tmp_path, as_json=True) == 1
    assert [row["text"] for row in json.loads(capsys.readouterr().out)] == ["is odd", "is missing"]


def test_doctor_reports_why_a_module_cannot_be_imported() -> None:
    assert doctor.import_error("json") is None
    assert (
        doctor.import_error("no_such_module_at_all")
        == "ModuleNotFoundError: No module named 'no_such_module_at_all'"
    )
