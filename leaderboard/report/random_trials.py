"""Random trials: how many of them each contender's final loss is worth."""

from __future__ import annotations

from nasbench_sparse.leaderboard.expected import ExpectedBestRow, expected_best_rows
from nasbench_sparse.leaderboard.report.blocks import Block, Cell, Sheet, number, words
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.standing import Entry

RESAMPLES = 100
"""The bands of the curves are not shown; their trials are."""


def random_trial_blocks(subject: Subject) -> tuple[Block, ...]:
    """Return one table; nothing within a band of densities, or where random search was not run."""
    if subject.results.density is not None:
        return ()
    curves, sql = expected_best_rows(subject.store, subject.results, resamples=RESAMPLES, seed=subject.seed)
    by_task = {row.task: row for row in curves}
    rows = tuple(
        _row(subject, entry, by_task[entry.task])
        for entry in subject.board.entries
        if entry.task in by_task and entry.loss is not None
    )
    if not rows:
        return ()
    sheet = Sheet(
        name="random-trials",
        title="Worth in random trials",
        columns=("task", "optimizer", "loss", "spent", "random trials", "recorded", "beyond recorded"),
        left=frozenset({"task", "optimizer"}),
        files_only=frozenset({"recorded", "beyond recorded"}),
        rows=rows,
        note=(
            "After how many random trials their best is expected to be as good as the contender's mean final loss, "
            "beside the full evaluations that it spent; estimated from all trials of random search on the task. "
            "The best is chosen as the contender chooses, by one replicate. With > where all recorded random "
            "trials together are not expected to come as low."
        ),
        how="statistics.expected_best",
        queries=(*subject.base_queries, ("random_losses", sql)),
    )
    return (sheet,)


def _row(subject: Subject, entry: Entry, curve: ExpectedBestRow) -> tuple[Cell, ...]:
    assert entry.loss is not None
    recorded = curve.curve.recorded
    worth = curve.trials_for(entry.loss)
    trials = Cell(f"> {recorded:,}", recorded) if worth is None else Cell(f"{worth:,.0f}", worth)
    name = subject.names[entry.contender]
    return (
        words(entry.task),
        words(name),
        number(entry.loss, 4),
        number(entry.full_evaluations, 1),
        trials,
        Cell(f"{recorded:,}", recorded),
        words("yes" if worth is None else "no"),
    )
