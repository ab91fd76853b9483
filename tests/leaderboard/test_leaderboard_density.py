"""Leaderboards of a band of final densities."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasbench_sparse.errors import NbsError
from nasbench_sparse.leaderboard.judgement import judged_board
from nasbench_sparse.leaderboard.notes import notes
from nasbench_sparse.leaderboard.results import Wanted, read_results
from nasbench_sparse.leaderboard.sql import query
from nasbench_sparse.store import Store
from tests.leaderboard.synthetic import write_store

LOSSES = (0.5, 0.4, 0.3, 0.2)  # trial n has density 0.05 (n + 1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return write_store(tmp_path / "s.duckdb", ["a"], {"t": "f"}, loss=lambda *which: LOSSES[which[3]])


@pytest.mark.parametrize(
    ("band", "loss"), [(None, 0.2), ((0.0, 0.05), 0.5), ((0.05, 0.15), 0.3), ((0.1, 0.1), 0.4), ((0.0, 1.0), 0.2)]
)
def test_incumbents_are_those_in_the_band(store: Store, band: tuple[float, float] | None, loss: float) -> None:
    (entry,) = judged_board(read_results(store, Wanted(density=band))).entries
    assert entry.loss == pytest.approx(loss)


def test_band_has_one_percent_of_slack_for_masks_of_whole_weights(store: Store) -> None:
    assert read_results(store, Wanted(density=(0.0, 0.0496))).best  # 0.05 is within 1.01 times that
    assert not read_results(store, Wanted(density=(0.0, 0.0494))).best
    assert read_results(store, Wanted(density=(0.202, 1.0))).best
    assert not read_results(store, Wanted(density=(0.203, 1.0))).best


def test_band_holds_within_a_budget_which_the_others_spend_too(store: Store) -> None:
    (entry,) = judged_board(read_results(store, Wanted(density=(0.1, 1.0), evaluations=2))).entries
    assert entry.loss == pytest.approx(0.4)
    (entry,) = judged_board(read_results(store, Wanted(density=(0.0, 0.1), seconds=1))).entries
    assert entry.loss == pytest.approx(0.5)


def test_band_is_declared_and_empty_tasks_are_named(store: Store) -> None:
    said = " ".join(notes(judged_board(read_results(store, Wanted(density=(0.05, 0.1))))))
    assert "final density is 0.05 to 0.1 (1 % of slack)" in said
    empty = judged_board(read_results(store, Wanted(density=(0.5, 1.0))))
    assert empty.entries == ()
    assert "Left out, since nothing there lies in that band: t." in notes(empty)


def test_run_without_anything_in_the_band_has_the_worst_loss(tmp_path: Path) -> None:
    def loss(contender: str, task: str, seed: int, number: int) -> float | None:
        return None if contender == "b" and number < 3 else LOSSES[number]

    store = write_store(tmp_path / "s.duckdb", ["a", "b"], {"t": "f"}, loss=loss)
    board = judged_board(read_results(store, Wanted(density=(0.0, 0.15))))
    assert {e.contender.optimizer: (e.loss, e.without_result) for e in board.entries} == {
        "a": (pytest.approx(0.3), 0),
        "b": (3.0, 3),
    }


@pytest.mark.parametrize("name", ["incumbents", "choices", "learning_curves"])
def test_queries_of_the_report_know_the_band(store: Store, name: str) -> None:
    assert store.sql(query(name, density_low=0.5, density_high=1.0)).height == 0
    assert store.sql(query(name, density_low=0.0, density_high=1.0)).equals(store.sql(query(name)))


def test_incumbents_within_a_band(store: Store) -> None:
    frame = store.sql(query("incumbents", density_low=0.1, density_high=0.15))
    assert frame.filter(frame["run_id"] == "a|t|0")["loss"].to_list() == [0.4, 0.3]


@pytest.mark.parametrize("band", [(0.2, 0.1), (-0.1, 0.5), (0.1, 1.1), (float("nan"), 1.0)])
def test_impossible_bands_are_refused(band: tuple[float, float]) -> None:
    with pytest.raises(NbsError, match="no band of densities"):
        Wanted(density=band)
