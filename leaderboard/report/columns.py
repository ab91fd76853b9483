"""Columns: a sheet described column by column, each with the function that makes its cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from nasbench_sparse.leaderboard.report.blocks import Cell, Queries, Sheet

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A column of a sheet.

    Args:
        name: its heading.
        cell: makes its cell of what the row is about.
        on: "page" for one that CSV leaves out, since its cells hold several values in one; "files" for one of CSV
            only, such as those values one by one.
        is_text: whether it holds text rather than numbers.
        highest_first: whether its best value, or the one of most interest, is the highest.
    """

    name: str
    cell: Callable[[Row], Cell]
    on: Literal["both", "page", "files"] = "both"
    is_text: bool = False
    highest_first: bool = False


def sheet_of(
    columns: Sequence[Column[Row]],
    rows: Iterable[Row],
    *,
    name: str,
    title: str,
    note: str,
    how: str,
    queries: Queries,
) -> Sheet:
    """Return the sheet of these columns; see `Sheet` for the other arguments."""
    return Sheet(
        name=name,
        title=title,
        columns=tuple(column.name for column in columns),
        left=frozenset(column.name for column in columns if column.is_text),
        highest_first=frozenset(column.name for column in columns if column.highest_first),
        page_only=frozenset(column.name for column in columns if column.on == "page"),
        files_only=frozenset(column.name for column in columns if column.on == "files"),
        rows=tuple(tuple(column.cell(row) for column in columns) for row in rows),
        note=note,
        how=how,
        queries=queries,
    )
