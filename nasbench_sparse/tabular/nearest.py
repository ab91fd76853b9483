"""The configs nearest to one that a table does not hold."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nsmallest

from nasbench_sparse.core.config import Config, Value


def nearest_configs(config: Config, configs: Iterable[Config], count: int = 3) -> list[Config]:
    """Return up to `count` configs by distance, ties in the order given.

    The distance is the number of fields that differ, where two numbers differ by |a - b| / (|a| + |b|).
    """
    return nsmallest(count, configs, key=lambda other: _distance(config, other))


def _distance(one: Config, other: Config) -> float:
    return sum(_difference(one.get(name), other.get(name)) for name in one.keys() | other.keys())


def _difference(a: Value | None, b: Value | None) -> float:
    if a == b:
        return 0.0
    if isinstance(a, int | float) and isinstance(b, int | float):
        return abs(a - b) / (abs(a) + abs(b))
    return 1.0
