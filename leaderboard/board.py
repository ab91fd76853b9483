"""Reads a leaderboard from a store: two SQL queries, then plain Python."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from importlib.resources import files
from typing import Any

import orjson

from nasbench_sparse.leaderboard.runs import Contender, RunRow, common_budgets, covers, select
from nasbench_sparse.leaderboard.scores import Board, make_board
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
    names = None if tasks is None else sorted(tasks)
    ids = None if run_ids is None else sorted(run_ids)
    rows = store.sql(query("runs"), (names, names, ids, study, ids, study)).to_dicts()
    selection = select(_run(row) for row in rows)
    budgets = common_budgets(selection.runs)
    incumbents = _incumbents(store, selection.runs, budgets)
    return make_board(selection.runs, budgets, incumbents, selection.superseded, selection.repeated)


def query(name: str) -> str:
    """Return the text of one of the leaderboard's queries."""
    return (files("nasbench_sparse.leaderboard") / "queries" / f"{name}.sql").read_text(encoding="utf-8")


def _run(row: Mapping[str, Any]) -> RunRow:
    options = orjson.dumps(orjson.loads(row["options"] or "{}"), option=orjson.OPT_SORT_KEYS).decode()
    return RunRow(
        run_id=row["run_id"],
        task=row["task"],
        fingerprint=row["fingerprint"],
        contender=Contender(row["optimizer"], options, row["workers"]),
        source=row["source"],
        seed=row["seed"],
        replicate=row["replicate"],
        executor=row["executor"],
        status=row["status"],
        started=row["started"],
        full_evaluations=float(row["units"]) / row["full_size"],
        full_size=row["full_size"],
        worst=row["worst"],
        trials=row["trials"],
        bad_trials=row["bad_trials"],
        optimizer_seconds=row["optimizer_seconds"],
        evaluation_seconds=row["seconds"],
    )


def _incumbents(store: Store, runs: Sequence[RunRow], budgets: Mapping[str, float]) -> dict[str, float]:
    wanted = [run for run in runs if covers(run, budgets.get(run.task))]
    if not wanted:
        return {}
    cut = [run.full_evaluations > budgets[run.task] + 1e-9 for run in wanted]
    caps = [budgets[run.task] * run.full_size for run in wanted]
    parameters = ([run.run_id for run in wanted], [run.full_size for run in wanted], caps, cut)
    return dict(store.sql(query("incumbents"), parameters).iter_rows())
