"""Head-to-head comparisons, duels and score intervals, on losses made by hand."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import duckdb
import pytest
from scipy.special import stdtrit

from nasbench_sparse.errors import NbsError
from nasbench_sparse.leaderboard.evidence import gather
from nasbench_sparse.leaderboard.formats import as_json
from nasbench_sparse.leaderboard.head_to_head import HeadToHead, compare_all, compare_pairs, families_sentence
from nasbench_sparse.leaderboard.judgement import judged_board
from nasbench_sparse.leaderboard.notes import notes
from nasbench_sparse.leaderboard.results import Wanted, read_results
from nasbench_sparse.leaderboard.runs import RunRow
from nasbench_sparse.leaderboard.statistics import nemenyi_p_value
from nasbench_sparse.leaderboard.table import against_table, apart_table, duels_text, entries_table, score_n
from nasbench_sparse.store import Store
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
    *others, random = judged_board(read_results(store)).standings
    assert (random.normalised, random.score_low, random.score_high) == (0.0, None, None)  # by definition
    for standing in others:
        assert standing.normalised is not None
        assert standing.score_low is not None
        assert standing.score_high is not None
        assert standing.score_low < standing.normalised < standing.score_high


def test_pairs_are_compared_on_each_tasks_common_seeds_without_failed_runs(tmp_path: Path) -> None:
    def loss(contender: str, task: str, seed: int, number: int) -> float:
        return hash_of(f"{contender}{task}{seed}{number}")

    store = write_store(tmp_path / "s.duckdb", ["a", "b"], {"t": "f", "u": "g"}, loss=loss)
    results = read_results(store)

    def compared(runs: list[RunRow]) -> HeadToHead:
        return compare_pairs(gather(dataclasses.replace(results, runs=tuple(runs))), [("a", "b")]).pairs[0]

    never_run = compared([run for run in results.runs if run.run_id != "a|t|0"])  # seeds 1 and 2 of t, all of u
    assert (never_run.units, never_run.left_out) == (2, ())
    failed = {"status": "failed", "full_evaluations": 0.0}
    stopped = compared(
        [dataclasses.replace(run, **failed) if run.run_id == "a|t|0" else run for run in results.runs]
    )
    assert (stopped.units, stopped.left_out) == (1, ("t",))


def delete_runs(path: Path, *run_ids: str) -> None:
    with duckdb.connect(str(path)) as connection:
        for run_id in run_ids:
            connection.execute("DELETE FROM trials WHERE run_id = ?", [run_id])
            connection.execute("DELETE FROM runs WHERE run_id = ?", [run_id])


def uneven(path: Path, gaps: dict[str, float]) -> Store:
    """Five seeds of task t0, three of the others; the first contender is the better one on t0 only."""

    def loss(contender: str, task: str, seed: int, number: int) -> float:
        return graded(gaps)(contender, task, seed, number) * (1 if task == "t0" else -1) + 3

    store = write_store(path, list(gaps), {f"t{i}": f"f{i}" for i in range(4)}, loss=loss, seeds=5)
    delete_runs(path, *(f"{name}|t{task}|{seed}" for name in gaps for task in (1, 2, 3) for seed in (3, 4)))
    return store


def test_probability_counts_tasks_with_fewer_seeds(tmp_path: Path) -> None:
    evidence = gather(read_results(uneven(tmp_path / "s.duckdb", {"a": 0.0, "random": 1.0})))
    chance = compare_pairs(evidence, [("a", "random")]).pairs[0].improvement
    assert chance is not None
    assert chance.probability == 0.25
    assert sorted(chance.first_sizes) == [3, 3, 3, 5]


def test_scores_of_tasks_with_fewer_seeds_have_intervals(tmp_path: Path) -> None:
    board = judged_board(read_results(uneven(tmp_path / "s.duckdb", {"a": 0.0, "random": 1.0})))
    assert [score_n(standing) for standing in board.standings] == ["14/4"] * 2
    own = next(standing for standing in board.standings if standing.contender.optimizer == "a")
    assert own.score_low is not None
    assert own.score_low < (own.normalised or 0.0)


def test_a_contender_with_other_seeds_on_each_task_is_compared_on_all_of_them(tmp_path: Path) -> None:
    gaps = {"a": 0.0, "random": 1.0}
    store = write_store(
        tmp_path / "s.duckdb", list(gaps), {"t": "f", "u": "g", "v": "h"}, loss=graded(gaps), seeds=4
    )
    delete_runs(store.path, "a|u|2", "a|u|3", "a|v|0", "a|v|1", "a|v|2", "a|v|3")
    board = judged_board(read_results(store))
    assert board.against is not None
    (pair,) = board.against.pairs
    assert (pair.units, pair.lower, pair.left_out) == (2, 2, ("v",))
    assert any(
        note.startswith("Left out against random") and note.endswith("both have: a on v.") for note in notes(board)
    )


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


def test_costs_at_a_budget_are_of_the_trials_that_count(tmp_path: Path) -> None:
    def loss(contender: str, task: str, seed: int, number: int) -> float | None:
        return None if number == 3 else 0.5

    store = write_store(tmp_path / "s.duckdb", ["a"], {"t": "f"}, loss=loss)

    def costs(**budget: float) -> tuple[float, float, int, int, int]:
        entry = judged_board(read_results(store, Wanted(**budget))).entries[0]
        return entry.full_evaluations, entry.evaluation_seconds, entry.trials, entry.bad_trials, entry.cut

    assert costs() == (4, 4, 12, 3, 0)
    assert costs(evaluations=2) == (2, 2, 6, 0, 3)
    assert costs(evaluations=1.5) == (2, 2, 6, 0, 3)  # the second was asked when one was spent
    assert costs(seconds=3) == (3, 3, 9, 0, 3)
    assert costs(seconds=0.5) == (0, 0, 0, 0, 3)
    assert costs(evaluations=4) == (4, 4, 12, 3, 0)


@pytest.mark.parametrize("optimizer", ["asha", "random"])
def test_board_at_a_budget_is_that_of_runs_with_this_budget(tmp_path: Path, optimizer: str) -> None:
    from nasbench_sparse import run
    from nasbench_sparse.testing.problems import synthetic_tasks

    task = synthetic_tasks()["mixed"]
    for name, amount in (("long", 30), ("short", 7)):
        run(task, optimizer, evaluations=amount, seed=3, store=tmp_path / f"{name}.duckdb")
    cut = judged_board(read_results(Store(tmp_path / "long.duckdb"), Wanted(evaluations=7))).entries[0]
    short = judged_board(read_results(Store(tmp_path / "short.duckdb"), Wanted(evaluations=7))).entries[0]
    assert (cut.loss, cut.trials, cut.full_evaluations) == (short.loss, short.trials, short.full_evaluations)
    assert cut.evaluation_seconds == pytest.approx(short.evaluation_seconds)
    assert (cut.cut, short.cut) == (1, 0)


def test_headings_say_the_budget_and_which_trials_count(tmp_path: Path) -> None:
    store = write_store(tmp_path / "s.duckdb", ["a", "b"], {"t": "f"})
    board = judged_board(read_results(store, Wanted(seconds=1)))
    assert entries_table(board).title.endswith("per task, at 1 second of the runs' clock: trials told by then")
    assert any(note.startswith("Compared at 1 second of the runs' clock, as asked for") for note in notes(board))
    board = judged_board(read_results(store, Wanted(evaluations=2)))
    assert entries_table(board).title.endswith("at 2 full evaluations: trials asked before they were spent")
    assert any("6 runs went on" in note and "own time of whole runs" in note for note in notes(board))


def test_duels_with_too_few_runs_are_untested_and_not_ties(tmp_path: Path) -> None:
    gaps = {"a": 0.0, "b": 1.0}
    store = write_store(tmp_path / "s.duckdb", list(gaps), {"t": "f", "u": "f"}, loss=graded(gaps), seeds=5)
    board = judged_board(read_results(store))
    assert [(s.better, s.equal, s.worse, s.untested) for s in board.standings] == [(0, 0, 0, 2)] * 2
    assert duels_text(board.standings[0]) == "0/0/0 (2 untested)"
    assert any("untested are those with too few runs" in note for note in notes(board))


def test_all_ties_are_said_and_have_no_interval(tmp_path: Path) -> None:
    names = ["a", "b", "random"]
    store = write_store(tmp_path / "s.duckdb", names, {f"t{i}": f"f{i}" for i in range(7)}, seeds=7)
    board = judged_board(read_results(store))
    for row in against_table(board).rows:
        assert row[1:] == (
            *("0/7/0", "7", "7", "0.00", "no difference anywhere"),
            *("0.50", "all runs tie", "1", "no difference shown"),
        )
    assert {duels_text(s) for s in board.standings} == {"0/14/0"}
    assert {(s.normalised, s.score_low, score_n(s)) for s in board.standings} == {(None, None, "—")}
    assert any("no two are shown to differ" in note for note in notes(board))


def test_all_pairs_are_decided_by_nemenyi_where_holm_cannot(tmp_path: Path) -> None:
    gaps = {name: float(place) for place, name in enumerate("abcdef")}
    store = write_store(
        tmp_path / "s.duckdb", list(gaps), {f"t{i}": f"f{i}" for i in range(9)}, loss=graded(gaps), seeds=2
    )
    evidence = gather(read_results(store))
    family = compare_all(evidence, list(gaps), list(gaps))
    first = family.pair("a", "f")  # ranks 1 and 6 on all of nine tasks
    assert first.adjusted == pytest.approx(
        max(nemenyi_p_value(5, 6, 9), 1 / 10_001), rel=1e-6
    )  # Friedman's, of 10,000 permutations
    assert (first.verdict, family.pair("a", "b").verdict) == ("better", "no difference shown")
    assert "p is Nemenyi's over the 6 contenders" in family.sentence
    fewer = compare_all(evidence, list("abcde"), list("abcde"))  # 10 pairs: 2^-8 is enough
    assert fewer.sentence == "Holm over 10 tests rejects 10 at 0.05."


def test_standings_hold_the_tests_against_random_and_of_all_pairs(tmp_path: Path) -> None:
    gaps = {"a": 0.0, "b": 1.0, "random": 2.0}
    store = write_store(
        tmp_path / "s.duckdb", list(gaps), {f"t{i}": f"f{i}" for i in range(8)}, loss=graded(gaps), seeds=2
    )
    board = judged_board(read_results(store))
    assert board.against is not None
    assert [(p.first, p.second, p.verdict) for p in board.against.pairs] == [
        ("a", "random", "better"),
        ("b", "random", "better"),
    ]
    assert [p.adjusted for p in board.against.pairs] == [pytest.approx(2**-6)] * 2  # 2 tests of 2^-7
    assert families_sentence("every contender against random", "tasks") in notes(board)
    assert any(
        "signed-rank tests, Holm-corrected: shown to differ are a and b, a and random, b and random." in note
        for note in notes(board)
    )
    assert {score_n(s) for s in board.standings} == {"16/8"}
    told = json.loads(as_json(board))
    assert told["order"]["differ"] == [["a", "b"], ["a", "random"], ["b", "random"]]
    assert [pair["verdict"] for pair in told["against"]] == ["better", "better"]
    assert [pair["p"] for pair in told["against"]] == [pytest.approx(2**-7)] * 2
    assert {pair["no_effect_interval"] for pair in told["against"]} == {"all of one sign"}
    assert [pair["left_out"] for pair in told["against"]] == [[], []]


def test_unequal_seeds_leave_the_rank_test_out_rather_than_fail(tmp_path: Path) -> None:
    store = write_store(tmp_path / "s.duckdb", ["a", "b", "c"], {"t": "f", "u": "g"}, seeds=4)
    with duckdb.connect(str(store.path)) as connection:
        connection.execute("DELETE FROM runs WHERE (optimizer = 'a') = (seed >= 2)")  # no seed in common
    board = judged_board(read_results(store))
    assert len(board.ranked) == 3
    assert board.order is None


@pytest.mark.parametrize(
    "budgets",
    [
        {"evaluations": 1, "seconds": 1},
        {"seconds": 0},
        {"evaluations": float("nan")},
        {"evaluations": float("inf")},
        {"seconds": float("inf")},
    ],
)
def test_impossible_budgets_are_refused(budgets: dict[str, float]) -> None:
    with pytest.raises(NbsError, match=r"budget|both"):
        Wanted(**budgets)


def test_duels_are_fought_on_the_seeds_that_both_have(tmp_path: Path) -> None:
    gaps = {"a": 0.0, "b": 1.0, "c": 2.0}
    store = write_store(tmp_path / "s.duckdb", list(gaps), {"t": "f"}, loss=graded(gaps), seeds=12)
    full = {s.contender.optimizer: duels_text(s) for s in judged_board(read_results(store)).standings}
    delete_runs(store.path, "c|t|11")
    board = judged_board(read_results(store))
    fewer = {s.contender.optimizer: duels_text(s) for s in board.standings}
    assert full == fewer == {"a": "2/0/0", "b": "1/0/1", "c": "0/0/2"}


def test_one_not_ranked_is_compared_on_common_seeds(tmp_path: Path) -> None:
    def loss(contender: str, task: str, seed: int, number: int) -> float:
        if contender == "few":
            return 0.5
        return 0.4 if seed == 0 else 0.9  # the mean of all seeds is higher, that of the common one lower

    names = ["few", "lahc", "random"]
    store = write_store(tmp_path / "s.duckdb", names, {"t": "f", "u": "g"}, loss=loss, seeds=3)
    delete_runs(store.path, "few|t|1", "few|t|2", *(f"few|u|{seed}" for seed in range(3)))
    board = judged_board(read_results(store))
    assert apart_table(board).rows == (("few", "lahc", "1", "0", "0", "1"), ("", "random", "1", "0", "0", "1"))


def test_means_of_the_same_losses_in_another_order_tie(tmp_path: Path) -> None:
    losses = (0.1, 0.2, 0.3)  # summed from the left 0.6000000000000001, from the right 0.6

    def loss(contender: str, task: str, seed: int, number: int) -> float:
        return losses[seed if contender == "a" else 2 - seed]

    store = write_store(tmp_path / "s.duckdb", ["a", "b"], {"t": "f", "u": "g"}, loss=loss, seeds=3)
    board = judged_board(read_results(store))
    assert [standing.mean_rank for standing in board.standings] == [1.5, 1.5]
    pair = compare_pairs(gather(read_results(store)), [("a", "b")]).pairs[0]
    assert (pair.lower, pair.equal, pair.higher) == (0, 2, 0)


def test_score_interval_knows_that_random_search_has_other_seeds_too(tmp_path: Path) -> None:
    random, own = (0.9, 1.0, 1.1, 1.4), (0.6, 0.5, 0.7, 0.2)

    def loss(contender: str, task: str, seed: int, number: int) -> float:
        return (random if contender == "random" else own)[seed]

    store = write_store(tmp_path / "s.duckdb", ["lahc", "random"], {"t": "f"}, loss=loss, seeds=4)
    lahc = judged_board(read_results(store)).standings[0]
    score = (1.1 - 0.5) / (1.1 - 0.2)
    parts = [(1 - score) * (r - 1.1) - (x - 0.5) for r, x in zip(random, own, strict=True)]
    error = (sum(part**2 for part in parts) / 3 / 4) ** 0.5 / 0.9
    half = 3.182446305284263 * error  # Student's quantile of 3 degrees of freedom
    assert (lahc.score_low, lahc.score_high) == pytest.approx((score - half, score + half))


def test_means_that_are_equal_as_decimals_tie(tmp_path: Path) -> None:
    losses = {"a": (0.835, 0.838, 0.849), "b": (0.805, 0.883, 0.834)}  # one mean, but for the last bit

    def loss(contender: str, task: str, seed: int, number: int) -> float:
        return losses[contender][seed]

    store = write_store(tmp_path / "s.duckdb", ["a", "b"], {"t": "f", "u": "g"}, loss=loss, seeds=3)
    board = judged_board(read_results(store))
    assert len({entry.loss for entry in board.entries}) == 2
    assert [(standing.mean_rank, standing.wins) for standing in board.standings] == [(1.5, 2)] * 2
    pair = compare_pairs(gather(read_results(store)), [("a", "b")]).pairs[0]
    assert (pair.lower, pair.equal, pair.higher) == (0, 2, 0)


def test_score_interval_adds_the_variances_of_sides_with_other_seeds(tmp_path: Path) -> None:
    random, own = (0.9, 1.0, 1.1, 1.4), (0.6, 0.5, 0.7)

    def loss(contender: str, task: str, seed: int, number: int) -> float:
        return (random if contender == "random" else (*own, 9.0))[seed]

    store = write_store(tmp_path / "s.duckdb", ["lahc", "random"], {"t": "f"}, loss=loss, seeds=4)
    delete_runs(store.path, "lahc|t|3")
    standing = judged_board(read_results(store)).standings[0]
    score, width = (1.1 - 0.6) / (1.1 - 0.5), 1.1 - 0.5
    ours, theirs = 0.01 / 3 / width**2, (1 - score) ** 2 * 0.14 / 3 / 4 / width**2
    degrees = (ours + theirs) ** 2 / (ours**2 / 2 + theirs**2 / 3)
    half = float(stdtrit(degrees, 0.975)) * (ours + theirs) ** 0.5
    assert (standing.score_low, standing.score_high) == pytest.approx((score - half, score + half))


def test_a_failed_run_of_the_one_task_leaves_its_contender_untested_everywhere(tmp_path: Path) -> None:
    gaps = {"a": 0.0, "b": 1.0, "random": 2.0}
    store = write_store(tmp_path / "s.duckdb", list(gaps), {"t": "f"}, loss=graded(gaps), seeds=12)
    with duckdb.connect(str(store.path)) as connection:
        connection.execute("UPDATE runs SET status = 'failed' WHERE run_id = 'a|t|3'")
        connection.execute("DELETE FROM trials WHERE run_id = 'a|t|3'")
    board = judged_board(read_results(store))
    assert board.against is not None
    assert {p.first: (p.verdict, p.units) for p in board.against.pairs} == {
        "a": ("nothing in common", 0),
        "b": ("better", 12),
    }
    assert {s.contender.optimizer: duels_text(s) for s in board.standings} == {
        "a": "—",
        "b": "1/0/0",
        "random": "0/0/1",
    }
