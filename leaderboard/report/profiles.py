"""Scores of all tasks together: interquartile means and performance profiles."""

from __future__ import annotations

import numpy as np

from nasbench_sparse.leaderboard.figures.drawing import draw
from nasbench_sparse.leaderboard.figures.panels import Line, Panel
from nasbench_sparse.leaderboard.figures.profile import profile_figure
from nasbench_sparse.leaderboard.judgement import score_matrix, scored_tasks
from nasbench_sparse.leaderboard.report.blocks import Block, Cell, Picture, Remark, Sheet, number, words
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.statistics.aggregates import iqm
from nasbench_sparse.leaderboard.statistics.check import Floats, counted
from nasbench_sparse.leaderboard.statistics.profiles import performance_profile

THRESHOLDS = np.linspace(-1.0, 1.5, 101)


def profile_blocks(subject: Subject) -> tuple[Block, ...]:
    """Return interquartile means and performance profiles of the contenders ranked together, or a sentence."""
    scores: dict[str, Floats] = {}
    for name in subject.ranked:
        matrix = score_matrix(subject.board, subject.evidence, name)
        if matrix is not None and not np.isnan(matrix).any():
            scores[name] = matrix
    if not scores:
        sentence = "No performance profiles: no task has normalised scores with equal numbers of runs."
        return (Remark(sentences=(sentence,), queries=subject.base_queries),)
    return _means(subject, scores), _profiles(subject, scores)


def _means(subject: Subject, scores: dict[str, Floats]) -> Sheet:
    rows = []
    for name, matrix in scores.items():
        found = iqm(matrix, subject.rng(f"interquartile mean {name}"))
        low, high = (None, None) if found.interval is None else (found.interval.low, found.interval.high)
        runs = Cell(f"{found.runs} x {found.tasks}", found.runs * found.tasks)
        rows.append((words(name), number(found.value, 2), number(low, 2), number(high, 2), runs))
    return Sheet(
        name="interquartile-means",
        title="Interquartile mean of the scores",
        columns=("optimizer", "interquartile mean", "low", "high", "runs x tasks"),
        left=frozenset({"optimizer"}),
        rows=tuple(rows),
        note=(
            "Mean of the middle half of the normalised scores of all runs, so that a few failures do not decide "
            "it; 95 % stratified bootstrap interval for other seeds on these tasks. Higher is better."
        ),
        how="statistics.normalised_scores and statistics.iqm",
        queries=subject.base_queries,
    )


def _profiles(subject: Subject, scores: dict[str, Floats]) -> Picture:
    lines = []
    for name, matrix in scores.items():
        found = performance_profile(matrix, THRESHOLDS, subject.rng(f"profile {name}"), resamples=400)
        band = (None, None) if np.isnan(found.low).all() else (found.low, found.high)
        lines.append(Line(name, THRESHOLDS, found.fraction, *band))
    tasks = counted(len(scored_tasks(subject.board)), "task")
    note = (
        f"Share of the runs of {tasks} whose normalised score is at least the threshold, with pointwise 95 % "
        "stratified bootstrap bands; higher is better. 0 is random search's mean loss, 1 the best one of a task."
    )
    drawing = draw(
        "profiles",
        "Performance profiles",
        note,
        lambda: profile_figure(Panel("", tuple(lines)), subject.looks),
    )
    how = "statistics.normalised_scores and statistics.performance_profile"
    return Picture(drawing=drawing, note=note, how=how, queries=subject.base_queries)
