"""One density for each layer (SNAS), optionally under a budget of active weights.

References:
    Tessera's thesis on sparse networks, chapter 4 (SNAS): a density vector d in [0, 1]^L.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench_sparse.core.blueprint import Blueprint
from nasbench_sparse.core.config import Config, Value
from nasbench_sparse.core.space import SearchSpace
from nasbench_sparse.errors import InvalidConfig, TaskError
from nasbench_sparse.search_spaces.checks import check_fields, check_number
from nasbench_sparse.search_spaces.density_budget import DensityBudget, allocate

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

STEP = 0.1
"""Standard deviation of a Gaussian step, as a fraction of the density's range."""

FILLED = 0.9
"""Share of the samples under a budget that use it up; others may leave some, so that any config can come out."""


@dataclass(frozen=True)
class DensitySpace(SearchSpace):
    """What both density spaces share: the layers, the range of their densities, and the budget.

    A layer of n weights at density d has round(d n) active ones. Densities are continuous to an
    optimizer (`size` is None), but canonical configs stand for masks: equal counts in every layer, one key.

    Args:
        layer_sizes: number of weights of each prunable layer, in forward order.
        minimum: least density of any layer.
        maximum: largest density of any layer.
        budget: upper bound on the active weights of all layers together.
    Raises:
        TaskError: no layers, an empty range, or a budget below what the minimum needs.
    """

    layer_sizes: tuple[int, ...]
    minimum: float = 0.0
    maximum: float = 1.0
    budget: DensityBudget | None = None

    def __post_init__(self) -> None:
        if not self.layer_sizes or min(self.layer_sizes) < 1:
            raise TaskError(f"layer_sizes {self.layer_sizes} must hold at least one positive size")
        if not 0.0 <= self.minimum < self.maximum <= 1.0:
            raise TaskError(f"densities from {self.minimum} to {self.maximum} are no range within [0, 1]")
        if any(low > high for low, high in zip(self.low, self.high, strict=True)):
            raise TaskError(f"a layer has no number of weights with a density in [{self.minimum}, {self.maximum}]")
        if sum(self.low) > self.total:
            raise TaskError(
                f"the budget of {self.total} weights is below the {sum(self.low)} of the minimum density"
            )

    @cached_property
    def low(self) -> tuple[int, ...]:
        """Least number of active weights of each layer."""
        return tuple(math.ceil(self.minimum * size - 1e-9) for size in self.layer_sizes)

    @cached_property
    def high(self) -> tuple[int, ...]:
        """Largest number of active weights of each layer, the budget aside."""
        return tuple(math.floor(self.maximum * size + 1e-9) for size in self.layer_sizes)

    @cached_property
    def total(self) -> int:
        """The most active weights all layers may have together."""
        full = sum(self.high)
        return full if self.budget is None else min(full, self.budget.weights(self.layer_sizes))

    @property
    def size(self) -> int | None:
        return None

    def _check_total(self, active: int) -> None:
        if active > self.total:
            named = self.fields[0] if len(self.fields) == 1 else f"{self.fields[0]} to {self.fields[-1]}"
            raise InvalidConfig(f"config {named}: {active} weights in all are more than the budget of {self.total}")

    def _counts(self, densities: list[float]) -> list[int]:
        """Return the active weights of each layer, within its bounds."""
        bounds = zip(densities, self.layer_sizes, self.low, self.high, strict=True)
        return [min(max(round(d * n), low), high) for d, n, low, high in bounds]


@dataclass(frozen=True)
class LayerDensity(DensitySpace):
    """One density for each layer: fields `density_0`, `density_1`, ..., written as active weights over size.

    The coordinates are the densities themselves, each up to what the budget leaves it beside the other layers'
    minimum. A point above the budget is scaled down to it exactly (see `allocate`); one below is taken as it is, so
    every config that meets the budget is its own code. Samples and neighbours use the budget up. Without a
    budget (or one that never binds) a neighbour is a Gaussian step on one density; with one, weights
    move from one layer to another: a share u^2 of what may move, u uniform in [0, 1].
    """

    @cached_property
    def fields(self) -> tuple[str, ...]:
        return tuple(f"density_{i}" for i in range(len(self.layer_sizes)))

    @cached_property
    def caps(self) -> tuple[int, ...]:
        """Largest number of active weights of each layer that the budget allows."""
        spare = self.total - sum(self.low)
        return tuple(min(high, low + spare) for low, high in zip(self.low, self.high, strict=True))

    @cached_property
    def binds(self) -> bool:
        """Whether the budget excludes anything."""
        return self.total < sum(self.high)

    def sample(self, rng: np.random.Generator) -> dict[str, Value]:
        *draws, fill = rng.random(len(self.layer_sizes) + 1).tolist()
        wanted = [low + u * (cap - low) for u, low, cap in zip(draws, self.low, self.caps, strict=True)]
        return self._config(self._fitted(wanted, fill=fill < FILLED))

    def neighbour(self, config: Config, rng: np.random.Generator) -> dict[str, Value]:
        counts = self._read(config)
        first, second, share = rng.random(3).tolist()
        if self.binds:
            filled = allocate(counts, self.low, self.high, self.total)
            takers = [i for i, count in enumerate(filled) if count < self.high[i]]
            givers = [i for i, count in enumerate(filled) if count > self.low[i] and takers != [i]]
            if givers and takers:
                giver = givers[int(first * len(givers))]
                others = [i for i in takers if i != giver]
                taker = others[int(second * len(others))]
                room = min(filled[giver] - self.low[giver], self.high[taker] - filled[taker])
                moved = max(1, round(room * share**2))
                filled[giver] -= moved
                filled[taker] += moved
                return self._config(filled)
        return self._config(self._stepped(counts, second, rng))

    def canonical(self, config: Config) -> dict[str, Value]:
        self.validate(config)
        return self._config(self._read(config))

    def validate(self, config: Config) -> None:
        check_fields(config, self.fields)
        for field in self.fields:
            check_number(field, config[field], self.minimum, self.maximum)
        self._check_total(sum(self._read(config)))

    def configure(self, blueprint: Blueprint, config: Config) -> Blueprint:
        return blueprint.with_densities(tuple(float(config[field]) for field in self.fields))

    @property
    def coordinates(self) -> ConfigurationSpace:
        from ConfigSpace import ConfigurationSpace, Constant, UniformFloatHyperparameter

        space = ConfigurationSpace()
        for field, size, low, cap in zip(self.fields, self.layer_sizes, self.low, self.caps, strict=True):
            if low == cap:
                space.add(Constant(field, low / size))
            else:
                space.add(UniformFloatHyperparameter(field, low / size, cap / size))
        return space

    def decode(self, point: Mapping[str, Any]) -> dict[str, Value]:
        wanted = [float(point[field]) * size for field, size in zip(self.fields, self.layer_sizes, strict=True)]
        return self._config(self._fitted(wanted, fill=False))

    def encode(self, config: Config) -> dict[str, Any]:
        return dict(self.canonical(config))

    def grid(self, resolution: int) -> Iterator[dict[str, Value]]:
        """Yield every combination of evenly spaced densities; under a budget, scaled to use it up."""
        seen = set()
        levels = [np.linspace(*ends, resolution).tolist() for ends in zip(self.low, self.caps, strict=True)]
        for wanted in itertools.product(*levels):
            counts = tuple(self._fitted(list(wanted), fill=True))
            if counts not in seen:
                seen.add(counts)
                yield self._config(list(counts))

    def _fitted(self, wanted: list[float], *, fill: bool) -> list[int]:
        """Round wanted weights to counts that meet the budget, and use it up if `fill`."""
        counts = self._counts([w / n for w, n in zip(wanted, self.layer_sizes, strict=True)])
        active = sum(counts)
        if active > self.total or (fill and self.binds and active < self.total):
            return allocate(wanted, self.low, self.high, self.total)
        return counts

    def _stepped(self, counts: list[int], choice: float, rng: np.random.Generator) -> list[int]:
        """Change the density of one layer by a Gaussian step, within its bounds and the budget."""
        spare = self.total - sum(counts)
        tops = [min(high, count + spare) for high, count in zip(self.high, counts, strict=True)]
        free = [i for i, top in enumerate(tops) if top > self.low[i]]
        if not free:
            return counts
        i = free[int(choice * len(free))]
        step = round(rng.normal() * STEP * (self.caps[i] - self.low[i]))
        moved = min(max(counts[i] + step, self.low[i]), tops[i])
        if moved == counts[i]:
            moved += 1 if (step >= 0 and moved < tops[i]) or moved == self.low[i] else -1
        return [*counts[:i], moved, *counts[i + 1 :]]

    def _read(self, config: Config) -> list[int]:
        return self._counts([float(config[field]) for field in self.fields])

    def _config(self, counts: list[int]) -> dict[str, Value]:
        return {f: count / size for f, count, size in zip(self.fields, counts, self.layer_sizes, strict=True)}
