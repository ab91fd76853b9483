"""Console: tables and sentences for people, with rich."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

from nasbench_sparse.leaderboard.notes import notes
from nasbench_sparse.leaderboard.table import Table, against_table, apart_table, entries_table, standings_table

if TYPE_CHECKING:
    from rich.console import Console

    from nasbench_sparse.leaderboard.standing import Board

PIPED_WIDTH = 160
"""Columns where output is no terminal, so that no table is cut in a file or a log."""

FOLDED = 20
"""A column of words is not folded to fewer characters than so many."""


def console(file: IO[str] | None = None, width: int = PIPED_WIDTH) -> Console:
    """Return a console on a stream (standard output by default), as wide as its terminal, or else `width`."""
    from rich.console import Console

    stream = file or sys.stdout
    return Console(file=stream, width=None if stream.isatty() else width, highlight=False, emoji=False)


def say(text: str) -> None:
    """Print one line to standard error."""
    print(text, file=sys.stderr, flush=True)


def show_table(table: Table, out: Console, *, strong: Sequence[int] = ()) -> None:
    """Print a table, on what is no terminal as wide as it must be; rows numbered in `strong` stand out."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    least = sum(_widths(table))
    shown = RichTable(
        title=table.title or None,
        width=least if least > out.width and not out.is_terminal else None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        header_style="bold cyan",
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for place, column in enumerate(table.columns):
        is_left = column in table.left
        longest = max((len(row[place]) for row in table.rows), default=0)
        shown.add_column(
            column,
            justify="left" if is_left else "right",
            overflow="fold",
            no_wrap=not is_left,
            min_width=min(longest, FOLDED) if is_left else None,
        )
    ends = {sum(table.groups[: index + 1]) - 1 for index in range(len(table.groups) - 1)}
    for index, row in enumerate(table.rows):
        cells = [Text(cell) for cell in row]
        shown.add_row(*cells, style="bold green" if index in strong else None, end_section=index in ends)
    out.print(shown, crop=out.is_terminal)


def fit(table: Table, out: Console) -> Table:
    """Leave out the columns, from the right, that a terminal is too narrow for, and say so in the title.

    A column of words counts with what it may be folded to.
    """
    if not out.is_terminal:
        return table
    widths = _widths(table)
    kept = len(widths)
    while kept > 1 and sum(widths[:kept]) > out.width:
        kept -= 1
    if kept == len(widths):
        return table
    left_out = ", ".join(table.columns[kept:])
    title = f"{table.title}; too wide for the columns {left_out}"
    return Table(title, table.columns[:kept], tuple(row[:kept] for row in table.rows), table.left)


def _widths(table: Table) -> list[int]:
    """Return the fewest characters that each column can be shown in without a loss, and two around it."""
    longest = [max(map(len, column)) for column in zip(*table.rows, strict=True)] or [0] * len(table.columns)
    return [
        max(len(name), min(most, FOLDED) if name in table.left else most) + 2
        for name, most in zip(table.columns, longest, strict=True)
    ]


def show_board(board: Board, out: Console) -> None:
    """Print a leaderboard: tasks first, so that the standings end up above the prompt, then the notes."""
    if board.entries:
        lowest: dict[str, float | None] = {}
        for entry in board.entries:  # best first within a task
            lowest.setdefault(entry.task, entry.rank)
        firsts = [i for i, e in enumerate(board.entries) if e.rank is not None and e.rank == lowest[e.task]]
        show_table(entries_table(board), out, strong=firsts)
        if board.apart and board.ranked:
            show_table(apart_table(board), out)
        against = against_table(board)
        if against.rows:
            show_table(against, out)
        show_table(standings_table(board), out)
    for note in notes(board):
        out.print(f"· {note}", style="dim", markup=False)
