"""Judgement: what tests say of a leaderboard's standings; score intervals, duels, and comparisons across tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from nasbench_sparse.leaderboard.board import board_of
from nasbench_sparse.leaderboard.evidence import Evidence, exact_mean, gather
from nasbench_sparse.leaderboard.head_to_head import Family, compare_all, compare_pairs
from nasbench_sparse.leaderboard.ranking import comparable
from nasbench_sparse.leaderboard.results import Results
from nasbench_sparse.leaderboard.runs import Contender
from nasbench_sparse.leaderboard.standing import Board, baseline_entry, normalised
from nasbench_sparse.leaderboard.statistics.aggregates import welch_interval
from nasbench_sparse.leaderboard.statistics.bootstrap import Interval
from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.leaderboard.statistics.holm_correction import holm_where_possible
from nasbench_sparse.leaderboard.statistics.stratified import Strata
from nasbench_sparse.leaderboard.statistics.wilcoxon import signed_rank

Duels = dict[str, Counter[str]]


def judged_board(results: Results, *, seed: int = 0) -> Board:
    """Return the leaderboard with an interval of each score, each contender's duels, and the tests across tasks.

    The interval speaks of other seeds on the same tasks, random search's too, with the lowest loss held fixed. A
    duel is a signed-rank test of two contenders' runs of their common seeds within one task, corrected by Holm
    over all pairs of that task; where runs are too few to reach the corrected level, it is counted as untested.
    Across tasks every contender is tested against random search, and all that are ranked together by their ranks.
    """
    board = board_of(results)
    evidence = gather(results)
    names = results.names
    won = duels(evidence, seed=seed)
    standings = []
    for standing in board.standings:
        name = names[standing.contender]
        interval = _score_interval(board, evidence, names, name) if standing.ranked else None
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
    order = [names[standing.contender] for standing in board.standings]
    against = _against(evidence, results.baseline, order, seed)
    ranked = [names[standing.contender] for standing in board.ranked]
    together = compare_all(evidence, order, ranked, seed=seed, intervals=False).order
    pairs = [(apart.contender, ranked.contender) for apart in board.apart for ranked in board.ranked]
    beside = {pair: tally(evidence, names[pair[0]], names[pair[1]]) for pair in pairs}
    return replace(board, standings=tuple(standings), against=against, order=together, beside=beside)


def _against(evidence: Evidence, baseline: str | None, names: Sequence[str], seed: int) -> Family | None:
    """Compare every other contender with random search, if there is one, in the order given."""
    if baseline is None or len(names) < 2:
        return None
    return compare_pairs(evidence, [(name, baseline) for name in names if name != baseline], seed=seed)


def duels(evidence: Evidence, *, seed: int = 0) -> Duels:
    """Count each contender's duels by outcome, over all tasks on which the runs of both are complete."""
    counts: Duels = {name: Counter() for name in evidence.names}
    for place, task in enumerate(evidence.tasks):
        shared = {
            (first, second): runs
            for first, second in combinations(evidence.names, 2)
            if (runs := evidence.common(task, first, second)) is not None
        }
        if not shared:
            continue
        rng = np.random.default_rng([seed, place])
        tests = [signed_rank(one, two, unit="runs", rng=rng, resamples=0) for one, two in shared.values()]
        p_values = [np.nan if test.p_value is None else test.p_value for test in tests]
        found = holm_where_possible(p_values, [test.smallest_p_value for test in tests])
        for (first, second), test, p, rejected in zip(shared, tests, found.adjusted, found.rejected, strict=True):
            if np.isnan(p):
                counts[first]["untested"] += 1
                counts[second]["untested"] += 1
                continue
            sign = int(np.sign(test.effect)) if rejected else 0
            counts[first][("better", "equal", "worse")[sign + 1]] += 1
            counts[second][("worse", "equal", "better")[sign + 1]] += 1
    return counts


def tally(evidence: Evidence, first: str, second: str) -> tuple[int, int, int]:
    """Count the tasks on which the first has the lower, the same and the higher mean loss over their common seeds.

    A task without one, or with a hole in them, is left out.
    """
    shared = filter(None, (evidence.common(task, first, second) for task in evidence.tasks))
    means = [(comparable(exact_mean(one)), comparable(exact_mean(two))) for one, two in shared]
    signs = [(one > two) - (one < two) for one, two in means]
    return signs.count(-1), signs.count(0), signs.count(1)


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


def _score_interval(board: Board, evidence: Evidence, names: Mapping[Contender, str], name: str) -> Interval | None:
    """Return the interval of a ranked contender's normalised score; None without one, as for random search's own 0.

    Other seeds would change random search's mean too, to which the score refers. So its variance is that of the
    score's linear part in both means (the delta method): of their seeds together where both have the same, since
    runs of a seed may begin alike, else of each for itself, from three runs on. A nominal 95 % covered in 93 to
    97 % of simulated studies with 2 to 20 normal runs of 1 or 9 tasks; with 20 runs of one side and 3 to 5 of the
    other, as far as they are independent, likewise.
    """
    scores: list[float] = []
    parts: list[tuple[float, int]] = []
    for task in scored_tasks(board):
        ends, random = board.ends(task), baseline_entry(board.on(task))
        if ends is not None and random is not None:
            held = evidence.paired[task].columns
            score, found = _score_parts(held[name], held[names[random.contender]], ends)
            if not found:
                return None
            scores.append(score)
            parts += found
    if not scores:
        return None
    variances, degrees = np.array(parts).T
    return welch_interval(exact_mean(scores), variances / len(scores) ** 2, degrees)


def _score_parts(own: Floats, random: Floats, ends: tuple[float, float]) -> tuple[float, list[tuple[float, int]]]:
    """Return a task's score, and the parts of its variance with their degrees of freedom; no part of too few runs.

    Args:
        own, random: losses by seed, (seeds,), NaN where the contender, or random search, has none.
    """
    here, there = ~np.isnan(own), ~np.isnan(random)
    own, reference = own[here], random[there]
    score = normalised(exact_mean(own), ends)
    width = ends[0] - ends[1]
    if np.array_equal(here, there):
        columns = [((1 - score) * reference - own) / width]
    else:
        columns = [own / width, (1 - score) * reference / width]
    if min(map(len, columns)) <= len(columns):
        return score, []
    return score, [(float(column.var(ddof=1)) / len(column), len(column) - 1) for column in columns]
