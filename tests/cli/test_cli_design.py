"""The commands of `design`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]

DESIGNS = """
from nasbench_sparse.runner.design import Design
from nasbench_sparse.testing.problems import Fault, SyntheticTask
from nasbench_sparse.testing.synthetic_spaces import ChromosomeSpace

SPACE = ChromosomeSpace(length=2)
GENES = dict(factor="gene_0", contrasts=(("tanh", "relu"),), replicates=2)
whole = Design(name="genes", task=SyntheticTask(name="small", space=SPACE), **GENES)
faulty = Design(name="faulty", task=SyntheticTask(name="faulty", space=SPACE, faults=(Fault("raise"),)), **GENES)
"""


@pytest.fixture(autouse=True)
def place(folder: Path) -> Path:
    (folder / "genes.py").write_text(DESIGNS)
    return folder


def test_design_is_run_resumed_and_shown(command: Command) -> None:
    first = command("design", "run", "genes.py:whole", "--store", "d.duckdb")
    assert first.status == 0
    assert "genes: val_loss" in first.out
    again = command("design", "run", "genes.py:whole", "--store", "d.duckdb")
    assert again.out == first.out
    shown = json.loads(command("design", "show", "genes.py:whole", "--store", "d.duckdb", "-f", "json").out)
    (test,) = shown["tests"]
    assert (test["first"], test["second"], test["holes"]) == ("tanh", "relu", 0)
    assert test["pairs"] == 5 * 2  # levels of the other gene, and replicates
    header, row = command("design", "show", "genes.py:whole", "--store", "d.duckdb", "-f", "csv").out.splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True))["p_adjusted"] == str(test["p_adjusted"])


def test_printed_query_is_answered(command: Command) -> None:
    command("design", "run", "genes.py:whole", "--store", "d.duckdb", "-q")
    text = command("design", "show", "genes.py:whole", "--store", "d.duckdb", "-f", "sql").out
    answer = command("query", text, "--store", "d.duckdb", "-f", "csv")
    assert answer.status == 0
    assert len(answer.out.splitlines()) == 1 + 25 * 2


def test_failed_cells_are_said_with_a_status_of_one(command: Command) -> None:
    outcome = command("design", "run", "genes.py:faulty", "--store", "d.duckdb", "-q")
    assert outcome.status == 1
    assert "50 trainings are FAILED" in outcome.err


def test_unknown_design_and_missing_store_are_one_sentence(command: Command) -> None:
    unknown = command("design", "run", "no-such-design")
    assert (unknown.status, len(unknown.err.splitlines())) == (1, 1)
    assert "unknown design 'no-such-design'" in unknown.err
    assert "there is no store" in command("design", "show", "genes.py:whole", "--store", "none.duckdb").err


def test_designs_are_listed(command: Command) -> None:
    assert command("design", "list").status == 0
