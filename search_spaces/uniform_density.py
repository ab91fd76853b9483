"""One density for all layers, optionally under a budget of active weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench_sparse.core.blueprint import Blueprint
from nasbench_sparse.core.config import Config, Value
from nasbench_sparse.search_spaces.checks import check_fields, check_number
from nasbench_sparse.search_spaces.layer_density import STEP, DensitySpace

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


@dataclass(frozen=True)
class UniformDensity(DensitySpace):
    """One density for all layers: field `density`. A budget lowers its upper bound.

    Of all densities that give equal counts in every layer, the canonical one is the shortest decimal.
    A neighbour is a Gaussian step.
    """

    @property
    def fields(self) -> tuple[str, ...]:
        return ("density",)

    @cached_property
    def cap(self) -> float:
        """Largest density that meets the budget."""
        low, high = self.minimum, self.maximum
        if self._active(high) <= self.total:
            return high
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if self._active(middle) <= self.total else (low, middle)
        return low

    def sample(self, rng: np.random.Generator) -> dict[str, Value]:
        return self._config(self.minimum + float(rng.random()) * (self.cap - self.minimum))

    def neighbour(self, config: Config, rng: np.random.Generator) -> dict[str, Value]:
        density = float(config["density"])
        now = self._config(density)
        step = STEP * (self.cap - self.minimum)
        for _ in range(100):
            moved = self._config(min(max(density + float(rng.normal()) * step, self.minimum), self.cap))
            if moved != now:
                return moved
            step *= 1.5  # few weights: steps must grow to change any
        return now

    def canonical(self, config: Config) -> dict[str, Value]:
        self.validate(config)
        return self._config(float(config["density"]))

    def validate(self, config: Config) -> None:
        check_fields(config, self.fields)
        check_number("density", config["density"], self.minimum, self.maximum)
        self._check_total(self._active(float(config["density"])))

    def configure(self, blueprint: Blueprint, config: Config) -> Blueprint:
        return blueprint.with_densities((float(config["density"]),) * len(self.layer_sizes))

    @property
    def coordinates(self) -> ConfigurationSpace:
        from ConfigSpace import ConfigurationSpace, Constant, UniformFloatHyperparameter

        space = ConfigurationSpace()
        if self.minimum < self.cap:
            space.add(UniformFloatHyperparameter("density", self.minimum, self.cap))
        else:
            space.add(Constant("density", self.cap))
        return space

    def decode(self, point: Mapping[str, Any]) -> dict[str, Value]:
        return self._config(min(max(float(point["density"]), self.minimum), self.cap))

    def encode(self, config: Config) -> dict[str, Any]:
        return dict(self.canonical(config))

    def grid(self, resolution: int) -> Iterator[dict[str, Value]]:
        levels = np.linspace(self.minimum, self.cap, resolution).tolist()
        yield from ({"density": d} for d in dict.fromkeys(self._config(level)["density"] for level in levels))

    @cached_property
    def _kinds(self) -> tuple[tuple[int, int, int], ...]:
        """Size, least and largest number of active weights of each different layer."""
        return tuple(dict.fromkeys(zip(self.layer_sizes, self.low, self.high, strict=True)))

    def _active(self, density: float) -> int:
        return sum(self._counts([density] * len(self.layer_sizes)))

    def _counts_at(self, density: float) -> list[int]:
        return [min(max(round(density * n), low), high) for n, low, high in self._kinds]

    def _config(self, density: float) -> dict[str, Value]:
        """Return the shortest decimal in the interval of densities with the same counts."""
        counts = self._counts_at(density)
        kinds = list(zip(counts, self._kinds, strict=True))
        lowest = max([self.minimum, *((count - 0.5) / n for count, (n, low, _) in kinds if count > low)])
        highest = min([self.maximum, *((count + 0.5) / n for count, (n, _, high) in kinds if count < high)])
        middle = (lowest + highest) / 2
        for digits in range(17):
            short = round(middle, digits)
            if lowest <= short <= highest and self._counts_at(short) == counts:
                return {"density": short}
        return {"density": density}  # the interval is a single tie, such as 0.25 for layers of 2 and 6
