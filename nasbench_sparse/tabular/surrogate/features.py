"""Features of a config, derived from the configs of a table alone, so that they serve any space."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from nasbench_sparse.core.config import Config, Value

Kind = Literal["number", "is", "mean", "least", "largest", "count"]
Float32s = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Column:
    """One feature.

    Args:
        kind: "number" is a field's value, "is" whether it has `choice`; the others sum up several fields: "mean",
            "least" and "largest" of their numbers, and the "count" of those that have `choice`.
        fields: one field, or those that differ in their trailing number alone (`density_0`, `density_1`, ...).
        choice: a value of a categorical field.
        absent: what stands for the number of an inactive field; it is less than any value seen.
    """

    kind: Kind
    fields: tuple[str, ...]
    choice: Value | None = None
    absent: float = 0.0

    def value(self, config: Config) -> float:
        """Return the feature of a config; a choice that was never seen is none of the known ones."""
        if self.kind == "is":
            return float(config.get(self.fields[0]) == self.choice)
        if self.kind == "count":
            return float(sum(config.get(name) == self.choice for name in self.fields))
        if self.kind == "number":
            return float(config.get(self.fields[0], self.absent))
        numbers = [float(config[name]) for name in self.fields if name in config]
        if not numbers:
            return self.absent
        if self.kind == "mean":
            return math.fsum(numbers) / len(numbers)
        return min(numbers) if self.kind == "least" else max(numbers)


@dataclass(frozen=True, slots=True)
class Features:
    """The features of a space's configs, in order; no logarithms, since trees split a field the same without."""

    columns: tuple[Column, ...]

    def vector(self, config: Config) -> Float32s:
        """Return the features (columns,) of a config."""
        return np.array([column.value(config) for column in self.columns], dtype=np.float32)

    def matrix(self, configs: Iterable[Config]) -> Float32s:
        """Return the features (configs, columns)."""
        rows = [self.vector(config) for config in configs]
        return np.stack(rows) if rows else np.zeros((0, len(self.columns)), dtype=np.float32)


def learn_features(configs: Sequence[Config]) -> Features:
    """Return the features that tell some of these configs apart.

    Numbers stand for themselves; strings and booleans become one feature for each value seen. Fields that differ
    in their trailing number alone are also summed up, since the order of sites or layers often matters little.
    """
    names = sorted({name for config in configs for name in config}, key=_natural)
    seen = {name: [config[name] for config in configs if name in config] for name in names}
    columns = [column for name in names for column in _own(name, seen[name])]
    for _, group in itertools.groupby(names, _stem):
        fields = tuple(group)
        if len(fields) > 1:
            columns += _joint(fields, [value for name in fields for value in seen[name]])
    found = Features(tuple(columns)).matrix(configs)
    varies = (found != found[:1]).any(axis=0)
    return Features(tuple(itertools.compress(columns, varies.tolist())))


def _own(name: str, values: Sequence[Value]) -> list[Column]:
    if _numeric(values):
        return [Column("number", (name,), absent=_below(values))]
    return [Column("is", (name,), choice) for choice in _choices(values)]


def _joint(fields: tuple[str, ...], values: Sequence[Value]) -> list[Column]:
    if _numeric(values):
        kinds: tuple[Kind, ...] = ("mean", "least", "largest")
        return [Column(kind, fields, absent=_below(values)) for kind in kinds]
    return [Column("count", fields, choice) for choice in _choices(values)]


def _numeric(values: Iterable[Value]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _choices(values: Iterable[Value]) -> list[Value]:
    return sorted(set(values), key=repr)


def _below(values: Iterable[Value]) -> float:
    return min(float(value) for value in values) - 1.0


def _stem(name: str) -> str:
    return re.sub(r"\d+$", "", name)


def _natural(name: str) -> tuple[str, int, str]:
    """Order `density_10` after `density_9`."""
    return _stem(name), int(name[len(_stem(name)) :] or 0), name
