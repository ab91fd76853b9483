"""A measured table with the published one beside it, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.leaderboard.table import HOLE, Table
from nasbench_sparse.tasks.papers.published import Published

Place = tuple[str, str]
"""Row and column."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured cell.

    Args:
        value: None where what there is does not suffice, as `text` says.
        spread: standard deviation over repetitions, None for a single one.
        n: trainings, pairs or configurations behind it.
        text: as it is printed; made of value and spread if empty.
    """

    value: float | None
    spread: float | None = None
    n: int = 1
    text: str = ""

    def printed(self, digits: int) -> str:
        """Return the cell's text."""
        if self.text or self.value is None:
            return self.text or HOLE
        spread = "" if self.spread is None else f" ± {self.spread:.{digits}f}"
        return f"{self.value:.{digits}f}{spread}"


def averaged(group: Floats, scale: float = 1.0) -> Measured:
    """Return mean and standard deviation of repetitions, times a scale."""
    spread = float(scale * group.std(ddof=1)) if len(group) > 1 else None
    return Measured(float(scale * group.mean()), spread, len(group))


def beside(
    title: str, stub: str, measured: Mapping[Place, Measured], printed: Published | None, digits: int
) -> tuple[Table, list[dict[str, Any]]]:
    """Return a table of "measured [published]", and its cells as records with numbers in full precision.

    Rows and columns stand in the published order, then those that were only measured.

    Args:
        stub: the name of the column of row names; it stands left, as does a column of formulas.
    """
    known = {} if printed is None else dict(printed.cells)
    places = [*known, *(place for place in measured if place not in known)]
    rows, columns = (tuple(dict.fromkeys(place[i] for place in places)) for i in (0, 1))

    def cell(place: Place) -> str:
        ours = measured[place].printed(digits) if place in measured else HOLE
        if not known:
            return ours
        return f"{ours} [{known[place]}]" if place in known else ours

    body = tuple((row, *(cell((row, column)) for column in columns)) for row in rows)
    table = Table(title, (stub, *columns), body, frozenset({stub, "formula"}))
    return table, [_record(place, measured.get(place), known.get(place)) for place in places]


def _record(place: Place, ours: Measured | None, theirs: str | None) -> dict[str, Any]:
    return {
        "row": place[0],
        "column": place[1],
        "measured": None if ours is None else ours.value,
        "spread": None if ours is None else ours.spread,
        "n": 0 if ours is None else ours.n,
        "published": theirs,
    }
