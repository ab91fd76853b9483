"""Formats: a leaderboard as Markdown, CSV, JSON or LaTeX."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from nasbench_sparse.leaderboard.comma_separated import csv_text
from nasbench_sparse.leaderboard.head_to_head import HeadToHead
from nasbench_sparse.leaderboard.latex import booktabs
from nasbench_sparse.leaderboard.notes import notes
from nasbench_sparse.leaderboard.runs import Contender
from nasbench_sparse.leaderboard.standing import Board, Entry, Standing
from nasbench_sparse.leaderboard.statistics.bootstrap import Interval
from nasbench_sparse.leaderboard.statistics.rank_diagram import CriticalDifference
from nasbench_sparse.leaderboard.table import Table, board_tables

if TYPE_CHECKING:
    from nasbench_sparse.leaderboard.comparison import Comparison

ENTRY_FIELDS = (
    "loss",
    "lowest",
    "standard_error",
    "rank",
    "regret",
    "normalised",
    "runs",
    "finished",
    "failed",
    "without_result",
    "exhausted",
    "trials",
    "bad_trials",
    "cut",
    "predicted_trials",
    "search_steps",
    "full_evaluations",
    "optimizer_seconds",
    "evaluation_seconds",
)

STANDING_FIELDS = tuple(part.name for part in fields(Standing) if part.name != "contender")


def markdown(board: Board) -> str:
    """Return the tables and the notes."""
    parts = [_markdown_table(table) for table in board_tables(board)]
    return "\n\n".join([*parts, "\n".join(f"- {_plain(note)}" for note in notes(board))]) + "\n"


def _markdown_table(table: Table) -> str:
    rule = [":--" if column in table.left else "--:" for column in table.columns]
    rows = [[_plain(cell).replace("|", "\\|") for cell in row] for row in (table.columns, rule, *table.rows)]
    return f"**{table.title}**\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _plain(text: str) -> str:
    """Return text in which no name can open an HTML tag, which Markdown would pass on."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def latex(board: Board) -> str:
    """Return the tables for `\\usepackage{booktabs}`, the notes below the first."""
    tables = board_tables(board)
    said = notes(board)
    if not tables:
        return "".join(f"% {note}\n" for note in said)
    return "\n".join(
        booktabs(t.title, t.columns, t.rows, t.left, t.groups, said if t is tables[0] else ()) for t in tables
    )


def comma_separated(board: Board) -> str:
    """Return one line for each task and contender, numbers in full precision, nothing for what is unknown."""
    columns = ("task", "optimizer", "options", "workers", "complete", *ENTRY_FIELDS)
    return csv_text(columns, map(_line, board.entries))


def standings_csv(board: Board) -> str:
    """Return one line for each contender over all tasks, best first, as `comma_separated`."""
    columns = ("optimizer", "options", "workers", *STANDING_FIELDS)
    return csv_text(columns, map(_standing_line, board.standings))


def _standing_line(standing: Standing) -> tuple[object, ...]:
    who = standing.contender
    return who.optimizer, who.options, who.workers, *(getattr(standing, name) for name in STANDING_FIELDS)


def _line(entry: Entry) -> tuple[object, ...]:
    who = entry.contender
    values = (getattr(entry, name) for name in ENTRY_FIELDS)
    return entry.task, who.optimizer, who.options, who.workers, entry.complete, *values


def as_json(board: Board) -> str:
    """Return everything the board holds as one JSON object."""
    data = {
        "standings": [_standing(standing) for standing in board.standings],
        "entries": [_entry(entry) for entry in board.entries],
        "budgets": dict(board.budgets),
        "budget_unit": board.unit,
        "asked": board.asked,
        "density": None if board.density is None else list(board.density),
        "outside": list(board.outside),
        "optima": {task: asdict(optimum) for task, optimum in board.optima.items()},
        "tasks": list(board.tasks),
        "complete_tasks": list(board.complete_tasks),
        "against": None if board.against is None else [_pair(pair) for pair in board.against.pairs],
        "beside": [_beside(apart, ranked, counts) for (apart, ranked), counts in board.beside.items()],
        "order": None if board.order is None else _order(board.order),
        "superseded": [asdict(old) for old in board.superseded],
        "repeated_runs": board.repeated,
        "notes": notes(board),
    }
    return json.dumps(data, indent=2, allow_nan=False) + "\n"


def comparison_json(found: Comparison) -> str:
    """Return what a comparison says, with all its numbers, as one JSON object."""
    data = {
        "newcomer": found.newcomer,
        "suite": found.suite,
        "sentences": list(found.sentences),
        "pairs": [_pair(pair) for pair in found.pairs],
        "required": None if found.required is None else _pair(found.required),
        "better": found.better,
        "failed": {run_id: asdict(run) for run_id, run in found.failed.items()},
        "hidden": dict(found.hidden),
        "skipped": dict(found.skipped),
        "baselines_added": found.baselines_added,
        "report": None if found.report is None else str(found.report.page),
    }
    return json.dumps(data, indent=2, allow_nan=False) + "\n"


def _standing(standing: Standing) -> dict[str, Any]:
    return {**_contender(standing.contender), **{name: getattr(standing, name) for name in STANDING_FIELDS}}


def _entry(entry: Entry) -> dict[str, Any]:
    numbers = {name: getattr(entry, name) for name in ENTRY_FIELDS}
    return {"task": entry.task, **_contender(entry.contender), "complete": entry.complete, **numbers}


def _pair(pair: HeadToHead) -> dict[str, Any]:
    """Return what a comparison of two says, its p-value before and after correction; null where it says nothing."""
    test, chance = pair.test, pair.improvement
    return {
        "first": pair.first,
        "second": pair.second,
        "unit": pair.unit,
        "n": pair.units,
        "n_blocks": None if test is None else test.n_blocks,
        "lower": pair.lower,
        "equal": pair.equal,
        "higher": pair.higher,
        "effect": None if test is None else test.effect,
        "effect_interval": None if test is None else _ends(test.effect_interval),
        "no_effect_interval": None if test is None else test.no_interval,
        "probability": None if chance is None else chance.probability,
        "probability_interval": None if chance is None else _ends(chance.interval),
        "no_probability_interval": None if chance is None else chance.no_interval,
        "alternative": None if test is None else test.alternative,
        "p": None if test is None else test.p_value,
        "p_holm": pair.adjusted,
        "ranks_apart": pair.ranks_apart,
        "verdict": pair.verdict,
        "left_out": list(pair.left_out),
    }


def _beside(apart: Contender, ranked: Contender, counts: tuple[int, int, int]) -> dict[str, Any]:
    """Return on how many tasks a contender that is not ranked has the lower, the same and the higher loss."""
    lower, equal, higher = counts
    return {
        "first": _contender(apart),
        "second": _contender(ranked),
        "lower": lower,
        "equal": equal,
        "higher": higher,
    }


def _ends(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]


def _order(order: CriticalDifference) -> dict[str, Any]:
    """Return the test of all that are ranked together."""
    names = order.names
    return {
        "names": list(names),
        "average_ranks": list(order.average_ranks),
        "n": order.test.n,
        "n_blocks": order.test.n_blocks,
        "friedman_p": order.test.p_value,
        "post_hoc": order.post_hoc,
        "critical_difference": order.difference,
        "differ": [[a, b] for i, a in enumerate(names) for b in names[i + 1 :] if order.differ(a, b)],
    }


def _contender(contender: Contender) -> dict[str, Any]:
    return {
        "optimizer": contender.optimizer,
        "options": json.loads(contender.options),
        "workers": contender.workers,
    }
