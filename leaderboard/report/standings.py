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
from nasbench_sparse.leaderboard.report.profiles import profile_blocks
from nasbench_sparse.leaderboard.report.random_trials import random_trial_blocks
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.table import INCOMPLETE, duels_text, duration, score_n, standings_title


def standings_section(subject: Subject) -> Section:
    """Return standings, per-task losses and the notes that belong to them."""
    remarks = Remark(sentences=tuple(notes(subject.board)))
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
    board = subject.board
    rows = []
    for place, s in enumerate(board.standings, 1):
        interval = "" if s.score_low is None else f" [{s.score_low:.2f}, {s.score_high:.2f}]".replace("-", MINUS)
        score = number(s.normalised, 2)
        rows.append(
            (
                Cell(str(place), place) if s.ranked else Cell("—"),
                words(subject.names[s.contender]),
                number(s.mean_rank, 2),
                Cell(score.text + interval, s.normalised),
                Cell("", s.score_low),
                Cell("", s.score_high),
                Cell(score_n(s), s.scored_runs),
                *map(count, (s.scored_runs, s.scored_tasks)),
                Cell(duels_text(s), (s.better or 0) - (s.worse or 0)),
                *map(count, (s.better, s.equal, s.worse, s.untested)),
                Cell(f"{s.tasks}/{len(board.tasks)}", s.tasks),
                *map(count, (s.tasks, len(board.tasks))),
                Cell(str(s.failed_runs), s.failed_runs),
                Cell(str(s.bad_trials), s.bad_trials),
                Cell(duration(s.optimizer_seconds), s.optimizer_seconds),
                Cell(duration(s.evaluation_seconds), s.evaluation_seconds),
                *map(Cell, ("", ""), (s.optimizer_seconds, s.evaluation_seconds)),
            )
        )
    columns = (
        "place",
        "optimizer",
        "mean rank",
        "score",
        "score low",
        "score high",
        "n",
        "scored runs",
        "scored tasks",
        "wins/ties/losses",
        "wins",
        "ties",
        "losses",
        "untested",
        "tasks",
        "complete tasks",
        "all tasks",
        "failed runs",
        "bad trials",
        "own time",
        "training",
        "own seconds",
        "training seconds",
    )
    page_only = frozenset({"n", "wins/ties/losses", "tasks", "own time", "training"})
    shown = frozenset({"place", "optimizer", "mean rank", "score", "failed runs", "bad trials"})
    note = (
        "Score: 0 is random search's mean loss, 1 the lowest loss that any run of a task found or the optimum of "
        "its table, over tasks that have a score; in brackets the 95 % interval for other seeds on these "
        "tasks. Wins, ties and losses: tests within each task against each other contender, corrected by Holm at "
        "5 %; where runs are too few for that, a duel is untested. n of the score: runs/tasks."
    )
    return Sheet(
        name="standings",
        title=standings_title(board),
        columns=columns,
        left=frozenset({"optimizer"}),
        page_only=page_only,
        files_only=frozenset(columns) - page_only - shown,
        rows=tuple(rows),
        note=note,
        how="scores.make_board, statistics.normalised_scores, statistics.stratified_mean and statistics.pairwise",
        queries=subject.base_queries,
    )


def _losses(subject: Subject) -> Sheet:
    rows = tuple(
        (
            words(e.task),
            words(subject.names[e.contender]),
            number(e.loss, 4),
            number(e.standard_error, 4),
            number(e.regret, 4),
            Cell("—") if e.rank is None else Cell(f"{e.rank:g}", e.rank, "best" if e.rank == 1 else ""),
            number(e.normalised, 3),
            Cell(f"{e.finished}/{e.runs}" + ("" if e.complete else f" {INCOMPLETE}"), e.finished),
            *map(count, (e.finished, e.runs)),
            words("yes" if e.complete else "no"),
            number(e.full_evaluations, 1),
            Cell(duration(e.evaluation_seconds), e.evaluation_seconds),
            Cell("", e.evaluation_seconds),
        )
        for e in subject.board.entries
    )
    return Sheet(
        name="losses",
        title="Loss of the final incumbent on each task",
        columns=(
            "task",
            "optimizer",
            "loss",
            "± s.e.",
            "regret",
            "rank",
            "score",
            "runs",
            "finished runs",
            "all runs",
            "complete",
            "full evals",
            "training",
            "training seconds",
        ),
        left=frozenset({"task", "optimizer"}),
        page_only=frozenset({"runs", "training"}),
        files_only=frozenset({"finished runs", "all runs", "complete", "training seconds"}),
        rows=rows,
        note="Mean over runs, with its standard error; lower is better. Full evaluations and training are per run.",
        how="scores.make_board",
        queries=subject.base_queries,
    )
