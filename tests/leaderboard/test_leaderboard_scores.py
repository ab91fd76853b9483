"""Scores against values computed by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from nasbench_sparse.leaderboard.notes import notes
from nasbench_sparse.leaderboard.ranking import mean_ranks, ranked_together
from nasbench_sparse.leaderboard.runs import Contender, Optimum, RunRow, common_budgets, covers, labels, select
from nasbench_sparse.leaderboard.scores import make_board, standard_error
from nasbench_sparse.leaderboard.standing import Board, normalised, spread

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
    between = (0.6, 0.2)
    assert [normalised(loss, between) for loss in (0.6, 0.2, 0.5, 0.8)] == pytest.approx([0.0, 1.0, 0.25, -0.5])


def ends(found: Board, loss: float | None = None) -> tuple[float, float] | None:
    return spread(found.on("a"), None if loss is None else Optimum(True, 10, 1, loss))


def test_scores_without_a_table_are_measured_to_the_lowest_loss_of_any_run() -> None:
    runs = [run("a", c, s) for c in (RANDOM, LAHC) for s in (0, 1)]
    assert ends(board(runs, [0.7, 0.9, 0.4, 0.6])) == pytest.approx((0.8, 0.4))
    assert ends(board(runs, [0.4, 0.6, 0.7, 0.9])) == pytest.approx((0.5, 0.4))  # random search is best
    assert ends(board(runs, [0.5, 0.5, 0.7, 0.9])) is None  # no run is below random search's mean


def test_scores_with_a_table_need_random_two_standard_errors_above_its_optimum() -> None:
    runs = [run("a", RANDOM, s) for s in (0, 1)]
    shown = board(runs, [0.7, 0.9])  # standard error 0.1
    assert ends(shown, 0.59) == pytest.approx((0.8, 0.59))
    assert ends(shown, 0.61) is None
    assert ends(board(runs[:1], [0.8]), 0.1) is None  # one run has no standard error


def test_tasks_without_a_score_are_named() -> None:
    runs = [run("a", c, s) for c in (RANDOM, LAHC) for s in (0, 1, 2)]
    shown = board(runs, [0.1] * 3 + [0.5] * 3)  # a mean of three 0.1 is rounded up
    assert [e.normalised for e in shown.entries] == [None] * 2
    assert any("mean equals the lowest loss found" in note and note.endswith(": a.") for note in notes(shown))


def test_a_score_counts_the_tasks_that_random_search_wins() -> None:
    runs = [run(t, c, s) for t in "abcd" for c in (RANDOM, LAHC) for s in (0, 1)]
    shown = board(runs, [0.5, 0.7, 0.1, 0.2] + [0.5, 0.7, 0.9, 1.1] * 3)
    assert standing(shown, LAHC).scored_tasks == 4
    assert standing(shown, LAHC).normalised == pytest.approx((0.9 - 3 * 4) / 4)  # 0.45 / 0.5, and -0.4 / 0.1


def test_nobody_wins_a_task_on_which_nobody_found_anything() -> None:
    runs = [run(t, c, 0) for t in "ab" for c in (RANDOM, LAHC)]
    shown = board(runs, [None, None, 0.5, None])
    assert (standing(shown, RANDOM).wins, standing(shown, LAHC).wins) == (1, 0)


def test_notes_say_that_all_runs_failed() -> None:
    failed = {"status": "failed", "full_evaluations": 0.0}
    runs = [run("a", c, s, **failed) for c in (RANDOM, LAHC) for s in (0, 1)]
    assert "All 4 runs failed, so nothing is compared." in notes(board(runs, [None] * 4))
    waiting = [*runs[:1], run("a", LAHC, 1, status="running", full_evaluations=0.0)]
    assert any(
        note.startswith("No run has ended well yet, and 1 of 2 failed")
        for note in notes(board(waiting, [None] * 2))
    )


def test_board_means_ranks_wins_and_scores_are_as_by_hand() -> None:
    runs = [run(t, c, s) for t in ("a", "b") for c in (RANDOM, LAHC) for s in (0, 1)]
    shown = board(runs, [0.5, 0.7, 0.2, 0.2, 0.4, 0.6, 0.7, 0.7])
    assert entry(shown, "a", RANDOM).loss == pytest.approx(0.6)
    assert entry(shown, "a", RANDOM).standard_error == pytest.approx(0.1)
    assert entry(shown, "a", LAHC).loss == pytest.approx(0.2)
    assert (entry(shown, "a", LAHC).rank, entry(shown, "b", LAHC).rank) == (1, 2)
    assert entry(shown, "a", LAHC).normalised == pytest.approx(1.0)
    assert entry(shown, "b", LAHC).normalised == pytest.approx(-2.0)  # random's 0.5 and 0.4, its better run
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


def test_select_prefers_a_run_without_faults_whenever_it_was_run() -> None:
    plain = run("a", RANDOM, 0, executor="simulated")
    faulted = run(
        "a", RANDOM, 0, run_id="z", executor="simulated (failure_rate=0.9)", started="2024-01-02T00:00:00"
    )
    assert [r.run_id for r in select([plain, faulted]).runs] == [plain.run_id]


def test_labels_say_no_more_than_tells_contenders_apart() -> None:
    first, second = Contender("lahc", '{"a":1,"b":"x"}'), Contender("lahc", '{"a":2,"b":"x"}')
    named = labels([first, second, RANDOM, Contender("random", "{}", 4)])
    assert list(named.values()) == ["lahc a=1", "lahc a=2", "random", "random on 4"]
