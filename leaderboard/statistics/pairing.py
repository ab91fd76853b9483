"""Pairing of runs by seed and replicate, before any of them becomes a row."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import (
    Floats,
    StatisticsError,
    counted,
    floats,
    mapping,
    read_only,
)

RunKey = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class PairedRuns:
    """Contenders' losses of one task as columns of equal length.

    Args:
        keys: (seed, replicate) of each row, in order.
        columns: losses by contender, (rows,), NaN where it has no run of that key.
    """

    keys: tuple[RunKey, ...]
    columns: Mapping[str, Floats]

    @property
    def sentence(self) -> str:
        """Say how many rows there are, and how many every contender has."""
        full = int((~np.isnan(list(self.columns.values()))).all(axis=0).sum())
        return f"{counted(len(self.keys), 'run')} by seed and replicate, {full} of them run by every contender."

    def among(self, keys: Collection[RunKey]) -> PairedRuns:
        """Return the rows of some keys."""
        rows = np.array([key in keys for key in self.keys], dtype=np.bool_)
        columns = {name: read_only(column[rows]) for name, column in self.columns.items()}
        return PairedRuns(tuple(key for key in self.keys if key in keys), columns)


def pair_runs(contenders: Mapping[str, Mapping[RunKey, float]]) -> PairedRuns:
    """Align runs of one task by (seed, replicate); a run that one contender lacks is a hole, not a shorter column.

    Args:
        contenders: per contender, the loss of each (seed, replicate).
    Raises:
        StatisticsError: no contender or no run, runs without keys, or an infinite loss.
    """
    mapping(contenders, "contenders")
    for name, runs in contenders.items():
        mapping(runs, f"runs of {name!r}")
    keys = tuple(sorted({key for runs in contenders.values() for key in runs}))
    if not keys:
        given = counted(len(contenders), "contender")
        raise StatisticsError(f"{given} given without any run; at least one is needed")
    columns = {
        name: read_only(floats([runs.get(key, np.nan) for key in keys], f"losses of {name!r}", (1,)))
        for name, runs in contenders.items()
    }
    return PairedRuns(keys, columns)
