"""The command `run`, on synthetic tasks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench_sparse.store import Store

Command = Callable[..., Any]

QUICK = ("run", "--task", "problems.py:quick")


def trials(store: str) -> list[int]:
    return list(Store(store, create=False).sql("SELECT count(*) AS n FROM trials GROUP BY run_id ORDER BY n")["n"])


def test_run_records_every_combination_and_prints_the_leaderboard(command: Command, folder: Path) -> None:
    done = command(*QUICK, "-t", "problems.py:other", "-o", "random", "-o", "lahc", "--seeds", "0-1", "--trials", 5)
    assert done.status == 0
    assert trials("results.duckdb") == [5] * 8
    assert "Standings over 2 of 2 tasks" in done.out
    assert "results.duckdb" in done.out
    assert "[8/8]" in done.err


def test_run_again_reuses_and_a_larger_budget_extends(command: Command, folder: Path) -> None:
    command(*QUICK, "-o", "random", "--trials", 5)
    again = command(*QUICK, "-o", "random", "--trials", 5)
    assert "1 run, of which 1 in the store already" in again.err
    command(*QUICK, "-o", "random", "--trials", 8)
    assert trials("results.duckdb") == [8]


def test_run_quiet_prints_nothing(command: Command, folder: Path) -> None:
    assert command(*QUICK, "-o", "random", "--trials", 3, "--quiet") == (0, "", "")


def test_run_lists_failed_runs_and_completes_the_others(command: Command, folder: Path) -> None:
    done = command(*QUICK, "-o", "mine.py:Broken", "-o", "random", "--trials", 5)
    assert done.status == 1
    assert "quick, Broken, seed 0) failed:" in done.err
    assert "ValueError" in done.err
    assert "Traceback" not in done.err
    assert 5 in trials("results.duckdb")


def test_run_says_each_error_once(command: Command, folder: Path) -> None:
    done = command(*QUICK, "-o", "mine.py:Broken", "--trials", 5, "--seeds", "0-2", "-q")
    assert done.status == 1
    (line,) = done.err.splitlines()
    assert line.startswith("error: 3 runs, such as run ")
    assert line.endswith(", failed: optimizer 'Broken' raised ValueError in tell at trial 2: no idea")


@pytest.mark.parametrize("quiet", [[], ["--quiet"]])
def test_run_of_which_every_trial_fails_says_why_and_exits_with_1(
    command: Command, folder: Path, quiet: list[str]
) -> None:
    (folder / "failing.py").write_text(
        "from nasbench_sparse.testing.problems import Fault, SyntheticTask\n"
        'task = SyntheticTask(name="failing", faults=(Fault("raise"),))\n'
    )
    done = command("run", "-t", "failing.py:task", "-t", "problems.py:quick", "-o", "random", "--trials", 3, *quiet)
    assert done.status == 1
    [line] = [line for line in done.err.splitlines() if line.startswith("error")]
    assert "(failing, random, seed 0) ended without any result: 3 of 3 trials failed: RuntimeError: " in line


def test_run_gives_options_to_the_optimizers_meant(command: Command, folder: Path) -> None:
    options = ("--option", "scale=3", "--option", "lahc.history_length=7")
    done = command(*QUICK, "-o", "mine.py:Mine", "-o", "lahc", "--trials", 2, *options[2:])
    assert done.status == 0
    rows = Store("results.duckdb").sql("SELECT optimizer, options FROM runs ORDER BY optimizer").rows()
    assert [json.loads(row[1]).get("history_length") for row in rows] == [None, 7]
    assert command(*QUICK, "-o", "mine.py:Mine", "--trials", 2, *options[:2]).status == 0
    assert Store("results.duckdb").sql("SELECT 1 FROM runs WHERE options->>'scale' = '3.0'").height == 1


def test_dry_run_counts_trainings_reuse_and_time_and_trains_nothing(command: Command, folder: Path) -> None:
    new = command(*QUICK, "-o", "random", "--trials", 5, "--dry-run")
    assert new.status == 0
    assert "the work of at most 5 full trainings; time unknown" in new.out
    assert not Path("results.duckdb").exists()
    command(*QUICK, "-o", "random", "--trials", 5)
    more = command(*QUICK, "-o", "random", "--seeds", "0-1", "--trials", 7, "--dry-run")
    assert (
        "0 reused as they are in results.duckdb, 5 recorded trials reused; "
        "the work of at most 9 full trainings; about" in more.out
    )
    assert "time unknown" not in more.out
    same = command(*QUICK, "-o", "random", "--trials", 5, "--dry-run")
    assert (
        "1 reused as they are in results.duckdb, 5 recorded trials reused; the work of at most 0 full trainings"
        in same.out
    )


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("run", "digits-mlp-densites"), ["unknown suite"]),
        (("run", "-t", "digits-mlp-densites", "-o", "random"), ["'digits-mlp-densities'"]),
        (("run", "-t", "problems.py:quik", "-o", "random"), ["'quick'"]),
        ((*QUICK, "-o", "randm"), ["'random'"]),
        ((*QUICK, "-o", "mine.py:Min"), ["'Mine'"]),
        ((*QUICK, "-o", "mime.py:Mine"), ["mine.py"]),
        ((*QUICK, "-o", "lahc", "--option", "histroy_length=3"), ["'history_length'"]),
        ((*QUICK, "-o", "lahc", "-o", "random", "--option", "history_length=3"), ["option of random"]),
        ((*QUICK, "-o", "lahc", "--option", "lach.history_length=3"), ["'lahc'"]),
        ((*QUICK, "-o", "lahc", "--option", "history_length=many"), ["wanted is int"]),
        ((*QUICK, "-o", "lahc", "--option", "history_length"), ["key=value"]),
        ((*QUICK, "-o", "random", "--seeds", "3-1"), ["smaller number first"]),
        ((*QUICK, "-o", "random", "--seeds", "a"), ["0-4,7"]),
        ((*QUICK, "-o", "random", "--trials", "3", "--epochs", "9"), ["--trials", "--epochs"]),
        ((*QUICK, "-o", "random", "--trials", "0"), ["a budget in trials", "above 0"]),
        ((*QUICK, "-o", "random", "--trial-timeout", "-1"), ["a trial timeout", "above 0, not -1"]),
        ((*QUICK, "-o", "random", "--executor", "ray", "--cpus-per-trial", "-1"), ["cpus_per_trial", "from 0"]),
        ((*QUICK, "-o", "random", "--workers", "0"), ["number of workers", "from 1, not 0"]),
        ((*QUICK, "-o", "lahc", "--option", "history_length=0"), ["history_length"]),
        ((*QUICK, "-o", "random", "--replicate", "9"), ["replicates 0 to 4"]),
        ((*QUICK, "-o", "random", "--workers", "2", "--executor", "serial"), ["serial"]),
        ((*QUICK, "-o", "random", "--ray-address", "auto"), ["--ray-address: only --executor ray", "serial"]),
        ((*QUICK, "-o", "random", "--cpus-per-trial", "2"), ["--cpus-per-trial: only --executor ray"]),
        ((*QUICK, "-o", "random", "--on-missing", "train"), ["--on-missing: only --executor simulated"]),
        ((*QUICK, "-o", "random", "--failure-rate", "0.1"), ["only --executor simulated heeds that"]),
        ((*QUICK, "-o", "random", "--failure-rate", "0.1", "--dry-run"), ["only --executor simulated heeds that"]),
        ((*QUICK, "-o", "random", "--fault-seed", "1"), ["--fault-seed change nothing without --failure-rate"]),
        ((*QUICK, "-o", "random", "--failure-rate", "2"), ["failure_rate is a probability"]),
        ((*QUICK, "-o", "random", "--straggler-rate", "0.2"), ["slows nothing down"]),
        ((*QUICK,), ["--optimizer"]),
        (("run", "some-suite", "--trials", "3", "-o", "random"), ["--optimizer and --trials"]),
        ((*QUICK, "-o", "random", "--store", "problems.py"), ["not a DuckDB file"]),
    ],
)
def test_run_refuses_mistakes_in_one_sentence(
    command: Command, folder: Path, arguments: tuple[str, ...], names: list[str]
) -> None:
    done = command(*arguments)
    assert done.status == 1
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert all(name in done.err for name in names), done.err
    assert command(*arguments, "--dry-run") == (1, "", done.err)
    assert not Path("results.duckdb").exists()


@pytest.mark.parametrize("quiet", [(), ("-q",)])
def test_run_says_that_its_store_cannot_be_written(command: Command, folder: Path, quiet: tuple[str, ...]) -> None:
    done = command(*QUICK, "-o", "random", "--store", "problems.py/r.duckdb", *quiet)
    assert done.status == 1
    assert "problems.py/r.duckdb.journal cannot be written: Not a directory; name another place" in done.err
    assert "there is no store" not in done.err


def test_simulated_workers_fail_as_declared_and_the_same_command_reuses(command: Command, folder: Path) -> None:
    line = (*QUICK, "-o", "random", "--trials", 9, "--executor", "simulated", "--workers", 3)
    faults = ("--failure-rate", 1, "--fault-seed", 4)
    assert command(*line, *faults, "-q")[0] in (0, 1)
    assert command(*line, "-q").status == 0
    rows = Store("results.duckdb").sql(
        "SELECT r.executor, count(*) FILTER (t.status = 'FAILED') FROM trials AS t JOIN runs AS r USING (run_id) "
        "GROUP BY ALL ORDER BY ALL"
    )
    assert rows.rows() == [("simulated", 0), ("simulated (failure_rate=1.0, fault_seed=4)", 9)]
    assert "1 run, of which 1 in the store already" in command(*line, *faults).err
    dry = command(*line, *faults, "--dry-run")
    assert "1 reused as they are" in dry.out


def test_interrupted_run_says_how_to_resume_and_the_same_command_does(folder: Path) -> None:
    arguments = ["-m", "nasbench_sparse", "run", "-t", "problems.py:slow", "-o", "random", "--trials", "40"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, *arguments], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    deadline = time.monotonic() + 60
    while _journal_lines(folder) < 8 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "the same command goes on: nasbench-sparse run -t problems.py:slow" in err
    assert "Traceback" not in err
    told = Store("results.duckdb", create=False).sql("SELECT count(*) AS n FROM trials WHERE status IS NOT NULL")
    assert 0 < told["n"][0] < 40
    again = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, env=environment
    )
    assert again.returncode == 0, again.stderr
    assert trials("results.duckdb") == [40]
    assert Store("results.duckdb").verify() == []


def _journal_lines(folder: Path) -> int:
    return sum(len(file.read_bytes().splitlines()) for file in folder.glob("results.duckdb.journal/*.jsonl"))
