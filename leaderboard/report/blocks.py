"""Blocks: what a page is made of, each with the queries behind it."""

from __future__ import annotations

from dataclasses import dataclass

from nasbench_sparse.leaderboard.comma_separated import csv_text
from nasbench_sparse.leaderboard.figures.drawing import Drawing
from nasbench_sparse.leaderboard.latex import booktabs

MINUS = "\N{MINUS SIGN}"

Queries = tuple[tuple[str, str], ...]
"""Names and texts of queries."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: what is shown, and the value it is sorted by and written as in CSV (None: nothing there)."""

    text: str
    value: float | str | None = None
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table that can be sorted and filtered.

    Args:
        name: of its files, without ending.
        left: columns of text; the others hold numbers.
        highest_first: columns whose best value, or the one of most interest, is the highest.
        page_only: columns that CSV leaves out, since their cells hold several values in one.
        files_only: columns of CSV only, such as those values one by one.
        how: which functions turned the queries' rows into these numbers.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    left: frozenset[str]
    highest_first: frozenset[str] = frozenset()
    page_only: frozenset[str] = frozenset()
    files_only: frozenset[str] = frozenset()
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    how: str = ""
    queries: Queries = ()
    kind: str = "sheet"

    @property
    def shown_columns(self) -> tuple[str, ...]:
        """The columns of the page and of LaTeX."""
        return tuple(column for column in self.columns if column not in self.files_only)

    @property
    def head(self) -> int:
        """The place of the column shown that names a row: the optimizer's, or the first of text."""
        if "optimizer" in self.shown_columns:
            return self.shown_columns.index("optimizer")
        return next((place for place, column in enumerate(self.shown_columns) if column in self.left), 0)

    @property
    def shown_rows(self) -> tuple[tuple[Cell, ...], ...]:
        """The rows of the page and of LaTeX."""
        return self._without(self.files_only)

    def _without(self, left_out: frozenset[str]) -> tuple[tuple[Cell, ...], ...]:
        keep = [column not in left_out for column in self.columns]
        return tuple(tuple(cell for cell, wanted in zip(row, keep, strict=True) if wanted) for row in self.rows)

    @property
    def csv(self) -> str:
        """The values in full precision, nothing where there is none."""
        columns = [column for column in self.columns if column not in self.page_only]
        return csv_text(columns, ([cell.value for cell in row] for row in self._without(self.page_only)))

    @property
    def latex(self) -> str:
        """The texts as a table for papers."""
        rows = [[cell.text for cell in row] for row in self.shown_rows]
        return booktabs(self.title, self.shown_columns, rows, self.left, notes=[self.note] if self.note else [])


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A figure with a sentence that says what it shows."""

    drawing: Drawing
    note: str = ""
    how: str = ""
    queries: Queries = ()
    kind: str = "picture"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Sentences, where there is nothing to draw or count, or as a list."""

    sentences: tuple[str, ...]
    how: str = ""
    queries: Queries = ()
    kind: str = "remark"


Block = Sheet | Picture | Remark


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of the page."""

    name: str
    title: str
    lead: str
    blocks: tuple[Block, ...]


def number(value: float | None, digits: int = 3) -> Cell:
    """Return a cell with a number, or a dash."""
    missing = value is None or value != value
    return Cell("—") if missing else Cell(f"{value:.{digits}f}".replace("-", MINUS), value)


def count(value: float | None) -> Cell:
    """Return a cell with a whole number, or nothing."""
    return Cell("") if value is None else Cell(f"{value:,}", value)


def words(text: str, mark: str = "") -> Cell:
    """Return a cell with text."""
    return Cell(text, text, mark)
