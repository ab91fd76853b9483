"""Standings: what a leaderboard holds of a task, of a contender and of all, and the scale of its scores."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nasbench_sparse.leaderboard.runs import BudgetUnit, Contender, Optimum, Superseded

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
        lowest: of those runs' losses; None without one.
        standard_error: of that mean; None with fewer than two runs.
        runs, finished, failed: recorded runs, those that cover the common budget, and those that failed.
        without_result: covering runs in which no training at the maximal fidelity ended well.
        trials, bad_trials: outcomes told within the budget, and those not OK, in all runs.
        full_evaluations, evaluation_seconds: spent on those, mean per run.
        optimizer_seconds: time inside `ask` and `tell`, mean per run; of whole runs, also where they went on.
        exhausted: covering runs that had nothing more to ask before they had spent the common budget.
        predicted_trials: outcomes that a table's surrogate predicted, in all runs.
        search_steps: outcomes that are steps of a search, in all runs.
        cut: runs that went on beyond the budget.
        rank: among the task's contenders, ties share the mean of their places; None where only one has a loss.
        regret: loss above the table's optimum, or without a table above the lowest loss that any run found.
        normalised: 0 at random search, and 1 where the regret is zero; None where the task has no spread (see
            `spread`).
    """

    task: str
    contender: Contender
    loss: float | None
    lowest: float | None
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
    search_steps: int = 0
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
        wins: complete tasks on which it found something, and none of them has a lower mean loss.
        normalised: mean over the complete tasks that have a score.
        tasks: on which every run of its own covers the budget.
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
        repeated: runs left out because the same seed was run on another executor, or under other conditions.
        density: band of final densities within which incumbents count; None where any does.
        outside: tasks left out because nothing lies in the band.
        optima: of the tasks that have a table.
        against: every other contender against random search, corrected together; None until judged, or without it.
        order: the test of all that are ranked together; None until judged, or where
            there is none (see `rank_test`).
        beside: for each that is not ranked and each that is, the tasks on which the first has the lower, the same
            and the higher mean loss over their common seeds; empty until judged.
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
    beside: Mapping[tuple[Contender, Contender], tuple[int, int, int]] = field(default_factory=dict)

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


def baseline_entry(entries: Iterable[Entry]) -> Entry | None:
    """Return random search's entry on a task, of several the one with the fewest workers; None without a loss."""
    found = [e for e in entries if e.contender.optimizer == BASELINE and e.loss is not None]
    return min(found, key=lambda entry: (entry.contender.workers, entry.contender), default=None)


def lowest_loss(entries: Iterable[Entry], optimum: Optimum | None = None) -> float | None:
    """Return the optimum of a task's table, or without one the lowest loss that any run found; None without any."""
    if optimum is not None:
        return optimum.loss
    return min((entry.lowest for entry in entries if entry.lowest is not None), default=None)


def spread(entries: Iterable[Entry], optimum: Optimum | None = None) -> tuple[float, float] | None:
    """Return one task's mean loss of random search and the lowest one, between which scores are measured.

    The lowest is `lowest_loss`. Whether a task has a score must not depend on who is better there. So without a
    table it has one unless random search's mean equals the lowest loss found. A table's optimum depends on no run,
    and there random search must be more than two standard errors above it, or a score would divide by noise; with
    one run of random search, whose standard error is not known, there is no score.
    """
    entries = list(entries)
    random, lowest = baseline_entry(entries), lowest_loss(entries, optimum)
    if random is None or random.loss is None or lowest is None:
        return None
    if optimum is None:
        spreads = random.loss - lowest > 1e-12 * max(abs(random.loss), abs(lowest))  # a mean of equals is rounded
    else:
        error = math.inf if random.standard_error is None else random.standard_error
        spreads = random.loss - lowest > 2 * error
    return (random.loss, lowest) if spreads else None


def normalised(loss: float, ends: tuple[float, float]) -> float:
    """Return the share of the way from random search's loss to the lowest one."""
    return (ends[0] - loss) / (ends[0] - ends[1])
