"""Random trials: how many of them each contender's final loss is worth."""

from __future__ import annotations

from collections.abc import Mapping

from nasbench_sparse.leaderboard.expected import ExpectedBestRow, expected_best_rows
from nasbench_sparse.leaderboard.report.blocks import Block, Cell, count, number, words
from nasbench_sparse.leaderboard.report.columns import Column, sheet_of
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
    entries = [entry for entry in subject.board.entries if entry.task in by_task and entry.loss is not None]
    if not entries:
        return ()
    sheet = sheet_of(
        _columns(subject, by_task),
        entries,
        name="random-trials",
        title="Worth in random trials",
        note=(
            "After how many random trials their best is expected to be as good as the contender's mean final loss, "
            "beside the full evaluations that it spent; estimated from all trials of random search on the task. "
            "The best is chosen as the contender chooses, by one replicate. In brackets the same for losses two "
            "standard errors above and below. With > where no number of the recorded random trials is expected to "
            "come as low."
        ),
        how="statistics.expected_best",
        queries=(*subject.base_queries, ("random_losses", sql)),
    )
    return (sheet,)


def _columns(subject: Subject, curves: Mapping[str, ExpectedBestRow]) -> tuple[Column[Entry], ...]:
    def recorded(entry: Entry) -> int:
        return curves[entry.task].curve.recorded

    def worth(entry: Entry, errors: float = 0.0) -> float | None:
        """Return the random trials that are worth its loss, moved by some standard errors."""
        assert entry.loss is not None
        return curves[entry.task].trials_for(entry.loss + errors * (entry.standard_error or 0.0))

    def trials(entry: Entry) -> Cell:
        found, most = worth(entry), recorded(entry)
        text = _trials_text(found, most)
        if entry.standard_error is not None:
            text += f" [{_trials_text(worth(entry, 2), most)}, {_trials_text(worth(entry, -2), most)}]"
        return Cell(text, most if found is None else found)

    return (
        Column("task", lambda e: words(e.task), is_text=True),
        Column("optimizer", lambda e: words(subject.names[e.contender]), is_text=True),
        Column("loss", lambda e: number(e.loss, 4)),
        Column("spent", lambda e: number(e.full_evaluations, 1)),
        Column("random trials", trials, highest_first=True),
        Column("trials low", lambda e: count(worth(e, 2)), "files"),
        Column("trials high", lambda e: count(worth(e, -2)), "files"),
        Column("recorded", lambda e: count(recorded(e)), "files"),
        Column("beyond recorded", lambda e: words("yes" if worth(e) is None else "no"), "files"),
    )


def _trials_text(trials: float | None, recorded: int) -> str:
    return f"> {recorded:,}" if trials is None else f"{trials:,.0f}"
