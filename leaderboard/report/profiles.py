"""Scores of all tasks together: interquartile means and performance profiles."""

from __future__ import annotations

import numpy as np

from nasbench_sparse.leaderboard.figures.drawing import draw
from nasbench_sparse.leaderboard.figures.panels import Line, Panel
from nasbench_sparse.leaderboard.figures.profile import profile_figure
from nasbench_sparse.leaderboard.judgement import score_strata, scored_tasks
from nasbench_sparse.leaderboard.report.blocks import Block, Cell, Picture, Remark, Sheet, count, number, words
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.statistics.aggregates import iqm
from nasbench_sparse.leaderboard.statistics.check import counted
from nasbench_sparse.leaderboard.statistics.profiles import performance_profile
from nasbench_sparse.leaderboard.statistics.stratified import Strata

THRESHOLDS = np.linspace(-1.0, 1.5, 101)


def profile_blocks(subject: Subject) -> tuple[Block, ...]:
    """Return interquartile means and performance profiles of the contenders ranked together, or a sentence."""
    scores: dict[str, Strata] = {}
    for name in subject.ranked:
        found = score_strata(subject.board, subject.evidence, name)
        if found is not None:
            scores[name] = found
    if not scores:
        sentence = "No performance profiles: no task has normalised scores."
        return (Remark(sentences=(sentence,), queries=subject.base_queries),)
    return _means(subject, scores), _profiles(subject, scores)


def _means(subject: Subject, scores: dict[str, Strata]) -> Sheet:
    rows = []
    for name, own in scores.items():
        found = iqm(own, subject.rng(f"interquartile mean {name}"))
        low, high = (None, None) if found.interval is None else (found.interval.low, found.interval.high)
        total = sum(found.sizes)
        runs = Cell(f"{total:,}/{found.tasks}", total), count(total), count(found.tasks)
        rows.append((words(name), number(found.value, 2), number(low, 2), number(high, 2), *runs))
    return Sheet(
        name="interquartile-means",
        title="Interquartile mean of the scores",
        columns=("optimizer", "interquartile mean", "low", "high", "n", "runs", "tasks"),
        left=frozenset({"optimizer"}),
        highest_first=frozenset({"interquartile mean", "low", "high", "n"}),
        page_only=frozenset({"n"}),
        files_only=frozenset({"runs", "tasks"}),
        rows=tuple(rows),
        note=(
            "Mean of the middle half of the normalised scores of all runs, so that a few failures do not decide "
            "it; 95 % stratified bootstrap interval for other seeds on these tasks, random search's mean held "
            "fixed. Higher is better. n: runs/tasks; each task weighs the same."
        ),
        how="statistics.normalised_scores and statistics.iqm",
        queries=subject.base_queries,
    )


def _profiles(subject: Subject, scores: dict[str, Strata]) -> Picture:
    lines = []
    for name, own in scores.items():
        found = performance_profile(own, THRESHOLDS, subject.rng(f"profile {name}"), resamples=400)
        band = (None, None) if np.isnan(found.low).all() else (found.low, found.high)
        lines.append(Line(name, THRESHOLDS, found.fraction, *band))
    tasks = counted(len(scored_tasks(subject.board)), "task")
    note = (
        f"Share of the runs of {tasks} whose normalised score is at least the threshold, with pointwise 95 % "
        "stratified bootstrap bands; higher is better. 0 is random search's mean loss, held fixed, 1 the loss to "
        "which regret is measured."
    )
    drawing = draw(
        "profiles",
        "Performance profiles",
        note,
        lambda: profile_figure(Panel("", tuple(lines)), subject.looks),
    )
    how = "statistics.normalised_scores and statistics.performance_profile"
    return Picture(drawing=drawing, note=note, how=how, queries=subject.base_queries)
