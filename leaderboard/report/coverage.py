"""Section: which runs there are, and where they come from."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from nasbench_sparse.leaderboard.figures.coverage import coverage_figure
from nasbench_sparse.leaderboard.figures.drawing import draw
from nasbench_sparse.leaderboard.report.blocks import Block, Picture, Section, Sheet, count, words
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.runs import Contender, labels
from nasbench_sparse.leaderboard.statistics.check import Ints, counted
from nasbench_sparse.leaderboard.statistics.coverage_matrix import Coverage
from nasbench_sparse.leaderboard.statistics.pairing import RunKey

KINDS = ("finished", "failed", "short")
SHOWN_HOLES = 8


def coverage_section(subject: Subject) -> Section:
    """Return the coverage matrix, trials by outcome, and the provenance of the runs."""
    blocks: tuple[Block, ...] = (_outcomes(subject), _provenance(subject))
    if subject.results.runs:
        blocks = (_matrix(subject), *blocks)
    return Section("coverage", "Coverage and provenance", "", blocks)


def count_runs(subject: Subject) -> Coverage:
    """Count runs by what became of them.

    Planned are the runs of the suite, those of contenders and tasks without any run included, and whatever was run
    beyond it; without a suite the most runs that any contender has on the task.
    """
    names, results, plan = _names(subject), subject.results, subject.planned or {}
    tasks = sorted({*results.tasks, *(task for _, task in plan if task not in results.outside)})
    kinds: dict[str, Ints] = {kind: np.zeros((len(names), len(tasks)), dtype=np.int64) for kind in KINDS}
    held: defaultdict[tuple[Contender, str], set[RunKey]] = defaultdict(set)
    row, column = ({key: place for place, key in enumerate(keys)} for keys in (names, tasks))
    for run in results.runs:
        kind = "finished" if results.covering(run) else "failed" if run.status == "failed" else "short"
        kinds[kind][row[run.contender], column[run.task]] += 1
        held[run.contender, run.task].add((run.seed, run.replicate))
    there: Ints = np.sum(list(kinds.values()), axis=0)
    planned: Ints = np.tile(there.max(axis=0), (len(names), 1))
    if subject.planned is not None:
        planned = np.array([[len(held[c, task] | plan.get((c, task), set())) for task in tasks] for c in names])
    missing = planned - there
    return Coverage(contenders=tuple(names.values()), tasks=tuple(tasks), planned=planned, missing=missing, **kinds)


def _names(subject: Subject) -> dict[Contender, str]:
    """Return what contenders are called, of the plan those without any run included."""
    every = sorted({*subject.names, *(contender for contender, _ in subject.planned or ())})
    return labels(every)


def _matrix(subject: Subject) -> Picture:
    counts = count_runs(subject)
    note = _planned_note(counts) if subject.planned is not None else _unplanned_note(counts)
    drawing = draw("coverage", "Coverage", note, lambda: coverage_figure(counts))
    return Picture(drawing=drawing, note=note, how="plain counts", queries=subject.base_queries)


def _planned_note(counts: Coverage) -> str:
    whole = int((counts.finished == counts.planned).all(axis=0).sum())
    return (
        f"{counts.finished.sum():,} of the {counts.planned.sum():,} planned runs finished "
        f"({counts.missing.sum()} missing, {counts.failed.sum()} failed, {counts.short.sum()} short); all of them "
        f"on {whole} of {counted(len(counts.tasks), 'task')}.{_listed(counts.holes)}"
    )


def _unplanned_note(counts: Coverage) -> str:
    """Say what became of the runs that there are; what others have more is not called missing."""
    there = replace(counts, planned=counts.planned - counts.missing, missing=np.zeros_like(counts.missing))
    return (
        f"{there.finished.sum():,} of {there.planned.sum():,} runs finished ({there.failed.sum()} failed, "
        f"{there.short.sum()} short). Cells: runs finished of the most that any contender has on the task; how "
        f"many were planned is not known here.{_listed(there.holes)}"
    )


def _listed(holes: Sequence[str]) -> str:
    more = f" and {len(holes) - SHOWN_HOLES} more" if len(holes) > SHOWN_HOLES else ""
    return f" Holes: {'; '.join(holes[:SHOWN_HOLES])}{more}." if holes else ""


def _outcomes(subject: Subject) -> Sheet:
    frame, queries = subject.read("outcomes")
    return Sheet(
        name="outcomes",
        title="Trials by outcome",
        columns=("optimizer", "status", "trials"),
        left=frozenset({"optimizer", "status"}),
        highest_first=frozenset({"trials"}),
        rows=tuple((words(o or ""), words(s), count(n)) for o, s, n in frame.iter_rows()),
        how="the query alone",
        queries=queries,
    )


def _provenance(subject: Subject) -> Sheet:
    frame, queries = subject.read("provenance")
    rows = []
    for row in frame.iter_rows(named=True):
        versions = ", ".join(f"{name} {v}" for name, v in json.loads(row["versions"] or "{}").items())
        texts = [row[key] or "—" for key in ("device", "platform", "git_revision")]
        dates = " to ".join(dict.fromkeys(map(moment, (row["first_started"], row["last_ended"]))))
        rows.append((*map(words, (*texts, versions or "—", row["executor"] or "—", dates)), count(row["runs"])))
    changed = any(revision.endswith("+") for revision in frame["git_revision"] if revision)
    columns = ("device", "platform", "revision", "versions", "executor", "made", "runs")
    return Sheet(
        name="provenance",
        title="Provenance",
        columns=columns,
        left=frozenset(columns[:-1]),
        highest_first=frozenset({"runs"}),
        rows=tuple(rows),
        note="A revision that ends in + had changes that were not committed." if changed else "",
        how="the query alone",
        queries=queries,
    )


def moment(when: str | None) -> str:
    """Print a moment to the minute; one without a zone is UTC."""
    if not when:
        return "—"
    found = datetime.fromisoformat(when)
    return f"{found.astimezone(UTC) if found.tzinfo else found:%Y-%m-%d %H:%M} UTC"
