"""Scores: losses of runs turned into means, ranks and normalised scores; plain Python, no library."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nasbench_sparse.leaderboard.ranking import comparable, mean_ranks, ranked_together
from nasbench_sparse.leaderboard.runs import (
    BudgetUnit,
    Contender,
    Optimum,
    RunRow,
    Spending,
    Superseded,
    covers,
)
from nasbench_sparse.leaderboard.standing import Board, Entry, Standing, lowest_loss, normalised, spread


def make_board(
    runs: Sequence[RunRow],
    budgets: Mapping[str, float],
    incumbents: Mapping[str, float],
    superseded: Sequence[Superseded] = (),
    repeated: int = 0,
    *,
    unit: BudgetUnit = "evaluations",
    asked: bool = False,
    density: tuple[float, float] | None = None,
    outside: tuple[str, ...] = (),
    optima: Mapping[str, Optimum] | None = None,
    cut: Mapping[str, Spending] | None = None,
) -> Board:
    """Score runs.

    Args:
        budgets: per task, see `common_budgets`.
        incumbents: per run id, the lowest loss at the maximal fidelity within the budget; absent if there is none.
        optima: of the tasks that have a table.
        cut: per run id, what those that went on beyond the budget had spent within it.
    """
    optima = optima or {}
    groups: defaultdict[tuple[str, Contender], list[RunRow]] = defaultdict(list)
    for run in runs:
        groups[run.task, run.contender].append(run)
    contenders = sorted({contender for _, contender in groups})
    tasks = sorted({task for task, _ in groups})
    entries: list[Entry] = []
    for task in tasks:
        present = [
            _entry(task, contender, groups[task, contender], budgets.get(task), incumbents, cut or {}, unit)
            for contender in contenders
            if (task, contender) in groups
        ]
        entries += _ranked(present, optima.get(task))
    done = {c: frozenset(e.task for e in entries if e.contender == c and e.complete) for c in contenders}
    together, complete = ranked_together(done)
    places = {task: _places((e for e in entries if e.task == task), together) for task in complete}
    standings = [_standing(contender, entries, places, ranked=contender in together) for contender in contenders]
    return Board(
        standings=tuple(sorted(standings, key=_order)),
        entries=tuple(entries),
        budgets=dict(budgets),
        tasks=tuple(tasks),
        complete_tasks=complete,
        superseded=tuple(superseded),
        repeated=repeated,
        unit=unit,
        asked=asked,
        density=density,
        outside=outside,
        optima=dict(optima),
    )


def _entry(
    task: str,
    contender: Contender,
    runs: Sequence[RunRow],
    budget: float | None,
    incumbents: Mapping[str, float],
    cut: Mapping[str, Spending],
    unit: BudgetUnit,
) -> Entry:
    covering = [run for run in runs if covers(run, budget, unit)]
    losses = [incumbents.get(run.run_id, run.worst) for run in covering]
    spent = [cut.get(run.run_id, run) for run in runs]
    own = [run.optimizer_seconds for run in runs if run.optimizer_seconds is not None]
    return Entry(
        task=task,
        contender=contender,
        loss=_mean(losses),
        lowest=min(losses, default=None),
        standard_error=standard_error(losses),
        runs=len(runs),
        finished=len(covering),
        failed=sum(run.status == "failed" for run in runs),
        without_result=sum(run.run_id not in incumbents for run in covering),
        exhausted=sum(not _reached(run, budget, unit) for run in covering),
        trials=sum(part.trials for part in spent),
        bad_trials=sum(part.bad_trials for part in spent),
        predicted_trials=sum(part.predicted_trials for part in spent),
        search_steps=sum(part.search_steps for part in spent),
        cut=sum(run.run_id in cut for run in runs),
        full_evaluations=sum(part.full_evaluations for part in spent) / len(runs),
        optimizer_seconds=_mean(own),
        evaluation_seconds=sum(part.evaluation_seconds for part in spent) / len(runs),
    )


def _reached(run: RunRow, budget: float | None, unit: BudgetUnit) -> bool:
    return budget is not None and run.spent(unit) >= budget - 1e-9


def _ranked(entries: Iterable[Entry], optimum: Optimum | None) -> list[Entry]:
    """Add ranks, regrets and normalised scores to one task's entries; best first, those without a loss last."""
    entries = list(entries)
    scored = [(entry, entry.loss) for entry in entries if entry.loss is not None]
    losses = [comparable(loss) for _, loss in scored]
    alone = len(losses) == 1 < len(entries)  # nobody to be ranked with, such as one that was exhausted early
    ranks = [None] if alone else mean_ranks(losses)
    ends = spread(entries, optimum)
    lowest = lowest_loss(entries, optimum)
    result = [
        replace(
            entry,
            rank=rank,
            regret=None if lowest is None else loss - lowest,
            normalised=None if ends is None else normalised(loss, ends),
        )
        for (entry, loss), rank in zip(scored, ranks, strict=True)
    ]
    result.sort(key=lambda entry: (entry.rank, entry.contender))
    return result + [entry for entry in entries if entry.loss is None]


def standard_error(values: Sequence[float]) -> float | None:
    """Return the standard error of the mean, from the sample's standard deviation; None below two values."""
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    variance = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return math.sqrt(variance / len(values))


def _standing(
    contender: Contender,
    entries: Sequence[Entry],
    places: Mapping[str, Mapping[Contender, tuple[float, bool]]],
    *,
    ranked: bool,
) -> Standing:
    own = [entry for entry in entries if entry.contender == contender]
    own_places = [task_places[contender] for task_places in places.values()] if ranked else []
    scored = [e for e in own if ranked and e.task in places and e.normalised is not None]
    return Standing(
        contender=contender,
        ranked=ranked,
        mean_rank=_mean([rank for rank, _ in own_places]),
        wins=sum(first for _, first in own_places) if ranked else None,
        normalised=_mean([e.normalised for e in scored if e.normalised is not None]),
        scored_runs=sum(e.finished for e in scored),
        scored_tasks=len(scored),
        tasks=sum(entry.complete for entry in own),
        optimizer_seconds=sum((entry.optimizer_seconds or 0.0) * entry.runs for entry in own),
        evaluation_seconds=sum(entry.evaluation_seconds * entry.runs for entry in own),
        failed_runs=sum(entry.failed for entry in own),
        bad_trials=sum(entry.bad_trials for entry in own),
    )


def _places(entries: Iterable[Entry], together: frozenset[Contender]) -> dict[Contender, tuple[float, bool]]:
    """Return each contender's rank on a complete task among those ranked together, and whether it wins.

    One without any result does not win, though nobody have a lower loss.
    """
    held = [(e, comparable(e.loss)) for e in entries if e.contender in together and e.loss is not None]
    losses = [loss for _, loss in held]
    won = [loss == min(losses) and e.without_result < e.finished for e, loss in held]
    return {e.contender: (rank, wins) for (e, _), rank, wins in zip(held, mean_ranks(losses), won, strict=True)}


def _order(standing: Standing) -> tuple[float, int, Contender]:
    rank = math.inf if standing.mean_rank is None else standing.mean_rank
    return rank, -(standing.wins or 0), standing.contender


def _mean(values: Sequence[float]) -> float | None:
    """Return the mean, to the last bit whatever their order is."""
    return math.fsum(values) / len(values) if values else None
