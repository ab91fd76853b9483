"""What a surrogate learns from: a table's trainings, the mean over replicates and folds of each config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nasbench_sparse.core.config import Value
from nasbench_sparse.tabular.curves import FIELDS
from nasbench_sparse.tabular.table import Table

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """The configs of a table that were trained to the full fidelity or diverged.

    Args:
        configs: canonical configs.
        fields: the columns that were recorded everywhere, seconds left out.
        values: (configs, fields, steps) means over replicates and folds; NaN for a config that always diverged.
        seconds: (configs, steps) mean over replicates of the cumulative seconds of all folds; NaN likewise.
        diverged: (configs,) share of the replicates that diverged, or came to something that is not finite.
        last_step: median number of points of the trainings that diverged.
    """

    configs: tuple[dict[str, Value], ...]
    fields: tuple[str, ...]
    values: Floats
    seconds: Floats
    diverged: Floats
    last_step: int

    def __len__(self) -> int:
        return len(self.configs)

    @property
    def finished(self) -> npt.NDArray[np.bool_]:
        """Which configs have a curve."""
        return self.diverged < 1.0

    def where(self, chosen: npt.NDArray[np.integer[Any]]) -> Examples:
        """Return some of the configs."""
        configs = tuple(self.configs[i] for i in chosen.tolist())
        return Examples(
            configs,
            self.fields,
            self.values[chosen],
            self.seconds[chosen],
            self.diverged[chosen],
            self.last_step,
        )


def table_examples(table: Table) -> Examples:
    """Gather the examples that a table holds."""
    curves, folds, steps = table.curves, table.task.folds, table.task.fidelity.max
    lengths = curves.lengths(folds)
    full = (lengths >= steps) & ~curves.diverged
    names = [name for name in FIELDS if name in curves.names]
    found = np.stack(
        [np.stack([curves.means(name, step, folds)[full] for step in range(1, steps + 1)], 1) for name in names], 1
    )
    recorded = np.asarray(~np.isnan(found).all(axis=(0, 2)), dtype=np.bool_)
    finite = np.asarray(np.isfinite(found[:, recorded]).all(axis=(1, 2)), dtype=np.bool_)
    owner = curves.training_config
    finished = _by_config(owner[full][finite], np.ones(int(finite.sum())), len(table.keys))
    failed = _by_config(owner[full][~finite], np.ones(int((~finite).sum())), len(table.keys))
    failed += _by_config(owner[curves.diverged], np.ones(int(curves.diverged.sum())), len(table.keys))
    failed += _by_config(curves.at_once.config, np.ones(len(curves.at_once.config)), len(table.keys))
    kept = np.flatnonzero(finished + failed > 0)
    with np.errstate(invalid="ignore"):  # 0 / 0 where every replicate diverged
        means = _by_config(owner[full][finite], found[finite], len(table.keys))[kept]
        means /= finished[kept, None, None]
    times = names.index("seconds")
    values = [i for i, name in enumerate(names) if name != "seconds" and recorded[i]]
    ended = lengths[curves.diverged]
    return Examples(
        tuple(table.config(number) for number in kept.tolist()),
        tuple(names[i] for i in values),
        means[:, values],
        means[:, times] * folds,
        failed[kept] / (finished + failed)[kept],
        int(np.median(ended)) if len(ended) else 0,
    )


def _by_config(owner: npt.NDArray[np.integer[Any]], values: Floats, configs: int) -> Floats:
    """Sum the values (trainings, ...) of each config."""
    total = np.zeros((configs, *values.shape[1:]))
    np.add.at(total, owner, values)
    return total
