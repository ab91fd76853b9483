"""Scores: losses of runs turned into means, ranks and normalised scores; plain Python, no library."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from nasbench_sparse.leaderboard.ranking import mean_ranks, ranked_together
from nasbench_sparse.leaderboard.runs import (
    BudgetUnit,
    Contender,
    Optimum,
    RunRow,
    Spending,
    Superseded,
    covers,
)

if TYPE_CHECKING:
    from nasbench_sparse.leaderboard.head_to_head import Family
    from nasbench_sparse.leaderboard.statistics.rank_diagram import CriticalDifference

BASELINE = "random"
"""The optimizer to which scores and the tests across tasks refer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A contender on a task.

    Args:
        loss: mean over runs of the incumbent's loss at the maximal fidelity, at the common budget; a run without
            such an incumbent counts with the objective's worst loss. None without a run that covers the budget.
        standard_error: of that mean; None with fewer than two runs.
        runs, finished, failed: recorded runs, those that cover the common budget, and those that failed.
        without_result: covering runs in which no training at the maximal fidelity ended well.
        trials, bad_trials: outcomes told within the budget, and those not OK, in all runs.
        full_evaluations, evaluation_seconds: spent on those, mean per run.
        optimizer_seconds: time inside `ask` and `tell`, mean per run; of whole runs, also where they went on.
        exhausted: covering runs that had nothing more to ask before they had spent the common budget.
        predicted_trials: outcomes that a table's surrogate predicted, in all runs.
        cut: runs that went on beyond the budget.
        rank: among the task's contenders, ties share the mean of their places.
        regret: loss above the table's optimum, or without a table above the task's best contender.
        normalised: 0 at random search, and 1 where the regret is zero; None where the task has no spread (see
            `spread`).
    """

    task: str
    contender: Contender
    loss: float | None
    standard_error: float | None
    runs: int
    finished: int
    failed: int
    without_result: int
    trials: int
    bad_trials: int
    full_evaluations: float
    optimizer_seconds: float | None
    evaluation_seconds: float
    exhausted: int = 0
    predicted_trials: int = 0
    cut: int = 0
    rank: float | None = None
    regret: float | None = None
    normalised: float | None = None

    @property
    def complete(self) -> bool:
        """Whether every recorded run covers the common budget."""
        return self.runs == self.finished


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A contender over all tasks; ranks, wins and normalised scores are those of the contenders ranked together.

    Args:
        ranked: whether it is one of them (see `ranked_together`); if not, mean rank, wins and score are None.
        mean_rank: over the complete tasks, among the contenders ranked together.
        wins: complete tasks on which none of them has a lower mean loss.
        normalised: mean over the complete tasks that have a score.
        scored_runs, scored_tasks: n of the score.
        score_low, score_high: 95 % interval of the normalised score; None until judged, or where there is none.
        better, equal, worse: duels with every other contender on every task that both completed, by what a test
            within the task shows after correction; None until judged.
        untested: such duels with too few runs for a test to reach the corrected level.
    """

    contender: Contender
    ranked: bool
    mean_rank: float | None
    wins: int | None
    normalised: float | None
    tasks: int
    optimizer_seconds: float
    evaluation_seconds: float
    failed_runs: int
    bad_trials: int
    scored_runs: int = 0
    scored_tasks: int = 0
    score_low: float | None = None
    score_high: float | None = None
    better: int | None = None
    equal: int | None = None
    worse: int | None = None
    untested: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A leaderboard: standings best first and those not ranked last, entries by task and rank.

    Args:
        budgets: amount of `unit` at which each task is compared.
        asked: whether that budget was asked for, rather than the largest that is common.
        complete_tasks: tasks on which every contender that is ranked has all of its runs.
        repeated: runs left out because another executor ran the same seed.
        density: band of final densities within which incumbents count; None where any does.
        outside: tasks left out because nothing lies in the band.
        optima: of the tasks that have a table.
        against: every other contender against random search, corrected together; None until judged, or without it.
        order: the test of all that are ranked together; None until judged, or where they are fewer than three.
    """

    standings: tuple[Standing, ...]
    entries: tuple[Entry, ...]
    budgets: Mapping[str, float]
    tasks: tuple[str, ...]
    complete_tasks: tuple[str, ...]
    superseded: tuple[Superseded, ...] = ()
    repeated: int = 0
    unit: BudgetUnit = "evaluations"
    asked: bool = False
    density: tuple[float, float] | None = None
    outside: tuple[str, ...] = ()
    optima: Mapping[str, Optimum] = field(default_factory=dict)
    against: Family | None = None
    order: CriticalDifference | None = None

    @property
    def ranked(self) -> tuple[Standing, ...]:
        """The standings of the contenders ranked together, best first."""
        return tuple(standing for standing in self.standings if standing.ranked)

    @property
    def apart(self) -> tuple[Standing, ...]:
        """The standings of those that miss some of the complete tasks."""
        return tuple(standing for standing in self.standings if not standing.ranked)

    def ends(self, task: str) -> tuple[float, float] | None:
        """Return the losses at which a task's normalised score is 0 and 1; None without a spread."""
        return spread(self.on(task), self.optima.get(task))

    def on(self, task: str) -> tuple[Entry, ...]:
        """Return the entries of one task, best first."""
        return tuple(entry for entry in self.entries if entry.task == task)


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
        standard_error=standard_error(losses),
        runs=len(runs),
        finished=len(covering),
        failed=sum(run.status == "failed" for run in runs),
        without_result=sum(run.run_id not in incumbents for run in covering),
        exhausted=sum(not _reached(run, budget, unit) for run in covering),
        trials=sum(part.trials for part in spent),
        bad_trials=sum(part.bad_trials for part in spent),
        predicted_trials=sum(part.predicted_trials for part in spent),
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
    losses = [loss for _, loss in scored]
    ranks = mean_ranks(losses)
    ends = spread(entries, optimum)
    lowest = min(losses, default=0.0) if optimum is None else optimum.loss
    result = [
        replace(entry, rank=rank, regret=loss - lowest, normalised=normalised(loss, ends))
        for (entry, loss), rank in zip(scored, ranks, strict=True)
    ]
    result.sort(key=lambda entry: (entry.rank, entry.contender))
    return result + [entry for entry in entries if entry.loss is None]


def baseline_entry(entries: Iterable[Entry]) -> Entry | None:
    """Return random search's entry on a task, of several the one with the fewest workers; None without a loss."""
    found = [e for e in entries if e.contender.optimizer == BASELINE and e.loss is not None]
    return min(found, key=lambda entry: (entry.contender.workers, entry.contender), default=None)


def best_entry(entries: Iterable[Entry]) -> Entry | None:
    """Return the entry of a task with the lowest mean loss; None where there is no loss."""
    found = [(e.loss, e.contender, e) for e in entries if e.loss is not None]
    return min(found)[2] if found else None


def spread(entries: Iterable[Entry], optimum: Optimum | None = None) -> tuple[float, float] | None:
    """Return one task's mean loss of random search and the lowest one, between which scores are measured.

    The lowest is the optimum of the task's table, which has no error, or without one that of the best contender.
    None where random search is less than two standard errors of their difference above the lowest: then a score
    would divide by noise. Also None with one run of either, whose standard error is not known.
    """
    entries = list(entries)
    random, best = baseline_entry(entries), best_entry(entries)
    if random is None or best is None or random.loss is None or best.loss is None:
        return None
    lowest, error = (best.loss, best.standard_error) if optimum is None else (optimum.loss, 0.0)
    if random.standard_error is None or error is None:
        return None
    spreads = random.loss - lowest > 2 * math.hypot(random.standard_error, error)
    return (random.loss, lowest) if spreads else None


def normalised(loss: float, ends: tuple[float, float] | None) -> float | None:
    """Return the share of the way from random search's loss to the best one; None where there is no spread."""
    return None if ends is None else (ends[0] - loss) / (ends[0] - ends[1])


def standard_error(values: Sequence[float]) -> float | None:
    """Return the standard error of the mean, from the sample's standard deviation; None below two values."""
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
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
        tasks=len(own),
        optimizer_seconds=sum((entry.optimizer_seconds or 0.0) * entry.runs for entry in own),
        evaluation_seconds=sum(entry.evaluation_seconds * entry.runs for entry in own),
        failed_runs=sum(entry.failed for entry in own),
        bad_trials=sum(entry.bad_trials for entry in own),
    )


def _places(entries: Iterable[Entry], together: frozenset[Contender]) -> dict[Contender, tuple[float, bool]]:
    """Return each contender's rank on a complete task among those ranked together, and whether none is lower."""
    losses = {e.contender: e.loss for e in entries if e.contender in together and e.loss is not None}
    ranks = mean_ranks(list(losses.values()))
    lowest = min(losses.values())
    return {who: (rank, losses[who] == lowest) for who, rank in zip(losses, ranks, strict=True)}


def _order(standing: Standing) -> tuple[float, int, Contender]:
    rank = math.inf if standing.mean_rank is None else standing.mean_rank
    return rank, -(standing.wins or 0), standing.contender


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
