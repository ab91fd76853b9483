"""Judgement: what tests say of a leaderboard's standings; score intervals, and duels won, tied and lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from nasbench_sparse.leaderboard.board import board_of
from nasbench_sparse.leaderboard.evidence import Evidence, gather
from nasbench_sparse.leaderboard.results import Results
from nasbench_sparse.leaderboard.scores import BASELINE, Board
from nasbench_sparse.leaderboard.statistics.aggregates import aggregate
from nasbench_sparse.leaderboard.statistics.bootstrap import Interval
from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.leaderboard.statistics.pairwise_tests import pairwise
from nasbench_sparse.leaderboard.statistics.scores import normalised_scores

Duels = dict[str, Counter[str]]


def judged_board(results: Results, *, seed: int = 0) -> Board:
    """Return the leaderboard with an interval of each score and with each contender's duels.

    The interval speaks of other seeds on the same tasks, with random search's mean and the best mean held fixed.
    A duel is a signed-rank test of two contenders' paired runs within one complete task, corrected by Holm over
    all pairs of that task; where runs are too few to reach the corrected level, it is a tie.
    """
    board = board_of(results)
    evidence = gather(results)
    names = results.names
    won = duels(evidence, seed=seed)
    standings = []
    for place, standing in enumerate(board.standings):
        name = names[standing.contender]
        interval = _score_interval(board, evidence, name, np.random.default_rng([seed, place]))
        standings.append(
            replace(
                standing,
                score_low=None if interval is None else interval.low,
                score_high=None if interval is None else interval.high,
                better=won[name]["better"],
                equal=won[name]["equal"],
                worse=won[name]["worse"],
            )
        )
    return replace(board, standings=tuple(standings))


def duels(evidence: Evidence, *, seed: int = 0) -> Duels:
    """Count each contender's duels by outcome, over all tasks on which both are complete."""
    counts: Duels = {name: Counter() for name in evidence.names}
    for place, task in enumerate(evidence.tasks):
        columns = {
            name: evidence.paired[task].columns[name] for name in evidence.names if evidence.complete(name, task)
        }
        if len(columns) < 2:
            continue
        found = pairwise(columns, unit="runs", rng=np.random.default_rng([seed, place]), resamples=100)
        for pair in found.comparisons:
            sign = int(np.sign(pair.test.effect)) if pair.rejected else 0
            counts[pair.first][("better", "equal", "worse")[sign + 1]] += 1
            counts[pair.second][("worse", "equal", "better")[sign + 1]] += 1
    return counts


def _score_interval(board: Board, evidence: Evidence, name: str, rng: np.random.Generator) -> Interval | None:
    """Return the stratified interval of a normalised score over complete tasks, where they have equal runs."""
    lowest = {task: _lowest(board, task, None) for task in board.complete_tasks}
    baseline = {task: _lowest(board, task, BASELINE) for task in board.complete_tasks}
    tasks = [task for task in board.complete_tasks if lowest[task] < baseline[task]]
    if not tasks:
        return None
    losses = evidence.matrix(name, tasks)
    if np.isnan(losses).any():
        return None
    scores = normalised_scores(losses, [baseline[t] for t in tasks], [lowest[t] for t in tasks])
    return aggregate("mean", _mean, scores.values, rng).interval


def _lowest(board: Board, task: str, optimizer: str | None) -> float:
    losses = [
        entry.loss
        for entry in board.entries
        if entry.task == task and entry.loss is not None and optimizer in (None, entry.contender.optimizer)
    ]
    return min(losses, default=np.nan)


def _mean(stack: Floats) -> Floats:
    mean: Floats = stack.mean(axis=(-2, -1))
    return mean
