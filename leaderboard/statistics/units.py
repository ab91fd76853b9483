"""The unit of analysis: what counts as one independent observation, declared by the caller and counted in n.

Within one task the unit is the run, paired by seed and replicate. Across tasks it is the task, represented by
the mean over its seeds, and tasks of one family form a block: a derived task shares its parent's difficulty, so
the tests exchange contenders in all tasks of a family together and count families as independent, not tasks.
Seeds are never problems: matrices of several tasks cannot be analysed with the run as unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import (
    Floats,
    Ints,
    StatisticsError,
    counted,
    floats,
    items,
    one_of,
    read_only,
    same_shape,
)

Unit = Literal["runs", "tasks"]


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Contenders' losses, one complete row per unit of analysis.

    Args:
        names: contenders, k of them.
        values: losses, (n, k), without NaN.
        blocks: the block of each unit, (n,), numbered from 0; units of one block are not independent.
        unit: "runs" or "tasks".
        dropped: positions of the units left out because a contender has no value there, or misses a run of it.
    """

    names: tuple[str, ...]
    values: Floats
    blocks: Ints
    unit: Unit
    dropped: tuple[int, ...]

    @property
    def n(self) -> int:
        """Number of units."""
        return len(self.values)

    @property
    def n_blocks(self) -> int:
        """Number of independent blocks; n where nothing is blocked."""
        return int(self.blocks.max()) + 1 if self.n else 0

    @property
    def effective_n(self) -> float:
        """Independent units that tell as much as these if all of a block say the same: n^2 / sum of squared sizes.

        An average over n units, blocks of which are fully correlated, has the variance of one over so many.

        References:
            Kish (1965), "Survey sampling", section 11.7.
        """
        return self.n**2 / float((np.bincount(self.blocks) ** 2).sum()) if self.n else 0.0

    @property
    def blocked(self) -> bool:
        """Whether some block holds more than one unit."""
        return self.n_blocks < self.n

    @property
    def sentence(self) -> str:
        """Say n, the unit, the blocks and what was left out."""
        return describe_units(self.n, self.n_blocks, self.unit, len(self.dropped))


def describe_units(n: int, n_blocks: int, unit: Unit, dropped: int) -> str:
    """Say n, the unit, the blocks and what was left out, in one clause."""
    one = unit[:-1]
    if unit == "runs":
        text = f"n = {counted(n, one)} of one task, paired by seed and replicate"
    else:
        families = f" in {n_blocks} {'families' if n_blocks != 1 else 'family'}" if n_blocks < n else ""
        text = f"n = {counted(n, one)}{families}, means over seeds"
    return text + (f", {dropped} with holes left out" if dropped else "")


def gather_units(
    contenders: Mapping[str, Any], *, unit: Unit, families: Sequence[str] | None = None, minimum: int = 1
) -> Units:
    """Turn each contender's losses into one value per unit of analysis.

    With the task as unit, a task in which any contender misses any run is dropped and counted, never averaged
    over what is left.

    Args:
        contenders: losses by name. Unit "runs": (runs,) or (runs, 1), rows paired by seed and replicate.
            Unit "tasks": (runs, tasks), of which means over runs are taken, or (tasks,) of such means.
        unit: "runs" or "tasks".
        families: family of each task, with unit "tasks" only.
        minimum: complete units needed.
    Raises:
        StatisticsError: losses without names, shapes that differ, seeds of several tasks offered as units, or too
            few complete units.
    """
    one_of(unit, ("runs", "tasks"), "unit")
    if not isinstance(contenders, Mapping):
        raise StatisticsError(
            f"contenders is a {type(contenders).__name__}; losses by name are needed, such as "
            '{"mine": [0.1, 0.2], "random": [0.3, 0.2]}'
        )
    if len(contenders) < 2:
        raise StatisticsError(f"{len(contenders)} contender given; a comparison needs at least two")
    columns = {name: _column(values, name, unit) for name, values in contenders.items()}
    first_name, first = next(iter(columns.items()))
    for name, column in columns.items():
        same_shape(first, column, f"{first_name!r} and {name!r}")
    table = np.column_stack([_per_unit(column) for column in columns.values()])
    complete = ~np.isnan(table).any(axis=1)
    if int(complete.sum()) < minimum:
        raise StatisticsError(
            f"{int(complete.sum())} of {len(table)} {unit} are complete for {', '.join(columns)}; "
            f"at least {minimum} needed"
        )
    return Units(
        names=tuple(columns),
        values=read_only(table[complete]),
        blocks=read_only(_blocks(families, unit, len(table), complete)),
        unit=unit,
        dropped=tuple(int(i) for i in np.flatnonzero(~complete)),
    )


def _column(values: Any, name: str, unit: Unit) -> Floats:
    array = floats(values, f"losses of {name!r}")
    if unit == "tasks":
        return array
    if array.ndim == 2 and array.shape[1] != 1:
        raise StatisticsError(
            f"losses of {name!r} hold {array.shape[1]} tasks, but runs are a unit within one task only; "
            "use unit='tasks', or one task at a time"
        )
    return array.reshape(-1)


def _per_unit(column: Floats) -> Floats:
    return column.mean(axis=0) if column.ndim == 2 else column


def _blocks(families: Sequence[str] | None, unit: Unit, n: int, complete: Any) -> Ints:
    if families is None:
        return np.arange(int(complete.sum()), dtype=np.int64)
    if unit != "tasks":
        raise StatisticsError("families block tasks; with unit='runs' there is one task and no family to block by")
    named = items(families, "families")
    if len(named) != n:
        raise StatisticsError(f"{len(named)} families given for {n} tasks; one for each task is needed")
    kept = [str(family) for family, keep in zip(named, complete, strict=True) if keep]
    numbers = {family: i for i, family in enumerate(dict.fromkeys(kept))}
    return np.array([numbers[family] for family in kept], dtype=np.int64)
