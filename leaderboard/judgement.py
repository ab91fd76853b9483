"""Judgement: what tests say of a leaderboard's standings; score intervals, duels, and comparisons across tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nasbench_sparse.leaderboard.board import board_of
from nasbench_sparse.leaderboard.evidence import Evidence, gather
from nasbench_sparse.leaderboard.head_to_head import Family, compare_pairs, rank_test
from nasbench_sparse.leaderboard.results import Results
from nasbench_sparse.leaderboard.standing import Board
from nasbench_sparse.leaderboard.statistics.aggregates import stratified_mean
from nasbench_sparse.leaderboard.statistics.bootstrap import Interval
from nasbench_sparse.leaderboard.statistics.pairwise_tests import pairwise
from nasbench_sparse.leaderboard.statistics.stratified import Strata

Duels = dict[str, Counter[str]]


def judged_board(results: Results, *, seed: int = 0) -> Board:
    """Return the leaderboard with an interval of each score, each contender's duels, and the tests across tasks.

    The interval speaks of other seeds on the same tasks, with random search's mean and the lowest loss held fixed.
    A duel is a signed-rank test of two contenders' paired runs within one complete task, corrected by Holm over
    all pairs of that task; where runs are too few to reach the corrected level, it is counted as untested. Across
    tasks every contender is tested against random search, and all that are ranked together by their ranks.
    """
    board = board_of(results)
    evidence = gather(results)
    names = results.names
    won = duels(evidence, seed=seed)
    standings = []
    for standing in board.standings:
        name = names[standing.contender]
        interval = _score_interval(board, evidence, name) if standing.ranked else None
        standings.append(
            replace(
                standing,
                score_low=None if interval is None else interval.low,
                score_high=None if interval is None else interval.high,
                better=won[name]["better"],
                equal=won[name]["equal"],
                worse=won[name]["worse"],
                untested=won[name]["untested"],
            )
        )
    against = _against(
        evidence, results.baseline, [names[standing.contender] for standing in board.standings], seed
    )
    order = rank_test(evidence, [names[standing.contender] for standing in board.ranked], seed=seed)
    return replace(board, standings=tuple(standings), against=against, order=order)


def _against(evidence: Evidence, baseline: str | None, names: Sequence[str], seed: int) -> Family | None:
    """Compare every other contender with random search, if there is one, in the order given."""
    if baseline is None or len(names) < 2:
        return None
    return compare_pairs(evidence, [(name, baseline) for name in names if name != baseline], seed=seed)


def duels(evidence: Evidence, *, seed: int = 0) -> Duels:
    """Count each contender's duels by outcome, over all tasks on which both are complete."""
    counts: Duels = {name: Counter() for name in evidence.names}
    for place, task in enumerate(evidence.tasks):
        columns = {
            name: evidence.paired[task].columns[name] for name in evidence.names if evidence.complete(name, task)
        }
        if len(columns) < 2:
            continue
        found = pairwise(columns, unit="runs", rng=np.random.default_rng([seed, place]), resamples=0)
        for pair in found.comparisons:
            if pair.adjusted is None:
                counts[pair.first]["untested"] += 1
                counts[pair.second]["untested"] += 1
                continue
            sign = int(np.sign(pair.test.effect)) if pair.rejected else 0
            counts[pair.first][("better", "equal", "worse")[sign + 1]] += 1
            counts[pair.second][("worse", "equal", "better")[sign + 1]] += 1
    return counts


def scored_tasks(board: Board) -> tuple[str, ...]:
    """Return the tasks on which scores are averaged: complete for all that are ranked, and with a spread."""
    with_score = {entry.task for entry in board.entries if entry.normalised is not None}
    return tuple(task for task in board.complete_tasks if task in with_score)


def score_strata(board: Board, evidence: Evidence, name: str) -> Strata | None:
    """Return a ranked contender's normalised scores of each scored task; None where there is no scored task."""
    ends = {task: found for task in scored_tasks(board) if (found := board.ends(task)) is not None}
    if not ends:
        return None
    losses = evidence.strata(name, list(ends)).tasks
    return Strata(
        tuple((high - column) / (high - low) for column, (high, low) in zip(losses, ends.values(), strict=True))
    )


def _score_interval(board: Board, evidence: Evidence, name: str) -> Interval | None:
    """Return the interval of a ranked contender's normalised score."""
    scores = score_strata(board, evidence, name)
    return None if scores is None else stratified_mean(scores).interval
