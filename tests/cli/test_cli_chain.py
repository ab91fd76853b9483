"""The commands of `chain`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench_sparse.tasks import safs

Command = Callable[..., Any]

CHAINS = """
from dataclasses import replace

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.runner.chain import Chain, Confirmation, Fixed, Stage
from nasbench_sparse.runner.suite import Contender
from nasbench_sparse.testing.problems import SyntheticTask
from nasbench_sparse.testing.synthetic_spaces import ContinuousSpace


def numbers(parent, config):
    return replace(parent, space=ContinuousSpace(dimensions=1))


TASK = SyntheticTask(name="genes")
FIRST = Stage("genes", Contender("lahc"), Budget("trials", 3))
SECOND = Stage("numbers", Contender("random"), Budget("trials", 2), numbers)
CONFIRM = Confirmation((1, 2), (Fixed("optimum", TASK, TASK.space.optimum),))
whole = Chain(name="whole", task=TASK, stages=(FIRST, SECOND), confirm=CONFIRM, seeds=(0, 1))
silent = replace(whole, name="silent", confirm=None)
broken = replace(whole, name="broken", stages=(replace(FIRST, optimizer=Contender("mine.py:Broken")), SECOND))
"""


@pytest.fixture(autouse=True)
def place(folder: Path) -> Path:
    (folder / "both.py").write_text(CHAINS)
    return folder


def test_chain_is_run_resumed_and_shown(command: Command) -> None:
    first = command("chain", "run", "both.py:whole", "--store", "c.duckdb")
    assert first.status == 0
    lines = [line for line in first.err.splitlines() if not line.startswith((" ", "["))]
    assert lines == [
        "stage 1 of 2: genes", "2 runs", "stage 2 of 2: numbers", "2 runs", "confirmation on 2 replicates", "6 runs"
    ]  # fmt: skip
    assert "whole: test_accuracy, confirmed" in first.out
    again = command("chain", "run", "both.py:whole", "--store", "c.duckdb")
    assert again.out == first.out
    assert "6 runs, of which 6 in the store already" in again.err
    shown = json.loads(command("chain", "show", "both.py:whole", "--store", "c.duckdb", "--json").out)
    assert [(s["seed"], s["stage"], s["status"]) for s in shown["searches"]] == [
        (seed, stage, "finished") for seed in (0, 1) for stage in ("genes", "numbers")
    ]
    fingerprints = {s["fingerprint"] for s in shown["searches"] if s["stage"] == "genes"}
    assert {s["derived_from"].split("/")[0] for s in shown["searches"] if s["derived_from"]} == fingerprints
    assert [(m["name"], m["n"], len(m["finals"])) for m in shown["methods"]] == [("whole", 2, 2), ("optimum", 2, 1)]
    (difference,) = shown["differences"]
    means = [method["mean"] for method in shown["methods"]]
    assert difference["difference"] == pytest.approx(means[0] - means[1])
    assert (difference["pairs"], difference["p_value"]) == (2, None), "two pairs are too few"


def test_seeds_may_be_chosen_and_what_is_missing_is_said(command: Command) -> None:
    assert command("chain", "run", "both.py:whole", "--seeds", "1", "--store", "c.duckdb", "-q").out == ""
    shown = command("chain", "show", "both.py:whole", "--store", "c.duckdb").out
    assert "seeds [1]; the chain declares [0, 1]" in shown
    both = command("chain", "show", "both.py:whole", "--seeds", "0,1", "--store", "c.duckdb").out
    assert "whole: 2 of 2 replicates are not whole" in both


def test_chain_without_confirmation_reports_no_test_results(command: Command) -> None:
    shown = command("chain", "run", "both.py:silent", "--seeds", "0", "--store", "c.duckdb").out
    assert "no test results" in shown
    assert "test_accuracy" not in shown


def test_failed_stage_is_said_with_a_status_of_one(command: Command) -> None:
    outcome = command("chain", "run", "both.py:broken", "--seeds", "0", "--store", "c.duckdb", "-q")
    assert outcome.status == 1
    assert "raised ValueError in tell at trial" in outcome.err


def test_mistakes_are_one_sentence(command: Command) -> None:
    unknown = command("chain", "run", "no-such-chain")
    assert (unknown.status, len(unknown.err.splitlines())) == (1, 1)
    assert "unknown chain 'no-such-chain'" in unknown.err
    assert "there is no store" in command("chain", "show", "both.py:whole", "--store", "none.duckdb").err
    slots = command("chain", "run", "both.py:whole", "--slots", "2", "--executor", "serial")
    assert slots.err == "error: --slots 2 needs --executor processes, ray or simulated\n"


def test_registered_chains_are_listed(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = {chain.name: chain for chain in safs.chains()}
    monkeypatch.setattr("nasbench_sparse.cli.chain.all_chains", lambda: declared)
    rows = json.loads(command("chain", "list", "--json").out)
    assert [row["name"] for row in rows] == list(declared)
    assert rows[0]["stages"][0] == {
        "name": "operators",
        "optimizer": "lahc",
        "options": {},
        "budget": {"trials": safs.SMOKE.iterations + 1},
    }
    assert "safs-mnist5k-lenet5-99" in command("chain", "list").out
