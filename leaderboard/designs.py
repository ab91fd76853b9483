"""Designs: paired columns of a factorial study, and the tests of its contrasts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from nasbench_sparse.core.config import Config, Value, config_key
from nasbench_sparse.errors import NbsError
from nasbench_sparse.leaderboard.sql import query
from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.leaderboard.statistics.holm_correction import Holm, holm
from nasbench_sparse.leaderboard.statistics.wilcoxon import SignedRank, signed_rank
from nasbench_sparse.runner.design import At, Design

if TYPE_CHECKING:
    from nasbench_sparse.store import Store

Stratum = Mapping[str, Value | None]
"""Levels of some fields, None where a field is inactive."""

Cell = frozenset[tuple[str, Value]]
"""A config, hashable."""

Values = Mapping[Cell, Mapping[int, float]]
"""A metric of every cell of a design, by replicate; what is missing is left out."""


@dataclass(frozen=True, slots=True, eq=False)
class PairedColumns:
    """A metric under two levels of a factor, as columns of equal length.

    Args:
        levels: of the factor, the first column's and the second's.
        units: what the two cells of a row share: every other field, and the replicate under "replicate".
        first, second: values, (rows,), NaN where a training is missing or gave none.
    """

    levels: tuple[Value, Value]
    units: tuple[Config, ...]
    first: Floats
    second: Floats

    @property
    def holes(self) -> int:
        """Pairs of which at least one value is missing."""
        return int(np.isnan(self.first + self.second).sum())


@dataclass(frozen=True, slots=True)
class Finding:
    """One test of a design.

    Args:
        where: levels of the fields that the design is split by.
        test: None where no pair is complete.
        adjusted: Holm's p-value over the design's tests; None where the pairs are too few to reach the level.
    """

    where: Stratum
    columns: PairedColumns
    test: SignedRank | None
    adjusted: float | None
    rejected: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """A design's tests, corrected as one family; `correction` is None where none of them could be made."""

    design: Design
    findings: tuple[Finding, ...]
    correction: Holm | None


def paired_columns(
    store: Store,
    design: Design,
    levels: tuple[Value, Value],
    *,
    factor: str | None = None,
    metric: str | None = None,
    at: At | None = None,
    where: Stratum | None = None,
) -> PairedColumns:
    """Align two levels of a factor: a row for each pair of cells that share all other fields, and each replicate.

    Args:
        factor, metric, at: the design's own if None.
        where: keep the cells with these levels of other fields.
    """
    values = _values(store, design, metric or design.metric, design.at if at is None else at)
    kept = [cell for cell in design.cells if all(cell.get(name) == level for name, level in (where or {}).items())]
    return _paired(design, values, kept, factor or design.factor, levels)


def analyse(store: Store, design: Design, *, seed: int = 0) -> Findings:
    """Test every contrast of a design by exact signed-rank tests over its pairs, with Holm's correction.

    A p-value that could not reach the corrected level, were every test at its smallest possible one, is left out.

    Args:
        seed: of the effects' bootstrap intervals.
    """
    values = _values(store, design, design.metric, design.at)
    columns = [
        (where, _paired(design, values, cells, design.factor, contrast))
        for where, cells in _strata(design)
        for contrast in design.contrasts
    ]
    columns = [(where, paired) for where, paired in columns if paired.units]
    tests = [_test(design, where, paired, seed) for where, paired in columns]
    if not any(tests):
        none = tuple(Finding(where, paired, None, None, False) for where, paired in columns)
        return Findings(design, none, None)
    reachable = holm([np.nan if t is None else t.smallest_p_value for t in tests], design.level).rejected
    p_values = [
        np.nan if t is None or t.p_value is None or not ok else t.p_value
        for t, ok in zip(tests, reachable, strict=True)
    ]
    correction = holm(p_values, design.level)
    found = tuple(
        Finding(where, paired, test, None if math.isnan(adjusted) else adjusted, rejected)
        for (where, paired), test, adjusted, rejected in zip(
            columns, tests, correction.adjusted, correction.rejected, strict=True
        )
    )
    return Findings(design, found, correction)


def cells_query(design: Design, metric: str | None = None, at: At | None = None) -> str:
    """Return the SQL that reads a design's cells."""
    moment = str(design.at if at is None else at)
    return query("design_cells", fingerprint=design.task.fingerprint, metric=metric or design.metric, moment=moment)


def _values(store: Store, design: Design, metric: str, at: At) -> Values:
    """Return the finite values of every cell.

    Of a training that diverged, the objective's own metric is its worst; any other metric is a hole.

    Raises:
        NbsError: there are trainings, and none holds the metric.
    """
    objective = design.task.objective
    worst = 1.0 - objective.worst if objective.goal == "maximize" else objective.worst
    told = metric == objective.metric and at == "end"
    by_key: dict[str, dict[int, float]] = {config_key(cell): {} for cell in design.cells}
    rows = store.sql(cells_query(design, metric, at)).select("config_key", "replicate", "diverged", "value")
    for key, replicate, diverged, value in rows.iter_rows():
        if diverged and told:
            by_key.get(key, {})[replicate] = worst
        elif value is not None and math.isfinite(value):
            by_key.get(key, {})[replicate] = float(value)
    if rows.height and not any(by_key.values()):
        raise NbsError(f"no training of design {design.name!r} holds metric {metric!r} at {at!r}")
    return {_identity(cell): by_key[config_key(cell)] for cell in design.cells}


def _paired(
    design: Design, values: Values, cells: Iterable[Config], factor: str, levels: tuple[Value, Value]
) -> PairedColumns:
    """Pair those of the cells that have the first level with their partners, wherever these are."""
    units: list[Config] = []
    columns: tuple[list[float], list[float]] = ([], [])
    for cell in cells:
        partner = _identity({**cell, factor: levels[1]})
        if cell.get(factor) != levels[0] or partner not in values:
            continue
        others = {name: level for name, level in cell.items() if name != factor}
        for replicate in range(design.replicates):
            units.append({**others, "replicate": replicate})
            for column, one in zip(columns, (_identity(cell), partner), strict=True):
                column.append(values[one].get(replicate, math.nan))
    return PairedColumns(levels, tuple(units), np.array(columns[0]), np.array(columns[1]))


def _identity(cell: Config) -> Cell:
    return frozenset(cell.items())


def _strata(design: Design) -> list[tuple[Stratum, list[Config]]]:
    """Split the cells by the levels of the fields that the design is split by, in order of appearance."""
    found: dict[tuple[Value | None, ...], list[Config]] = {}
    for cell in design.cells:
        found.setdefault(tuple(map(cell.get, design.by)), []).append(cell)
    return [(dict(zip(design.by, levels, strict=True)), cells) for levels, cells in found.items()]


def _test(design: Design, where: Stratum, columns: PairedColumns, seed: int) -> SignedRank | None:
    if columns.holes == len(columns.units):
        return None
    label = repr((sorted(where.items()), columns.levels))  # intervals do not depend on the other tests
    return signed_rank(
        columns.first,
        columns.second,
        unit="runs",
        rng=np.random.default_rng([seed, crc32(label.encode())]),
        alternative=design.alternative,
        level=design.level,
        resamples=1000,
    )
