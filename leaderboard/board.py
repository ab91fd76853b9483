"""Reads a leaderboard from a store."""

from __future__ import annotations

from collections.abc import Collection

from nasbench_sparse.leaderboard.results import Results, Wanted, read_results
from nasbench_sparse.leaderboard.scores import make_board
from nasbench_sparse.leaderboard.standing import Board
from nasbench_sparse.store import Store


def read_board(
    store: Store,
    *,
    tasks: Collection[str] | None = None,
    run_ids: Collection[str] | None = None,
    study: str | None = None,
) -> Board:
    """Score what a store holds; hidden runs are left out.

    Args:
        tasks: names of the tasks wanted; all by default.
        run_ids, study: the runs wanted, named one by one or by the study they were made for; all by default.
    """
    return board_of(read_results(store, Wanted(tasks=tasks, run_ids=run_ids, study=study)))


def board_of(results: Results) -> Board:
    """Score results already read."""
    return make_board(
        results.runs,
        results.budgets,
        results.best,
        results.superseded,
        results.repeated,
        unit=results.unit,
        asked=results.asked,
        density=results.density,
        outside=results.outside,
        optima=results.optima,
        cut=results.cut,
    )
