"""Tables: a leaderboard as columns and cells of text; `notes` holds what must be read with them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nasbench_sparse.leaderboard.runs import Contender, labels
from nasbench_sparse.leaderboard.standing import Board, Entry, Standing

if TYPE_CHECKING:
    from nasbench_sparse.leaderboard.head_to_head import HeadToHead
    from nasbench_sparse.leaderboard.statistics.bootstrap import Interval

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
    """Return the tables that have rows: standings, tests against the baseline, those not ranked, and all losses."""
    tables = (standings_table(board), against_table(board), apart_table(board), entries_table(board))
    return [table for table in tables if table.rows]


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
            score_n(s),
            *([_interval(s), duels_text(s)] if judged else []),
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
        "n",
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


def against_table(board: Board) -> Table:
    """Return the test of each contender against random search; no rows without one."""
    columns = (
        "optimizer",
        "lower/equal/higher",
        "n",
        "blocks",
        "effect",
        "95 %",
        "P(lower)",
        "95 % of P",
        "p (of this family)",
        "it is",
    )
    left = frozenset({"optimizer", "it is"})
    if board.against is None or not board.against.pairs:
        return Table("", columns, (), left)
    first = board.against.pairs[0]
    over = "tasks" if first.unit == "tasks" else "runs of the one task"
    title = f"Against {first.second}, over {over}; p by the signed-rank test and Holm"
    return Table(title, columns, tuple(map(_against_row, board.against.pairs)), left)


def _against_row(pair: HeadToHead) -> tuple[str, ...]:
    test, chance = pair.test, pair.improvement
    return (
        pair.first,
        f"{pair.lower}/{pair.equal}/{pair.higher}",
        str(pair.units),
        HOLE if test is None else str(test.n_blocks),
        number(None if test is None else test.effect, 2),
        HOLE if test is None else ends_text(test.effect_interval, test.no_interval),
        number(None if chance is None else chance.probability, 2),
        HOLE if chance is None else ends_text(chance.interval, chance.no_interval),
        HOLE if test is None else pair.p_text,
        pair.verdict,
    )


def ends_text(interval: Interval | None, absence: str | None) -> str:
    """Print the ends of an interval, or why there is none."""
    return absence or HOLE if interval is None else f"[{interval.low:.2f}, {interval.high:.2f}]"


def apart_table(board: Board) -> Table:
    """Compare each contender that is not ranked with each that is, on their common seeds."""
    names = board_labels(board)
    rows = []
    for (apart, ranked), counts in board.beside.items():
        cells = (names[apart] if ranked == board.ranked[0].contender else "", names[ranked])
        rows.append((*cells, *map(str, (sum(counts), *counts))))
    columns = ("not ranked", "against", "tasks", "lower", "equal", "higher")
    title = "Not ranked: mean losses over common seeds"
    groups = (len(board.ranked),) * len(board.apart)
    return Table(title, columns, tuple(rows), frozenset({"not ranked", "against"}), groups)


def _interval(standing: Standing) -> str:
    if standing.score_low is None or standing.score_high is None:
        return HOLE
    return f"[{standing.score_low:.2f}, {standing.score_high:.2f}]"


def duels_text(standing: Standing) -> str:
    """Print wins, ties and losses, and after them how many duels could not be tested; a dash without any duel."""
    duels = (standing.better or 0, standing.equal or 0, standing.worse or 0)
    untested = standing.untested or 0
    if not sum(duels) + untested:
        return HOLE
    return "/".join(map(str, duels)) + (f" ({untested} untested)" if untested else "")


def score_n(standing: Standing) -> str:
    """Print how many runs of how many tasks a score is made of."""
    return f"{standing.scored_runs:,}/{standing.scored_tasks}" if standing.scored_tasks else HOLE


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
        f"Loss of the incumbent, per task, {budget_text(board)}"
        if board.asked
        else "Loss of the final incumbent, per task",
        columns,
        tuple(rows),
        frozenset({"task", "optimizer"}),
        tuple(by_task[task] for task in board.tasks),
    )


def budget_text(board: Board) -> str:
    """Say at which budget that was asked for a board is, and which trials count."""
    amount = next(iter(board.budgets.values()), 0.0)
    if board.unit == "seconds":
        return f"at {amount:g} second{plural(amount)} of the runs' clock: trials told by then"
    return f"at {amount:g} full evaluation{plural(amount)}: trials asked before {spent_text(amount)}"


def spent_text(amount: float) -> str:
    """Return the clause that says a budget of evaluations is used up."""
    return "it was spent" if amount == 1 else "they were spent"


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


def plural(count: float) -> str:
    """Return the ending of a noun."""
    return "" if count == 1 else "s"
