"""Runs resumed after a repair, and extensions that fail: what was recorded stands, and the run can go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import nasbench_sparse as nbs
from nasbench_sparse.core.budget import Budget
from nasbench_sparse.registry import load_optimizer
from nasbench_sparse.runner.plan import plan_run
from nasbench_sparse.runner.study import Study
from nasbench_sparse.testing.problems import SyntheticTask

TASK = SyntheticTask(name="resumed")
TRIALS = "SELECT number, config_key, status, loss, incumbent_loss FROM trials ORDER BY number"


class Fragile(nbs.Optimizer):
    """Random search that breaks at its fifth ask while `broken`."""

    broken = False

    def __init__(self, problem: Any, *, seed: int) -> None:
        super().__init__(problem, seed=seed)
        self.asks = 0

    def ask(self) -> Any:
        self.asks += 1
        if self.broken and self.asks == 5:
            raise ValueError("out of ideas")
        return self.space.sample(self.rng)

    def tell(self, observation: Any) -> None:
        """Nothing to learn."""


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fragile, "broken", True)


def in_journal(store: nbs.Store, path: Path) -> list[bytes]:
    """Carry out a run of six trials whose journal is not merged, and return its lines."""
    plan = plan_run(TASK, load_optimizer("lahc"), Budget("trials", 6), seed=0)
    Study(store, merges=False).carry_out([plan], new=[plan.spec.run_id])
    [journal] = Path(f"{path}.journal").glob("*.jsonl")
    return journal.read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize("resume", ["strict", "tell-only"])
@pytest.mark.parametrize("line", [4, 5], ids=["asked", "told"])
def test_repaired_run_goes_on_to_what_it_would_have_been(tmp_path: Path, line: int, resume: Any) -> None:
    whole = nbs.Store(tmp_path / "whole.duckdb")
    nbs.run(TASK, "lahc", trials=6, store=whole)
    store = nbs.Store(tmp_path / "r.duckdb")
    lines = in_journal(store, store.path)
    [journal] = Path(f"{store.path}.journal").glob("*.jsonl")
    lines[line] = lines[line].replace(b'"number"', b'"Number"')
    journal.write_bytes(b"".join(lines))
    store.repair()
    plan = plan_run(TASK, load_optimizer("lahc"), Budget("trials", 6), seed=0)
    report = Study(store, resume=resume).run([plan])
    assert report.failed == {}
    assert store.sql(TRIALS).rows() == whole.sql(TRIALS).rows()


def test_failed_extension_leaves_a_finished_run_that_can_be_extended(
    tmp_path: Path, broken: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = nbs.Store(tmp_path / "r.duckdb")
    nbs.run(TASK, Fragile, trials=3, store=store)
    with pytest.raises(nbs.NbsError, match="out of ideas"):
        nbs.run(TASK, Fragile, trials=8, store=store)
    run = "SELECT status, budget->>'trials', spent->>'trials', error FROM runs"
    [(status, budget, spent, error)] = store.sql(run).rows()
    assert (status, float(budget), float(spent)) == ("finished", 3.0, 3.0)
    assert "out of ideas" in error
    assert nbs.run(TASK, Fragile, trials=3, store=store).status == "reused"
    with pytest.raises(nbs.NbsError, match="out of ideas"):
        nbs.run(TASK, Fragile, trials=8, store=store)
    monkeypatch.setattr(Fragile, "broken", False)
    assert nbs.run(TASK, Fragile, trials=8, store=store).status == "finished"
    [(status, budget, spent, error)] = store.sql(run).rows()
    assert (status, float(budget), float(spent), error) == ("finished", 8.0, 8.0, None)
    whole = nbs.Store(tmp_path / "whole.duckdb")
    nbs.run(TASK, Fragile, trials=8, store=whole)
    assert store.sql(TRIALS).rows() == whole.sql(TRIALS).rows()


def test_run_that_never_ended_and_fails_has_failed(tmp_path: Path, broken: None) -> None:
    store = nbs.Store(tmp_path / "r.duckdb")
    with pytest.raises(nbs.NbsError, match="in ask at trial 4: out of ideas"):
        nbs.run(TASK, Fragile, trials=8, store=store)
    assert store.sql("SELECT status, spent->>'trials' FROM runs").rows() == [("failed", "4.0")]


@pytest.mark.parametrize("seed", ["a", 1.5, -1])
def test_seed_is_a_whole_number(seed: Any) -> None:
    with pytest.raises(nbs.NbsError, match="a seed is a whole number from 0"):
        nbs.run(TASK, "random", seed=seed)
