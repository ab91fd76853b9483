"""Tables: a leaderboard as columns and cells of text; `notes` holds what must be read with them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from nasbench_sparse.leaderboard.runs import Contender, labels
from nasbench_sparse.leaderboard.scores import Board, Entry, Standing

HOLE = "—"
INCOMPLETE = "†"


@dataclass(frozen=True, slots=True)
class Table:
    """A title, column names, and rows of text; numbers are right-aligned. `groups` counts rows between rules."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: frozenset[str]
    groups: tuple[int, ...] = ()


def board_tables(board: Board) -> list[Table]:
    """Return the tables that have rows: standings, pairs of those not ranked, and the losses on each task."""
    return [table for table in (standings_table(board), apart_table(board), entries_table(board)) if table.rows]


def standings_table(board: Board) -> Table:
    """Return one row for each contender, best first; those not ranked come last."""
    names = board_labels(board)
    judged = any(s.better is not None for s in board.standings)
    rows = tuple(
        (
            names[s.contender],
            number(s.mean_rank, 2),
            HOLE if s.wins is None else str(s.wins),
            number(s.normalised, 3),
            *([_interval(s), _duels(s)] if judged else []),
            f"{s.tasks}/{len(board.tasks)}",
            str(s.failed_runs),
            str(s.bad_trials),
            duration(s.optimizer_seconds),
            duration(s.evaluation_seconds),
        )
        for s in board.standings
    )
    columns = (
        "optimizer",
        "mean rank",
        "wins",
        "score",
        *(["95 %", "w/t/l"] if judged else []),
        "tasks",
        "failed runs",
        "bad trials",
        "own time",
        "training",
    )
    return Table(standings_title(board), columns, rows, frozenset({"optimizer"}))


def standings_title(board: Board) -> str:
    """Say over how many tasks the standings are, and of how many contenders if not of all."""
    title = f"Standings over {len(board.complete_tasks)} of {len(board.tasks)} task{plural(len(board.tasks))}"
    return f"{title}, {len(board.ranked)} of {len(board.standings)} contenders ranked" if board.apart else title


def apart_table(board: Board) -> Table:
    """Compare each contender that is not ranked with each that is, on the tasks both completed."""
    names = board_labels(board)
    rows = []
    for apart in board.apart:
        for ranked in board.ranked:
            lower, equal, higher = duel(board, apart.contender, ranked.contender)
            cells = (names[apart.contender] if ranked is board.ranked[0] else "", names[ranked.contender])
            rows.append((*cells, *map(str, (lower + equal + higher, lower, equal, higher))))
    columns = ("not ranked", "against", "tasks", "lower", "equal", "higher")
    title = "Not ranked: mean losses where both completed"
    groups = (len(board.ranked),) * len(board.apart)
    return Table(title, columns, tuple(rows), frozenset({"not ranked", "against"}), groups)


def duel(board: Board, first: Contender, second: Contender) -> tuple[int, int, int]:
    """Count the tasks completed by both on which the first has the lower, the same and the higher mean loss."""
    one, two = (
        {entry.task: entry.loss for entry in board.entries if entry.contender == who and entry.complete}
        for who in (first, second)
    )
    pairs = [(loss, two[task]) for task, loss in one.items() if task in two]
    kept = [(mine, other) for mine, other in pairs if mine is not None and other is not None]
    lower, equal = sum(a < b for a, b in kept), sum(a == b for a, b in kept)
    return lower, equal, len(kept) - lower - equal


def _interval(standing: Standing) -> str:
    if standing.score_low is None or standing.score_high is None:
        return HOLE
    return f"[{standing.score_low:.2f}, {standing.score_high:.2f}]"


def _duels(standing: Standing) -> str:
    return f"{standing.better}/{standing.equal}/{standing.worse}"


def entries_table(board: Board) -> Table:
    """Return one row for each task and contender, best first within a task."""
    names = board_labels(board)
    by_task = Counter(entry.task for entry in board.entries)
    rows: list[tuple[str, ...]] = []
    previous = ""
    for entry in board.entries:
        rows.append(_entry_row(entry, names[entry.contender], entry.task if entry.task != previous else ""))
        previous = entry.task
    columns = (
        "task",
        "optimizer",
        "loss",
        "± s.e.",
        "regret",
        "rank",
        "score",
        "runs",
        "full evals",
        "own time",
        "training",
    )
    return Table(
        "Loss of the final incumbent, per task",
        columns,
        tuple(rows),
        frozenset({"task", "optimizer"}),
        tuple(by_task[task] for task in board.tasks),
    )


def _entry_row(entry: Entry, name: str, task: str) -> tuple[str, ...]:
    return (
        task,
        name,
        number(entry.loss, 4),
        number(entry.standard_error, 4),
        number(entry.regret, 4),
        number(entry.rank, 1).removesuffix(".0"),
        number(entry.normalised, 3),
        f"{entry.finished}/{entry.runs}{'' if entry.complete else ' ' + INCOMPLETE}",
        f"{entry.full_evaluations:.1f}",
        duration(entry.optimizer_seconds),
        duration(entry.evaluation_seconds),
    )


def board_labels(board: Board) -> dict[Contender, str]:
    """Return what each contender of a board is called."""
    return labels([standing.contender for standing in board.standings])


def number(value: float | None, digits: int) -> str:
    """Print a number with a fixed number of digits, or a dash for none."""
    return HOLE if value is None else f"{value:.{digits}f}"


def duration(seconds: float | None) -> str:
    """Print seconds in the unit that suits them, or a dash for none."""
    if seconds is None:
        return HOLE
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def plural(count: int) -> str:
    """Return the ending of a noun."""
    return "" if count == 1 else "s"
