"""Scores against values computed by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from nasbench_sparse.leaderboard.notes import notes
from nasbench_sparse.leaderboard.ranking import mean_ranks, ranked_together
from nasbench_sparse.leaderboard.runs import Contender, RunRow, common_budgets, covers, labels, select
from nasbench_sparse.leaderboard.scores import Board, make_board, normalised, spread, standard_error
from nasbench_sparse.leaderboard.table import apart_table

RANDOM, LAHC = Contender("random"), Contender("lahc", '{"history_length":3}')


def run(task: str, contender: Contender, seed: int, **fields: Any) -> RunRow:
    values: dict[str, Any] = {
        "run_id": f"{task}-{contender.optimizer}-{contender.workers}-{seed}",
        "task": task,
        "fingerprint": f"print-{task}",
        "contender": contender,
        "source": "1",
        "seed": seed,
        "replicate": 0,
        "executor": "serial",
        "status": "finished",
        "started": "2024-01-01T00:00:00",
        "full_evaluations": 10.0,
        "full_size": 4,
        "worst": 2.5,
        "trials": 10,
        "bad_trials": 0,
        "optimizer_seconds": 0.5,
        "evaluation_seconds": 20.0,
    }
    return RunRow(**{**values, **fields})


def board(runs: list[RunRow], losses: list[float | None]) -> Board:
    incumbents = {r.run_id: loss for r, loss in zip(runs, losses, strict=True) if loss is not None}
    return make_board(runs, common_budgets(runs), incumbents)


def entry(shown: Board, task: str, contender: Contender) -> Any:
    return next(e for e in shown.entries if e.task == task and e.contender == contender)


def standing(shown: Board, contender: Contender) -> Any:
    return next(s for s in shown.standings if s.contender == contender)


def test_mean_ranks_share_the_places_of_ties() -> None:
    assert mean_ranks([0.3, 0.1, 0.3, 0.2]) == [3.5, 1.0, 3.5, 2.0]


def test_standard_error_is_that_of_the_mean() -> None:
    assert standard_error([1.0, 2.0, 3.0, 4.0]) == pytest.approx(math.sqrt((5 / 3) / 4))
    assert standard_error([1.0]) is None


def test_normalised_is_zero_at_random_one_at_best_and_negative_below_random() -> None:
    ends = (0.6, 0.2)
    assert [normalised(loss, ends) for loss in (0.6, 0.2, 0.5, 0.8)] == pytest.approx([0.0, 1.0, 0.25, -0.5])
    assert normalised(0.2, None) is None


def test_spread_is_more_than_two_standard_errors_of_the_difference() -> None:
    runs = [run("a", c, s) for c in (RANDOM, LAHC) for s in (0, 1)]

    def ends(*losses: float) -> tuple[float, float] | None:
        return spread(board(runs, list(losses)).on("a"))

    # standard errors 0.1 and 0.1: two of their difference are 0.2828
    assert ends(0.7, 0.9, 0.4, 0.6) == pytest.approx((0.8, 0.5))
    assert ends(0.67, 0.87, 0.4, 0.6) is None
    assert ends(0.4, 0.6, 0.7, 0.9) is None  # random search is best
    assert spread(board(runs[:3], [0.7, 0.9, 0.1]).on("a")) is None  # one run has no standard error


def test_scores_do_not_explode_where_random_is_as_good_as_the_best() -> None:
    failing = Contender("failing")
    runs = [run("a", c, s) for c in (RANDOM, LAHC, failing) for s in (0, 1)]
    shown = board(runs, [0.5001, 0.4, 0.5, 0.4, 2.5, 2.5])
    assert [e.normalised for e in shown.entries] == [None] * 3
    assert any("No spread between random search and the best" in note for note in notes(shown))


def test_board_means_ranks_wins_and_scores_are_as_by_hand() -> None:
    runs = [run(t, c, s) for t in ("a", "b") for c in (RANDOM, LAHC) for s in (0, 1)]
    shown = board(runs, [0.5, 0.7, 0.2, 0.2, 0.4, 0.6, 0.7, 0.7])
    assert entry(shown, "a", RANDOM).loss == pytest.approx(0.6)
    assert entry(shown, "a", RANDOM).standard_error == pytest.approx(0.1)
    assert entry(shown, "a", LAHC).loss == pytest.approx(0.2)
    assert (entry(shown, "a", LAHC).rank, entry(shown, "b", LAHC).rank) == (1, 2)
    assert entry(shown, "a", LAHC).normalised == pytest.approx(1.0)
    assert entry(shown, "b", LAHC).normalised is None  # random search is best there
    assert (standing(shown, LAHC).mean_rank, standing(shown, LAHC).wins) == (1.5, 1)
    assert (standing(shown, RANDOM).mean_rank, standing(shown, RANDOM).wins) == (1.5, 1)
    assert standing(shown, LAHC).optimizer_seconds == pytest.approx(2.0)
    assert standing(shown, LAHC).evaluation_seconds == pytest.approx(80.0)


def test_board_counts_a_run_without_result_with_the_worst_loss() -> None:
    runs = [run("a", RANDOM, 0), run("a", RANDOM, 1)]
    found = entry(board(runs, [0.5, None]), "a", RANDOM)
    assert (found.loss, found.without_result) == (pytest.approx(1.5), 1)


def test_board_ranks_over_complete_tasks_only() -> None:
    runs = [run("a", RANDOM, 0), run("a", LAHC, 0), run("b", LAHC, 0)]
    shown = board(runs, [0.5, 0.6, 0.1])
    assert shown.complete_tasks == ("a",)
    assert standing(shown, LAHC).mean_rank == 2.0
    assert standing(shown, LAHC).wins == 0


def test_one_that_cannot_serve_a_task_takes_no_task_from_the_others() -> None:
    drnas = Contender("drnas")
    runs = [
        run(t, c, 0) for t in "abc" for c in (RANDOM, LAHC, drnas) if (t, c) not in (("b", drnas), ("c", drnas))
    ]
    shown = board(runs, [0.5, 0.4, 0.3, 0.6, 0.4, 0.3, 0.4])
    assert shown.complete_tasks == ("a", "b", "c")  # 2 x 3 cells rather than 3 x 1
    assert [s.contender for s in shown.ranked] == [LAHC, RANDOM]
    assert (standing(shown, LAHC).mean_rank, standing(shown, LAHC).wins) == (pytest.approx(4 / 3), 2)
    left = standing(shown, drnas)
    assert (left.ranked, left.mean_rank, left.wins, left.normalised) == (False, None, None, None)
    assert [entry(shown, "a", c).rank for c in (drnas, LAHC, RANDOM)] == [1, 2, 3]
    assert apart_table(shown).rows == (("drnas", "lahc", "1", "1", "0", "0"), ("", "random", "1", "1", "0", "0"))
    assert any(note.startswith("Not ranked, since") and "drnas" in note for note in notes(shown))


@pytest.mark.parametrize(
    ("done", "who", "tasks"),
    [
        ({"x": "ab", "y": "ab"}, "xy", "ab"),
        ({"x": "abcd", "y": "abcd", "z": "ab"}, "xy", "abcd"),  # 8 cells against 6
        ({"x": "abc", "y": "abc", "z": "ab"}, "xyz", "ab"),  # 6 against 6: more contenders
        ({"x": "ab", "y": "a"}, "xy", "a"),  # a comparison takes two
        ({"x": "a"}, "x", "a"),
        ({"x": "a", "y": "b"}, "", ""),
        ({"x": "", "y": ""}, "", ""),
        ({}, "", ""),
    ],
)
def test_ranked_together_is_the_largest_block_without_a_hole(done: dict[str, str], who: str, tasks: str) -> None:
    found, shared = ranked_together({Contender(name): frozenset(held) for name, held in done.items()})
    assert ({c.optimizer for c in found}, shared) == (set(who), tuple(tasks))


def test_budget_note_names_those_that_had_nothing_more_to_ask() -> None:
    drnas = Contender("drnas")
    runs = [run("a", RANDOM, 0), run("a", drnas, 0, status="exhausted", full_evaluations=1.5)]
    shown = board(runs, [0.5, 0.4])
    assert entry(shown, "a", drnas).exhausted == 1
    (note,) = [note for note in notes(shown) if note.startswith("Compared at 10 ")]
    assert note.endswith("every finished run had spent so much, or had nothing more to ask (drnas).")
    assert "nothing more" not in " ".join(notes(board([run("a", RANDOM, 0)], [0.5])))


def test_board_treats_a_failed_run_as_a_hole() -> None:
    failed = run("a", LAHC, 1, status="failed", full_evaluations=3.0, optimizer_seconds=None)
    shown = board([run("a", RANDOM, 0), run("a", LAHC, 0), failed], [0.5, 0.4, 0.1])
    found = entry(shown, "a", LAHC)
    assert (found.runs, found.finished, found.failed, found.complete) == (2, 1, 1, False)
    assert found.loss == pytest.approx(0.4)
    assert shown.complete_tasks == ()
    assert standing(shown, LAHC).mean_rank is None


def test_common_budget_is_the_smallest_of_finished_runs() -> None:
    runs = [
        run("a", RANDOM, 0, full_evaluations=12.0),
        run("a", LAHC, 0, full_evaluations=10.0),
        run("a", LAHC, 1, full_evaluations=2.0, status="exhausted"),
        run("a", LAHC, 2, full_evaluations=1.0, status="running"),
        run("b", LAHC, 0, full_evaluations=3.0, status="exhausted"),
        run("c", LAHC, 0, full_evaluations=3.0, status="running"),
    ]
    assert common_budgets(runs) == {"a": 10.0, "b": 3.0}
    assert [covers(r, 10.0) for r in runs[:4]] == [True, True, True, False]


def test_run_that_is_being_extended_still_covers_the_common_budget() -> None:
    runs = [run("a", RANDOM, 0), run("a", LAHC, 0, status="running", full_evaluations=15.0)]
    assert board(runs, [0.5, 0.4]).complete_tasks == ("a",)


def test_select_ranks_the_newest_source_and_names_the_older() -> None:
    old = [run("a", LAHC, seed, run_id=f"old{seed}", source="old") for seed in (0, 1)]
    new = run("a", LAHC, 0, source="new", started="2024-01-02T00:00:00")
    selection = select([*old, new, run("a", RANDOM, 0)])
    assert {r.run_id for r in selection.runs} == {new.run_id, "a-random-1-0"}
    (left_out,) = selection.superseded
    assert (left_out.what, left_out.old, left_out.new, left_out.runs) == ("optimizer lahc", "old", "new", 2)


def test_select_ranks_the_newest_version_of_a_task() -> None:
    old = run("a", RANDOM, 0, run_id="old", fingerprint="old")
    new = run("a", RANDOM, 1, fingerprint="new", started="2024-01-02T00:00:00")
    assert [r.run_id for r in select([old, new]).runs] == [new.run_id]


def test_select_counts_a_seed_once_whatever_executor_ran_it() -> None:
    serial = run("a", RANDOM, 0)
    other = run("a", RANDOM, 0, run_id="z", executor="simulated", status="running", full_evaluations=30.0)
    selection = select([serial, other])
    assert [r.run_id for r in selection.runs] == [serial.run_id]
    assert selection.repeated == 1


def test_labels_say_no_more_than_tells_contenders_apart() -> None:
    first, second = Contender("lahc", '{"a":1,"b":"x"}'), Contender("lahc", '{"a":2,"b":"x"}')
    named = labels([first, second, RANDOM, Contender("random", "{}", 4)])
    assert list(named.values()) == ["lahc a=1", "lahc a=2", "random", "random on 4"]
