"""Section: which runs there are, and where they come from."""

from __future__ import annotations

import json
import math

import numpy as np

from nasbench_sparse.leaderboard.figures.coverage import coverage_figure
from nasbench_sparse.leaderboard.figures.drawing import draw
from nasbench_sparse.leaderboard.report.blocks import Block, Cell, Picture, Section, Sheet, words
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.leaderboard.statistics.coverage_matrix import Coverage, coverage

SHOWN_HOLES = 8
UNREACHED = 1e99
"""Budget of a task that no run has ended on, so that all of its runs are short."""


def coverage_section(subject: Subject) -> Section:
    """Return the coverage matrix, trials by outcome, and the provenance of the runs."""
    blocks: tuple[Block, ...] = (_outcomes(subject), _provenance(subject))
    if subject.results.runs:
        blocks = (_matrix(subject), *blocks)
    return Section("coverage", "Coverage and provenance", "", blocks)


def count_runs(subject: Subject) -> Coverage:
    """Count runs by what became of them, planned being all that any contender has on a task."""
    evidence, results = subject.evidence, subject.results
    losses: dict[str, Floats] = {}
    failed: dict[str, Floats] = {}
    rows = max(len(paired.keys) for paired in evidence.paired.values())
    for name in evidence.names:
        losses[name] = np.full((rows, len(evidence.tasks)), np.nan)
        failed[name] = np.zeros((rows, len(evidence.tasks)))
    spent = {name: np.full((rows, len(evidence.tasks)), np.inf) for name in evidence.names}
    column = {task: place for place, task in enumerate(evidence.tasks)}
    for run in results.runs:
        place = evidence.paired[run.task].keys.index((run.seed, run.replicate)), column[run.task]
        name = subject.names[run.contender]
        fell = run.status == "failed" and not results.covering(run)
        failed[name][place] = fell
        losses[name][place] = np.nan if fell else results.best.get(run.run_id, run.worst)
        spent[name][place] = math.inf if run.status == "exhausted" else run.spent(results.unit)
    budgets = [results.budgets.get(task, UNREACHED) for task in evidence.tasks]
    return coverage(losses, evidence.tasks, failed=failed, spent=spent, budgets=budgets)


def _matrix(subject: Subject) -> Picture:
    counts = count_runs(subject)
    holes = counts.holes
    more = f" and {len(holes) - SHOWN_HOLES} more" if len(holes) > SHOWN_HOLES else ""
    listed = f" Holes: {'; '.join(holes[:SHOWN_HOLES])}{more}." if holes else ""
    note = f"Runs finished of those planned. {counts.sentence}{listed}"
    drawing = draw("coverage", "Coverage", note, lambda: coverage_figure(counts))
    return Picture(drawing=drawing, note=note, how="statistics.coverage", queries=subject.base_queries)


def _outcomes(subject: Subject) -> Sheet:
    frame, queries = subject.read("outcomes")
    return Sheet(
        name="outcomes",
        title="Trials by outcome",
        columns=("optimizer", "status", "trials"),
        left=frozenset({"optimizer", "status"}),
        highest_first=frozenset({"trials"}),
        rows=tuple((words(o or ""), words(s), Cell(str(n), n)) for o, s, n in frame.iter_rows()),
        how="the query alone",
        queries=queries,
    )


def _provenance(subject: Subject) -> Sheet:
    frame, queries = subject.read("provenance")
    rows = []
    for row in frame.iter_rows(named=True):
        versions = ", ".join(f"{name} {v}" for name, v in json.loads(row["versions"] or "{}").items())
        texts = [row[key] or "—" for key in ("device", "platform", "git_revision")]
        dates = f"{row['first_started'] or '—'} to {row['last_ended'] or '—'}"
        rows.append(
            (
                *map(words, (*texts, versions or "—", row["executor"] or "—", dates)),
                Cell(str(row["runs"]), row["runs"]),
            )
        )
    columns = ("device", "platform", "revision", "versions", "executor", "made", "runs")
    return Sheet(
        name="provenance",
        title="Provenance",
        columns=columns,
        left=frozenset(columns[:-1]),
        highest_first=frozenset({"runs"}),
        rows=tuple(rows),
        how="the query alone",
        queries=queries,
    )
