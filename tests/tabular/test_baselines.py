"""Shipped runs of a suite: written, added to a store that lacks them, and refused when they are not whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import nasbench_sparse.leaderboard.compare as comparing
from nasbench_sparse import Optimizer
from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.trial import Observation
from nasbench_sparse.errors import NbsError, StoreError
from nasbench_sparse.registry import load_suite, load_task
from nasbench_sparse.runner.plan import plan_suite
from nasbench_sparse.runner.study import Study
from nasbench_sparse.runner.suite import Block, Contender, Suite
from nasbench_sparse.store import Store
from nasbench_sparse.tabular import baselines
from nasbench_sparse.tabular.baselines import add_baselines, find_baselines, ship_baselines
from nasbench_sparse.tabular.places import keep_table
from nasbench_sparse.tabular.results import TabularResults
from tests.tabular.problems import TASK

SMALL = "tests.tabular.problems:TASK"

SUITE = Suite(
    "small",
    "two optimizers on one table",
    (
        Block(
            (SMALL,),
            (Contender("random"), Contender("lahc")),
            seeds=range(3),
            budget=Budget("trials", 6),
            executor="simulated",
        ),
    ),
)

COMMAND = "nasbench-sparse run small"


class Newcomer(Optimizer):
    """Draws at random."""

    def ask(self) -> dict[str, int | float | str | bool]:
        return dict(self.space.sample(self.rng))

    def tell(self, observation: Observation) -> None:
        """Learn nothing."""


@pytest.fixture
def place(exported: Path, tmp_path: Path) -> Path:
    """A folder of shipped runs, made of a study of the suite."""
    keep_table(exported, TASK)
    store = Store(tmp_path / "made.duckdb")
    assert not Study(store, recorded=TabularResults()).run(plan_suite(SUITE)).failed
    ship_baselines(store, SUITE, tmp_path / "shipped" / "small", COMMAND)
    return tmp_path / "shipped"


def test_added_runs_are_the_runs_that_were_made(place: Path, tmp_path: Path) -> None:
    store, made = Store(tmp_path / "new.duckdb"), Store(tmp_path / "made.duckdb")
    assert add_baselines(store, SUITE, place) == 6
    for table in ("trials", "trainings"):
        query = f"FROM {table} ORDER BY ALL"
        assert store.sql(query).equals(made.sql(query))
    assert add_baselines(store, SUITE, place) == 0
    report = Study(store, recorded=TabularResults()).run(plan_suite(SUITE))
    assert len(report.reused) == 6


def test_the_manifest_says_how_the_runs_were_made(place: Path) -> None:
    manifest = json.loads((place / "small" / "manifest.json").read_text())
    assert (manifest["command"], manifest["suite"], manifest["missing"]) == (COMMAND, "small", [])
    assert manifest["blocks"][0]["seeds"] == [0, 1, 2]
    assert manifest["versions"]["duckdb"]
    assert manifest["files"]["trials.parquet"]["rows"] == 36


def test_a_suite_that_has_not_ended_is_shipped_only_in_part(place: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "made.duckdb")
    plans = plan_suite(SUITE)
    store.remove(plans[0].spec.run_id)
    with pytest.raises(NbsError, match=r"1 of 6 runs of suite 'small' have not ended .* random on small, seed 0"):
        ship_baselines(store, SUITE, tmp_path / "again", COMMAND)
    ship_baselines(store, SUITE, tmp_path / "again", COMMAND, partial=True)
    manifest = json.loads((tmp_path / "again" / "manifest.json").read_text())
    assert manifest["missing"] == ["random on small, seed 0"]


def test_a_suite_without_shipped_runs_adds_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "new.duckdb")
    assert find_baselines("small") is None
    assert add_baselines(store, SUITE) == 0
    assert not store.path.exists()


def test_damaged_baselines_are_refused(place: Path, tmp_path: Path) -> None:
    file = place / "small" / "trials.parquet"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(StoreError, match="missing, truncated or changed"):
        add_baselines(Store(tmp_path / "new.duckdb"), SUITE, place)


def test_a_newcomer_is_compared_with_what_was_shipped(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        comparing, "add_baselines", lambda store, suite: baselines.add_baselines(store, suite, place)
    )
    outcome = comparing.compare(Newcomer, suite=SUITE, store=tmp_path / "fresh.duckdb")
    assert outcome.baselines_added == 6
    assert {pair.second for pair in outcome.pairs} == {"random", "lahc"}
    again = comparing.compare(Newcomer, suite=SUITE, store=tmp_path / "fresh.duckdb")
    assert (again.baselines_added, again.sentences) == (0, outcome.sentences)


def test_the_suite_covers_every_shipped_table() -> None:
    suite = load_suite("tabular")
    assert all(load_task(name).offline for name in suite.tasks)
    assert {block.executor for block in suite.blocks} == {"simulated"}
