"""The expected best of random search, from all of its trials."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from nasbench_sparse.leaderboard.expected import ExpectedBestRow, expected_best_rows
from nasbench_sparse.leaderboard.results import read_results
from nasbench_sparse.leaderboard.statistics import expected_best
from tests.leaderboard.synthetic import WORST, hash_of, write_store


def drawn(contender: str, task: str, seed: int, number: int) -> float | None:
    return None if number == 3 else hash_of(f"{task}{seed}{number}")


def test_expected_best_averages_over_all_draws_of_random_searchs_trials(tmp_path: Path) -> None:
    store = write_store(tmp_path / "s.duckdb", ["lahc", "random"], {"t": "f", "u": "g"}, loss=drawn, seeds=2)
    rows, sql = expected_best_rows(store, read_results(store))
    assert [row.task for row in rows] == ["t", "u"]
    for row in rows:
        losses = [drawn("random", row.task, s, n) for s in (0, 1) for n in range(4)]
        held = [WORST if loss is None else loss for loss in losses]  # a trial that failed is a draw too
        assert row.curve.trials.tolist() == list(range(1, 9))
        by_hand = [np.mean([min(some) for some in combinations(held, n)]) for n in range(1, 9)]
        assert row.curve.expected == pytest.approx(by_hand)
    assert store.sql(sql).height == 16


def test_expected_best_takes_the_tables_mean(tmp_path: Path) -> None:
    store = write_store(
        tmp_path / "s.duckdb", ["random"], {"t": "f"}, loss=lambda *_: 1.0, seeds=1, replicates=2, whole_space=True
    )
    ((row,), _) = expected_best_rows(store, read_results(store))
    means = [1.0 + 0.1 * hash_of(f"random0{n}1") / 2 for n in range(4)]
    assert row.curve.expected[0] == pytest.approx(np.mean(means))
    assert row.curve.expected[-1] == pytest.approx(np.mean(means))  # all were told 1.0, so any may be chosen


def test_a_loss_is_worth_the_random_trials_whose_best_is_expected_there() -> None:
    losses = np.arange(1, 1001) / 1001
    row = ExpectedBestRow(
        "t", expected_best(losses, np.random.default_rng(0), trials=[1, 9, 99, 1000], resamples=100)
    )
    assert row.trials_for(1 / 10) == pytest.approx(9)
    assert 9 < (row.trials_for(1 / 50) or 0) < 99
    assert row.trials_for(0.9) == 1
    assert row.trials_for(1e-6) is None


def test_trials_that_seemed_better_and_were_not_are_worth_no_more() -> None:
    curve = expected_best([0.5, 0.2, 0.4], np.random.default_rng(0), seen=[0.1, 0.2, 0.3], resamples=100)
    assert curve.expected == pytest.approx([1.1 / 3, (0.5 + 0.5 + 0.2) / 3, 0.5])
    row = ExpectedBestRow("t", curve)
    assert row.trials_for(1.1 / 3) == 1
    assert row.trials_for(0.3) is None


def test_no_random_search_has_no_rows(tmp_path: Path) -> None:
    store = write_store(tmp_path / "s.duckdb", ["lahc"], {"t": "f"})
    assert expected_best_rows(store, read_results(store))[0] == ()
