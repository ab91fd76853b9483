"""Scores: losses of runs turned into means, ranks and normalised scores; plain Python, no library."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from nasbench_sparse.leaderboard.runs import BudgetUnit, Contender, RunRow, Superseded, covers

BASELINE = "random"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A contender on a task.

    Args:
        loss: mean over runs of the incumbent's loss at the maximal fidelity, at the common budget; a run without
            such an incumbent counts with the objective's worst loss. None without a run that covers the budget.
        standard_error: of that mean; None with fewer than two runs.
        runs, finished, failed: recorded runs, those that cover the common budget, and those that failed.
        without_result: covering runs in which no training at the maximal fidelity ended well.
        trials, bad_trials: outcomes told, and those not OK, in all runs.
        full_evaluations, optimizer_seconds, evaluation_seconds: spent, mean per run.
        rank: among the task's contenders, ties share the mean of their places.
        normalised: 1 at the task's best contender, 0 at random search; None where that is missing or best.
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
    rank: float | None = None
    normalised: float | None = None

    @property
    def complete(self) -> bool:
        """Whether every recorded run covers the common budget."""
        return self.runs == self.finished


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A contender over all tasks; ranks, wins and normalised scores over complete tasks only.

    Args:
        wins: complete tasks on which no mean loss is lower.
        score_low, score_high: 95 % interval of the normalised score; None until judged, or where there is none.
        better, equal, worse: duels with every other contender on every complete task, by what a test within the
            task shows after correction; None until judged.
    """

    contender: Contender
    mean_rank: float | None
    wins: int
    normalised: float | None
    tasks: int
    optimizer_seconds: float
    evaluation_seconds: float
    failed_runs: int
    bad_trials: int
    score_low: float | None = None
    score_high: float | None = None
    better: int | None = None
    equal: int | None = None
    worse: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A leaderboard: standings best first, entries by task and rank.

    Args:
        budgets: amount of `unit` at which each task is compared.
        asked: whether that budget was asked for, rather than the largest that is common.
        complete_tasks: tasks on which every contender has all of its runs.
        repeated: runs left out because another executor ran the same seed.
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


def make_board(
    runs: Sequence[RunRow],
    budgets: Mapping[str, float],
    incumbents: Mapping[str, float],
    superseded: Sequence[Superseded] = (),
    repeated: int = 0,
    *,
    unit: BudgetUnit = "evaluations",
    asked: bool = False,
) -> Board:
    """Score runs.

    Args:
        budgets: per task, see `common_budgets`.
        incumbents: per run id, the lowest loss at the maximal fidelity within the budget; absent if there is none.
    """
    groups: defaultdict[tuple[str, Contender], list[RunRow]] = defaultdict(list)
    for run in runs:
        groups[run.task, run.contender].append(run)
    contenders = sorted({contender for _, contender in groups})
    tasks = sorted({task for task, _ in groups})
    entries: list[Entry] = []
    for task in tasks:
        present = [
            _entry(task, contender, groups[task, contender], budgets.get(task), incumbents, unit)
            for contender in contenders
            if (task, contender) in groups
        ]
        entries += _ranked(present)
    by_task = {task: [entry for entry in entries if entry.task == task] for task in tasks}
    complete = [
        task
        for task in tasks
        if len(by_task[task]) == len(contenders) and all(entry.complete for entry in by_task[task])
    ]
    standings = [_standing(contender, entries, complete) for contender in contenders]
    return Board(
        standings=tuple(sorted(standings, key=_order)),
        entries=tuple(entries),
        budgets=dict(budgets),
        tasks=tuple(tasks),
        complete_tasks=tuple(complete),
        superseded=tuple(superseded),
        repeated=repeated,
        unit=unit,
        asked=asked,
    )


def _entry(
    task: str,
    contender: Contender,
    runs: Sequence[RunRow],
    budget: float | None,
    incumbents: Mapping[str, float],
    unit: BudgetUnit,
) -> Entry:
    covering = [run for run in runs if covers(run, budget, unit)]
    losses = [incumbents.get(run.run_id, run.worst) for run in covering]
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
        trials=sum(run.trials for run in runs),
        bad_trials=sum(run.bad_trials for run in runs),
        full_evaluations=sum(run.full_evaluations for run in runs) / len(runs),
        optimizer_seconds=_mean(own),
        evaluation_seconds=sum(run.evaluation_seconds for run in runs) / len(runs),
    )


def _ranked(entries: Iterable[Entry]) -> list[Entry]:
    """Add ranks and normalised scores to one task's entries; best first, those without a loss last."""
    entries = list(entries)
    scored = [(entry, entry.loss) for entry in entries if entry.loss is not None]
    losses = [loss for _, loss in scored]
    ranks = mean_ranks(losses)
    random = min((e for e, _ in scored if e.contender.optimizer == BASELINE), key=_baseline_order, default=None)
    base = None if random is None else random.loss
    best = min(losses, default=None)
    result = [
        replace(entry, rank=rank, normalised=normalised(loss, base, best))
        for (entry, loss), rank in zip(scored, ranks, strict=True)
    ]
    result.sort(key=lambda entry: (entry.rank, entry.contender))
    return result + [entry for entry in entries if entry.loss is None]


def _baseline_order(entry: Entry) -> tuple[int, Contender]:
    return entry.contender.workers, entry.contender


def mean_ranks(losses: Sequence[float]) -> list[float]:
    """Rank losses from 1, the lowest; ties share the mean of the places they take."""
    return [
        sum(other < loss for other in losses) + (sum(other == loss for other in losses) + 1) / 2 for loss in losses
    ]


def normalised(loss: float, random: float | None, best: float | None) -> float | None:
    """Return the share of the way from random search's loss to the best one; None where there is no way."""
    if random is None or best is None or not best < random:
        return None
    return (random - loss) / (random - best)


def standard_error(values: Sequence[float]) -> float | None:
    """Return the standard error of the mean, from the sample's standard deviation; None below two values."""
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return math.sqrt(variance / len(values))


def _standing(contender: Contender, entries: Sequence[Entry], complete: Sequence[str]) -> Standing:
    own = [entry for entry in entries if entry.contender == contender]
    compared = [entry for entry in own if entry.task in complete]
    firsts = {task: min(e.rank for e in entries if e.task == task and e.rank is not None) for task in complete}
    return Standing(
        contender=contender,
        mean_rank=_mean([entry.rank for entry in compared if entry.rank is not None]),
        wins=sum(entry.rank == firsts[entry.task] for entry in compared),
        normalised=_mean([entry.normalised for entry in compared if entry.normalised is not None]),
        tasks=len(own),
        optimizer_seconds=sum((entry.optimizer_seconds or 0.0) * entry.runs for entry in own),
        evaluation_seconds=sum(entry.evaluation_seconds * entry.runs for entry in own),
        failed_runs=sum(entry.failed for entry in own),
        bad_trials=sum(entry.bad_trials for entry in own),
    )


def _order(standing: Standing) -> tuple[float, int, Contender]:
    rank = math.inf if standing.mean_rank is None else standing.mean_rank
    return rank, -standing.wins, standing.contender


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
