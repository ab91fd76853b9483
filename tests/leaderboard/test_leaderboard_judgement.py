"""Head-to-head comparisons, duels and score intervals, on losses made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasbench_sparse.errors import NbsError
from nasbench_sparse.leaderboard.evidence import gather
from nasbench_sparse.leaderboard.head_to_head import compare_pairs
from nasbench_sparse.leaderboard.judgement import judged_board
from nasbench_sparse.leaderboard.results import Wanted, read_results
from tests.leaderboard.synthetic import graded, hash_of, write_store


def test_pairs_are_counted_and_corrected_together(tmp_path: Path) -> None:
    tasks = {f"t{i}": f"f{i}" for i in range(8)}
    gaps = {"a": 0.0, "b": 1.0, "c": 1.0}
    store = write_store(tmp_path / "s.duckdb", list(gaps), tasks, loss=graded(gaps), seeds=2)
    evidence = gather(read_results(store))
    family = compare_pairs(evidence, [("a", "b"), ("c", "a")])
    first, second = family.pairs
    assert (first.lower, first.equal, first.higher, first.units) == (8, 0, 0, 8)
    assert first.adjusted == pytest.approx(2 * 2 * 2**-8)
    assert (first.verdict, second.verdict) == ("better", "worse")
    assert first.test is not None
    assert first.test.effect == -1.0
    assert first.improvement is not None
    assert first.improvement.probability == 1.0


def test_five_pairs_of_eight_units_are_too_few_for_holm(tmp_path: Path) -> None:
    tasks = {f"t{i}": f"f{i}" for i in range(6)}
    gaps = {"a": 0.0, "b": 1.0, "c": 2.0}
    evidence = gather(
        read_results(write_store(tmp_path / "s.duckdb", list(gaps), tasks, loss=graded(gaps), seeds=1))
    )
    alone = compare_pairs(evidence, [("a", "b")]).pairs[0]
    assert alone.adjusted == pytest.approx(2 * 2**-6)
    crowd = compare_pairs(evidence, [("a", "b"), ("a", "c"), ("b", "c")]).pairs
    assert [pair.verdict for pair in crowd] == ["too few to test"] * 3  # 3 * 2 * 2**-6 > 0.05


def test_one_sided_test_needs_five_units(tmp_path: Path) -> None:
    tasks = {f"t{i}": f"f{i}" for i in range(5)}
    gaps = {"a": 0.0, "b": 1.0}
    evidence = gather(
        read_results(write_store(tmp_path / "s.duckdb", list(gaps), tasks, loss=graded(gaps), seeds=1))
    )
    assert compare_pairs(evidence, [("a", "b")]).pairs[0].verdict == "too few to test"
    assert compare_pairs(evidence, [("a", "b")], alternative="less").pairs[0].verdict == "better"
    assert compare_pairs(evidence, [("b", "a")], alternative="less").pairs[0].verdict == "no difference shown"


def test_single_task_is_compared_by_runs(tmp_path: Path) -> None:
    gaps = {"a": 0.0, "b": 1.0}
    evidence = gather(
        read_results(write_store(tmp_path / "s.duckdb", list(gaps), {"t": "f"}, loss=graded(gaps), seeds=9))
    )
    (pair,) = compare_pairs(evidence, [("a", "b")]).pairs
    assert (pair.unit, pair.units, pair.verdict) == ("runs", 9, "better")


def test_duels_are_won_within_tasks_after_correction(tmp_path: Path) -> None:
    gaps = {"a": 0.0, "b": 1.0, "random": 2.0}
    store = write_store(tmp_path / "s.duckdb", list(gaps), {"t": "f", "u": "f"}, loss=graded(gaps), seeds=8)
    board = judged_board(read_results(store))
    found = {s.contender.optimizer: (s.better, s.equal, s.worse) for s in board.standings}
    assert found == {"a": (4, 0, 0), "b": (2, 0, 2), "random": (0, 0, 4)}


def test_score_interval_holds_the_score(tmp_path: Path) -> None:
    gaps = {"a": 0.0, "b": 0.4, "random": 1.0}
    store = write_store(tmp_path / "s.duckdb", list(gaps), {"t": "f", "u": "g"}, loss=graded(gaps, 0.5), seeds=6)
    for standing in judged_board(read_results(store)).standings:
        assert standing.normalised is not None
        assert standing.score_low is not None
        assert standing.score_high is not None
        assert standing.score_low < standing.normalised < standing.score_high


def test_pairs_with_holes_use_what_both_completed(tmp_path: Path) -> None:
    def loss(contender: str, task: str, seed: int, number: int) -> float:
        return hash_of(f"{contender}{task}{seed}{number}")

    store = write_store(tmp_path / "s.duckdb", ["a", "b"], {"t": "f", "u": "g"}, loss=loss)
    results = read_results(store)
    left = [run for run in results.runs if run.run_id != "a|t|0"]
    import dataclasses

    (pair,) = compare_pairs(gather(dataclasses.replace(results, runs=tuple(left))), [("a", "b")]).pairs
    assert pair.units == 1


def test_board_at_a_budget_asked_for(tmp_path: Path) -> None:
    losses = (0.5, 0.4, 0.3, 0.2)
    store = write_store(tmp_path / "s.duckdb", ["a"], {"t": "f"}, loss=lambda *which: losses[which[3]])

    def loss(**budget: float) -> float | None:
        return judged_board(read_results(store, Wanted(**budget))).entries[0].loss

    assert loss() == pytest.approx(0.2)
    assert loss(evaluations=2) == pytest.approx(0.4)
    assert loss(seconds=3) == pytest.approx(0.3)
    assert loss(evaluations=9) is None
    assert judged_board(read_results(store, Wanted(family="f", space="Made"))).tasks == ("t",)
    assert judged_board(read_results(store, Wanted(family="g"))).tasks == ()


@pytest.mark.parametrize(
    "budgets", [{"evaluations": 1, "seconds": 1}, {"seconds": 0}, {"evaluations": float("nan")}]
)
def test_impossible_budgets_are_refused(budgets: dict[str, float]) -> None:
    with pytest.raises(NbsError, match=r"budget|both"):
        Wanted(**budgets)
