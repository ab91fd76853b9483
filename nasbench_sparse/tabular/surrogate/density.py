"""Densities that a config's numbers give exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nasbench_sparse.core.config import Config

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class LinearDensity:
    """The density as constant + sum(weight * field), such as the layers' densities weighted by their sizes."""

    constant: float
    weights: tuple[tuple[str, float], ...]

    def of(self, config: Config) -> float:
        """Return the density of a config, in [0, 1]."""
        total = self.constant
        for name, weight in self.weights:
            total += weight * float(config[name])
        return min(max(total, 0.0), 1.0)


def learn_density(configs: Sequence[Config], densities: npt.NDArray[np.float64]) -> LinearDensity | None:
    """Return the law that gives every config's density at every step, or None if there is none so simple.

    Args:
        configs: at least twice as many as there are numbers to learn.
        densities: (configs, steps).
    """
    if np.ptp(densities, axis=1).max() > TOLERANCE:
        return None
    names = [name for name in configs[0] if all(_is_number(config.get(name)) for config in configs)]
    columns = np.array([[float(config[name]) for name in names] for config in configs]).reshape(len(configs), -1)
    used = np.ptp(columns, axis=0) > 0
    names = [name for name, use in zip(names, used.tolist(), strict=True) if use]
    if len(configs) < 2 * (len(names) + 1):
        return None
    target = densities[:, 0]
    if np.ptp(target) <= TOLERANCE:
        return LinearDensity(float(target[0]), ())
    matrix = np.column_stack([np.ones(len(configs)), columns[:, used]])
    constant, *weights = np.linalg.lstsq(matrix, target, rcond=None)[0].tolist()
    law = LinearDensity(constant, tuple(zip(names, weights, strict=True)))
    errors = [abs(law.of(config) - float(density)) for config, density in zip(configs, target, strict=True)]
    return law if max(errors) <= TOLERANCE else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
