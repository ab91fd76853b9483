"""Section: the leaderboard, over all tasks and on each."""

from __future__ import annotations

from nasbench_sparse.leaderboard.notes import notes
from nasbench_sparse.leaderboard.report.blocks import (
    MINUS,
    Block,
    Cell,
    Remark,
    Section,
    Sheet,
    count,
    number,
    words,
)
from nasbench_sparse.leaderboard.report.columns import Column, sheet_of
from nasbench_sparse.leaderboard.report.profiles import profile_blocks
from nasbench_sparse.leaderboard.report.random_trials import random_trial_blocks
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.standing import Entry, Standing
from nasbench_sparse.leaderboard.table import INCOMPLETE, duels_text, duration, score_n, standings_title


def standings_section(subject: Subject) -> Section:
    """Return standings, per-task losses and the notes that belong to them."""
    remarks = Remark(sentences=tuple(notes(subject.board, tests=False)))
    blocks: tuple[Block, ...] = (remarks,)
    if subject.board.entries:
        blocks = (
            _standings(subject),
            _losses(subject),
            remarks,
            *random_trial_blocks(subject),
            *profile_blocks(subject),
        )
    return Section("leaderboard", "Leaderboard", "", blocks)


def _standings(subject: Subject) -> Sheet:
    return sheet_of(
        standing_columns(subject),
        subject.board.standings,
        name="standings",
        title=standings_title(subject.board),
        note=(
            "Score: 0 is random search's mean loss, 1 the lowest loss that any run of a task found or the optimum "
            "of its table, over tasks that have a score; in brackets the 95 % interval for other seeds on these "
            "tasks. Wins, ties and losses: tests within each task against each other contender, corrected by Holm "
            "at 5 %; where runs are too few for that, a duel is untested. n of the score: runs/tasks. Tasks: those "
            "on which all of its runs are complete, of all."
        ),
        how="scores.make_board, statistics.normalised_scores, statistics.stratified_mean and statistics.pairwise",
        queries=subject.base_queries,
    )


def standing_columns(subject: Subject) -> tuple[Column[Standing], ...]:
    """Return what is said of a contender over all tasks."""
    board = subject.board
    places = {s.contender: place for place, s in enumerate(board.standings, 1)}
    complete = len(board.tasks)
    return (
        Column("place", lambda s: count(places[s.contender]) if s.ranked else Cell("—")),
        Column("optimizer", lambda s: words(subject.names[s.contender]), is_text=True),
        Column("mean rank", lambda s: number(s.mean_rank, 2)),
        Column("score", _score, highest_first=True),
        Column("score low", lambda s: Cell("", s.score_low), "files"),
        Column("score high", lambda s: Cell("", s.score_high), "files"),
        Column("n", lambda s: Cell(score_n(s), s.scored_runs), "page", highest_first=True),
        Column("scored runs", lambda s: count(s.scored_runs), "files"),
        Column("scored tasks", lambda s: count(s.scored_tasks), "files"),
        Column(
            "wins/ties/losses",
            lambda s: Cell(duels_text(s), (s.better or 0) - (s.worse or 0)),
            "page",
            highest_first=True,
        ),
        Column("wins", lambda s: count(s.better), "files"),
        Column("ties", lambda s: count(s.equal), "files"),
        Column("losses", lambda s: count(s.worse), "files"),
        Column("untested", lambda s: count(s.untested), "files"),
        Column("tasks", lambda s: Cell(f"{s.tasks}/{complete}", s.tasks), "page", highest_first=True),
        Column("complete tasks", lambda s: count(s.tasks), "files"),
        Column("all tasks", lambda _: count(complete), "files"),
        Column("failed runs", lambda s: count(s.failed_runs)),
        Column("bad trials", lambda s: count(s.bad_trials)),
        Column("own time", lambda s: Cell(duration(s.optimizer_seconds), s.optimizer_seconds), "page"),
        Column("training", lambda s: Cell(duration(s.evaluation_seconds), s.evaluation_seconds), "page"),
        Column("own seconds", lambda s: Cell("", s.optimizer_seconds), "files"),
        Column("training seconds", lambda s: Cell("", s.evaluation_seconds), "files"),
    )


def _score(standing: Standing) -> Cell:
    score = number(standing.normalised, 2)
    if standing.score_low is None:
        return score
    ends = f" [{standing.score_low:.2f}, {standing.score_high:.2f}]".replace("-", MINUS)
    return Cell(score.text + ends, standing.normalised)


def _losses(subject: Subject) -> Sheet:
    return sheet_of(
        entry_columns(subject),
        subject.board.entries,
        name="losses",
        title="Loss of the final incumbent on each task",
        note=(
            "Mean over runs, with its standard error; lower is better. Full evaluations and training are per run. "
            "Ranks count every contender of the task, whatever its number of runs; the mean rank of the standings "
            "counts those ranked together only."
        ),
        how="scores.make_board",
        queries=subject.base_queries,
    )


def entry_columns(subject: Subject) -> tuple[Column[Entry], ...]:
    """Return what is said of a contender on a task."""
    return (
        Column("task", lambda e: words(e.task), is_text=True),
        Column("optimizer", lambda e: words(subject.names[e.contender]), is_text=True),
        Column("loss", lambda e: number(e.loss, 4)),
        Column("± s.e.", lambda e: number(e.standard_error, 4)),
        Column("regret", lambda e: number(e.regret, 4)),
        Column("rank", _rank),
        Column("score", lambda e: number(e.normalised, 3), highest_first=True),
        Column("runs", _runs, "page", highest_first=True),
        Column("finished runs", lambda e: count(e.finished), "files"),
        Column("all runs", lambda e: count(e.runs), "files"),
        Column("complete", lambda e: words("yes" if e.complete else "no"), "files"),
        Column("full evals", lambda e: number(e.full_evaluations, 1)),
        Column("training", lambda e: Cell(duration(e.evaluation_seconds), e.evaluation_seconds), "page"),
        Column("training seconds", lambda e: Cell("", e.evaluation_seconds), "files"),
    )


def _rank(entry: Entry) -> Cell:
    if entry.rank is None:
        return Cell("—")
    return Cell(f"{entry.rank:g}", entry.rank, "best" if entry.rank == 1 else "")


def _runs(entry: Entry) -> Cell:
    return Cell(f"{entry.finished}/{entry.runs}" + ("" if entry.complete else f" {INCOMPLETE}"), entry.finished)
