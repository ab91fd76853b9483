"""One density for each layer out of a few levels, under a budget: a finite space that a table can hold."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench_sparse.core.blueprint import Blueprint
from nasbench_sparse.core.config import Config, Value
from nasbench_sparse.core.space import SearchSpace
from nasbench_sparse.errors import InvalidConfig, TaskError
from nasbench_sparse.search_spaces.checks import check_choice, check_fields
from nasbench_sparse.search_spaces.density_budget import DensityBudget

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

LARGEST = 1_000_000
"""Combinations of levels above which this is no grid to enumerate."""


@dataclass(frozen=True)
class DensityLevels(SearchSpace):
    """Fields `density_0`, `density_1`, ..., each one of `levels`; a layer of n weights keeps round(d n) of them.

    A point above the budget is lowered to it: the layer with most active weights goes down by a level (the earlier
    one on a tie) until the sum fits. A neighbour moves one layer by a level, and lowers random others where the
    budget asks for it.

    Args:
        layer_sizes: number of weights of each prunable layer, in forward order.
        levels: densities in ascending order, within [0, 1].
        budget: upper bound on the active weights of all layers together.
    Raises:
        TaskError: levels that are not ascending or keep equal numbers of weights in a layer, a budget that not
            even the lowest levels meet, or more combinations than a grid may have.

    References:
        Tessera's thesis on sparse networks, chapter 4 (SNAS), on a grid and with a budget.
    """

    layer_sizes: tuple[int, ...]
    levels: tuple[float, ...]
    budget: DensityBudget | None = None

    def __post_init__(self) -> None:
        if not self.layer_sizes or min(self.layer_sizes) < 1:
            raise TaskError(f"layer_sizes {self.layer_sizes} must hold at least one positive size")
        if not self.levels or list(self.levels) != sorted(set(self.levels)):
            raise TaskError(f"levels {self.levels} must be densities in ascending order, each once")
        if not 0.0 <= self.levels[0] <= self.levels[-1] <= 1.0:
            raise TaskError(f"levels {self.levels} must lie within [0, 1]")
        for layer, counts in enumerate(self._counts):
            if len(set(counts)) < len(counts):
                size = self.layer_sizes[layer]
                raise TaskError(f"levels {self.levels} keep equal numbers of the {size} weights of layer {layer}")
        if len(self.levels) ** len(self.layer_sizes) > LARGEST:
            raise TaskError(
                f"{len(self.levels)} levels of {len(self.layer_sizes)} layers: over {LARGEST:,} combinations;"
                " LayerDensity searches densities without a grid"
            )
        if sum(counts[0] for counts in self._counts) > self.total:
            raise TaskError(
                f"the budget of {self.total} weights is below what the lowest level {self.levels[0]} keeps"
            )

    @cached_property
    def fields(self) -> tuple[str, ...]:
        return tuple(f"density_{i}" for i in range(len(self.layer_sizes)))

    @cached_property
    def total(self) -> int:
        """The most active weights all layers may have together."""
        full = sum(counts[-1] for counts in self._counts)
        return full if self.budget is None else min(full, self.budget.weights(self.layer_sizes))

    def sample(self, rng: np.random.Generator) -> dict[str, Value]:
        chosen = rng.integers(len(self.levels), size=len(self.fields)).tolist()
        return self._config(self._lowered(chosen, rng))

    def neighbour(self, config: Config, rng: np.random.Generator) -> dict[str, Value]:
        chosen = self._read(config)
        moves = [
            (layer, step)
            for layer, level in enumerate(chosen)
            for step in (-1, 1)
            if 0 <= level + step < len(self.levels) and (step < 0 or self._raisable(chosen, layer))
        ]
        if not moves:
            return self._config(chosen)
        layer, step = moves[int(rng.integers(len(moves)))]
        chosen[layer] += step
        return self._config(self._lowered(chosen, rng, but=layer))

    def canonical(self, config: Config) -> dict[str, Value]:
        self.validate(config)
        return self._config(self._read(config))

    def validate(self, config: Config) -> None:
        check_fields(config, self.fields)
        active = self._active(self._read(config))
        if active > self.total:
            raise InvalidConfig(
                f"config {self.fields[0]} to {self.fields[-1]}: {active} weights in all are more than the budget of"
                f" {self.total}"
            )

    def configure(self, blueprint: Blueprint, config: Config) -> Blueprint:
        return blueprint.with_densities(tuple(float(config[field]) for field in self.fields))

    @property
    def coordinates(self) -> ConfigurationSpace:
        from ConfigSpace import ConfigurationSpace, OrdinalHyperparameter

        space = ConfigurationSpace()
        space.add([OrdinalHyperparameter(field, list(self.levels)) for field in self.fields])
        return space

    def decode(self, point: Mapping[str, Any]) -> dict[str, Value]:
        return self._config(self._lowered(self._read(point)))

    def encode(self, config: Config) -> dict[str, Any]:
        return dict(self.canonical(config))

    @cached_property
    def size(self) -> int | None:
        return sum(1 for _ in self._allowed())

    def grid(self, resolution: int) -> Iterator[dict[str, Value]]:
        """Yield every config; there is nothing continuous to resolve."""
        yield from map(self._config, self._allowed())

    @cached_property
    def _counts(self) -> tuple[tuple[int, ...], ...]:
        """Active weights of each layer at each level."""
        return tuple(tuple(round(level * size) for level in self.levels) for size in self.layer_sizes)

    def _active(self, chosen: list[int]) -> int:
        return sum(counts[level] for counts, level in zip(self._counts, chosen, strict=True))

    def _allowed(self) -> Iterator[list[int]]:
        for chosen in itertools.product(range(len(self.levels)), repeat=len(self.fields)):
            if self._active(list(chosen)) <= self.total:
                yield list(chosen)

    def _raisable(self, chosen: list[int], layer: int) -> bool:
        """Whether a layer fits one level higher, with every other layer as low as need be."""
        others = sum(counts[0] for i, counts in enumerate(self._counts) if i != layer)
        return others + self._counts[layer][chosen[layer] + 1] <= self.total

    def _lowered(
        self, chosen: list[int], rng: np.random.Generator | None = None, but: int | None = None
    ) -> list[int]:
        """Lower layers level by level until the budget is met: random ones (not `but`), else the fullest."""
        chosen = list(chosen)
        while self._active(chosen) > self.total:
            able = [i for i, level in enumerate(chosen) if level > 0 and i != but]
            if rng is None:
                layer = max(able, key=lambda i: (self._counts[i][chosen[i]], -i))
            else:
                layer = able[int(rng.integers(len(able)))]
            chosen[layer] -= 1
        return chosen

    def _read(self, config: Mapping[str, Any]) -> list[int]:
        return [check_choice(field, config[field], self.levels) for field in self.fields]

    def _config(self, chosen: list[int]) -> dict[str, Value]:
        return {field: self.levels[level] for field, level in zip(self.fields, chosen, strict=True)}
