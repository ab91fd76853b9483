"""Scores where a store holds a task's table: means over replicates, and the regret to a known optimum."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasbench_sparse.leaderboard.board import board_of, read_board
from nasbench_sparse.leaderboard.evidence import gather
from nasbench_sparse.leaderboard.head_to_head import compare_pairs
from nasbench_sparse.leaderboard.notes import notes
from nasbench_sparse.leaderboard.results import Results, Wanted, read_results
from nasbench_sparse.leaderboard.runs import Optimum
from nasbench_sparse.leaderboard.sql import query
from nasbench_sparse.store import Store
from tests.leaderboard.synthetic import WORST, hash_of, write_store

LOSSES = {"lahc": (0.5, 0.4, 0.4, 0.6), "random": (0.9, 0.8, 0.7, 0.8)}


def table_mean(contender: str, seed: int, number: int, replicates: int = 2) -> float:
    """The mean over replicates that `write_store` gives a config."""
    value, key = LOSSES[contender][number], f"{contender}{seed}{number}"
    return value + sum(0.1 * hash_of(f"{key}{r}") for r in range(1, replicates)) / replicates


def tabled(path: Path, whole_space: bool | None = True, seeds: int = 3, replicates: int = 2) -> Store:
    return write_store(
        path,
        list(LOSSES),
        {"a": "f"},
        seeds=seeds,
        loss=lambda contender, task, seed, number: LOSSES[contender][number],
        replicates=replicates,
        whole_space=whole_space,
    )


def test_incumbents_are_chosen_by_what_was_seen_and_scored_by_the_table(tmp_path: Path) -> None:
    results = read_results(tabled(tmp_path / "s.duckdb"))
    for seed in range(3):
        assert results.best[f"lahc|a|{seed}"] == pytest.approx(
            table_mean("lahc", seed, 1)
        )  # the first of two equals
        assert results.best[f"random|a|{seed}"] == pytest.approx(table_mean("random", seed, 2))


def test_without_a_table_a_loss_is_what_the_run_saw(tmp_path: Path) -> None:
    results = read_results(tabled(tmp_path / "s.duckdb", whole_space=None))
    assert results.best["lahc|a|0"] == 0.4
    assert results.optima == {}


def test_the_optimum_is_the_lowest_mean_of_all_configs(tmp_path: Path) -> None:
    results = read_results(tabled(tmp_path / "s.duckdb"))
    lowest = min(table_mean("lahc", seed, number) for seed in range(3) for number in (1, 2))
    found = results.optima["a"]
    assert (found.exact, found.configs, found.replicates) == (True, 24, 2)
    assert found.loss == pytest.approx(lowest)
    board = board_of(results)
    for entry in board.on("a"):
        assert entry.loss is not None
        assert entry.regret == pytest.approx(entry.loss - lowest)
        assert entry.regret >= 0
    scores = {entry.contender.optimizer: entry.normalised for entry in board.on("a")}
    random = sum(table_mean("random", seed, 2) for seed in range(3)) / 3
    lahc = sum(table_mean("lahc", seed, 1) for seed in range(3)) / 3
    assert scores["random"] == 0.0
    assert scores["lahc"] == pytest.approx((random - lahc) / (random - lowest))
    assert any(note.startswith("Regret to the exact optimum") and note.endswith(": a.") for note in notes(board))


def test_a_table_of_some_configs_has_no_exact_optimum_and_says_so(tmp_path: Path) -> None:
    board = read_board(tabled(tmp_path / "s.duckdb", whole_space=False))
    assert not board.optima["a"].exact
    assert any("not the whole space" in note and "a (24 configs)" in note for note in notes(board))


def test_without_a_table_regret_is_to_the_lowest_loss_found(tmp_path: Path) -> None:
    board = read_board(tabled(tmp_path / "s.duckdb", whole_space=None))
    assert [entry.regret for entry in board.on("a")] == pytest.approx([0.0, 0.3])
    assert any("none has a table" in note for note in notes(board))


def test_a_replicate_that_diverged_counts_with_the_worst_loss(tmp_path: Path) -> None:
    import duckdb

    store = tabled(tmp_path / "s.duckdb", seeds=1)
    with duckdb.connect(str(store.path)) as connection:
        connection.execute("DELETE FROM trainings WHERE config_key = 'lahc01' AND replicate = 1 AND step = 4")
        connection.execute(
            "UPDATE trainings SET status = 'DIVERGED' WHERE config_key = 'lahc01' AND replicate = 1 AND step = 3"
        )
    assert read_results(store).best["lahc|a|0"] == pytest.approx((0.4 + WORST) / 2)


def test_a_config_beyond_the_table_keeps_the_loss_that_was_seen(tmp_path: Path) -> None:
    import duckdb

    store = tabled(tmp_path / "s.duckdb", seeds=1, whole_space=False)
    with duckdb.connect(str(store.path)) as connection:
        connection.execute("DELETE FROM trainings WHERE config_key = 'lahc01' AND replicate = 1")
    assert read_results(store).best["lahc|a|0"] == 0.4


def test_incumbents_over_time_end_at_the_final_loss(tmp_path: Path) -> None:
    store = tabled(tmp_path / "s.duckdb", seeds=1)
    rows = [row for row in store.sql(query("incumbents")).rows() if row[0] == "lahc|a|0"]
    assert [row[1] for row in rows] == [1.0, 2.0]
    assert rows[-1][3] == pytest.approx(read_results(store).best["lahc|a|0"])


def test_the_optimum_of_a_band_of_densities_lies_in_it(tmp_path: Path) -> None:
    store = tabled(tmp_path / "s.duckdb")
    results: Results = read_results(store, Wanted(density=(0.05, 0.05)))  # the first config of each run
    assert results.optima["a"].loss == pytest.approx(min(table_mean("lahc", seed, 0) for seed in range(3)))


def test_predicted_trials_are_counted_and_said(tmp_path: Path) -> None:
    import duckdb

    store = tabled(tmp_path / "s.duckdb", whole_space=False)
    with duckdb.connect(str(store.path)) as connection:
        connection.execute("UPDATE trials SET predicted = true WHERE number < 2")
    said = [note for note in notes(read_board(store)) if note.startswith("Predicted by")]
    assert said == ["Predicted by the table's surrogate, not trained: 50% of the trials on a."]


def test_steps_of_a_search_are_no_trials_that_could_be_predicted(tmp_path: Path) -> None:
    import duckdb

    store = tabled(tmp_path / "s.duckdb", whole_space=False)
    with duckdb.connect(str(store.path)) as connection:
        connection.execute("UPDATE trials SET predicted = true WHERE number = 1")
        connection.execute("UPDATE trials SET kind = 'search' WHERE number = 0")
        ((trials, predicted),) = connection.execute(
            "SELECT count(*) FILTER (kind = 'trial'), count(*) FILTER (predicted) FROM trials"
        ).fetchall()
    said = [note for note in notes(read_board(store)) if note.startswith("Predicted by")]
    assert said == [
        f"Predicted by the table's surrogate, not trained: {predicted / trials:.0%} of the trials on a."
    ]
    assert predicted < trials


def test_an_optimum_is_told_in_json(tmp_path: Path) -> None:
    from nasbench_sparse.leaderboard.formats import as_json

    text = as_json(read_board(tabled(tmp_path / "s.duckdb")))
    assert '"exact": true' in text
    assert Optimum.__name__ not in text


def test_a_contender_with_fewer_seeds_is_compared_on_those(tmp_path: Path) -> None:
    import duckdb

    store = tabled(tmp_path / "s.duckdb", seeds=8)
    with duckdb.connect(str(store.path)) as connection:
        connection.execute("DELETE FROM runs WHERE optimizer = 'lahc' AND seed >= 6")
    evidence = gather(read_results(store))
    pair = compare_pairs(evidence, [("lahc", "random")]).pairs[0]
    assert (pair.units, pair.lower) == (6, 6)
    assert pair.test is not None
    assert pair.test.p_value == pytest.approx(2 / 2**6)  # all of six signs equal, two-sided


def test_contenders_without_a_common_seed_have_nothing_in_common(tmp_path: Path) -> None:
    import duckdb

    store = tabled(tmp_path / "s.duckdb", seeds=4)
    with duckdb.connect(str(store.path)) as connection:
        connection.execute("DELETE FROM runs WHERE (optimizer = 'lahc') = (seed >= 2)")
    pair = compare_pairs(gather(read_results(store)), [("lahc", "random")]).pairs[0]
    assert (pair.units, pair.verdict, pair.improvement) == (0, "nothing in common", None)
