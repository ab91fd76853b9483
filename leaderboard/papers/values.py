"""Values of trainings as a store holds them, for the tables of papers."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import orjson

from nasbench_sparse.core.config import Config
from nasbench_sparse.core.task import Task
from nasbench_sparse.leaderboard.sql import query
from nasbench_sparse.leaderboard.statistics.check import Floats

if TYPE_CHECKING:
    from nasbench_sparse.store import Store


K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Value:
    """A metric of one training."""

    config: Config
    replicate: int
    value: float


def values(store: Store, task: Task, metric: str, at: str | int = "end") -> list[Value]:
    """Return a metric of all trainings of a task that reached `at`, in the order of configs and replicates.

    Args:
        metric: a column of learning curves or the name of a measure.
        at: the "end", the "mean" over the points that hold the metric, or so many units of fidelity.
    """
    rows = store.sql(query("design_cells", fingerprint=task.fingerprint, metric=metric, moment=str(at)))
    return [
        Value(orjson.loads(config), replicate, float(value))
        for config, replicate, value in rows.select("config", "replicate", "value").iter_rows()
        if value is not None and np.isfinite(value)
    ]


def grouped(found: Iterable[Value], key: Callable[[Value], K]) -> dict[K, Floats]:
    """Collect values by a key, each group in the order given."""
    groups: dict[K, list[float]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one.value)
    return {name: np.array(group) for name, group in groups.items()}


def paired(
    first: Iterable[Value], second: Iterable[Value], unit: Callable[[Value], Hashable]
) -> tuple[Floats, Floats]:
    """Align two sets of values by what pairs them; a unit that either lacks is left out."""
    one, other = ({unit(value): value.value for value in side} for side in (first, second))
    shared = [name for name in one if name in other]
    return np.array([one[name] for name in shared]), np.array([other[name] for name in shared])
