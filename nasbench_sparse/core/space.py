"""The contract of a search space."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench_sparse.core.config import Config, Value

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

    from nasbench_sparse.core.blueprint import Blueprint


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What a gradient-based optimizer may relax: `edges` independent choices, each among its operations.

    Args:
        kind: "cell" (the GRAFS activation cell, one for the whole network) or "chromosome" (one operator per
            layer).
        edges: names of the choices, which are the config's fields.
        operations: for each edge the names of its operations, in order.
    """

    kind: str
    edges: tuple[str, ...]
    operations: tuple[tuple[str, ...], ...]


class SearchSpace(ABC):
    """What may vary, and how a config changes a blueprint. Spaces are frozen dataclasses.

    All randomness comes from the generator passed in. Returned configs are plain, canonical and valid, and a
    space never keeps state.
    """

    @property
    @abstractmethod
    def fields(self) -> tuple[str, ...]:
        """The names a config of this space may hold."""

    @abstractmethod
    def sample(self, rng: np.random.Generator) -> dict[str, Value]:
        """Draw a config; every valid config can come out."""

    @abstractmethod
    def neighbour(self, config: Config, rng: np.random.Generator) -> dict[str, Value]:
        """Mutate a config by the space's own mutation; the result differs from `config` where the space allows."""

    @abstractmethod
    def canonical(self, config: Config) -> dict[str, Value]:
        """Return the representative of all configs equivalent to this one: equal trainings share one key."""

    @abstractmethod
    def validate(self, config: Config) -> None:
        """Check a config.

        Raises:
            InvalidConfig: naming the field and what it allows.
        """

    @abstractmethod
    def configure(self, blueprint: Blueprint, config: Config) -> Blueprint:
        """Return the blueprint with this config written into it; product spaces chain these."""

    @property
    @abstractmethod
    def coordinates(self) -> ConfigurationSpace:
        """The field's common form, which SMAC, Optuna and others search. Any point of it decodes validly."""

    @abstractmethod
    def decode(self, point: Mapping[str, Any]) -> dict[str, Value]:
        """Turn a point of `coordinates` into a canonical config (a density budget is met here)."""

    @abstractmethod
    def encode(self, config: Config) -> dict[str, Any]:
        """Turn a config into a point, such that `decode(encode(c)) == canonical(c)`."""

    def relaxation(self) -> Relaxation | None:
        """Return what a gradient-based optimizer may relax, or None."""
        return None

    def features(self, config: Config) -> dict[str, float]:
        """Return numbers beside a config's fields that tell models of the space what the config does; none here.

        Names are not those of fields; a change of what they mean needs new names, since fitted models keep them.
        """
        return {}

    @property
    @abstractmethod
    def size(self) -> int | None:
        """The number of distinct canonical configs, or None where it is not finite."""

    @abstractmethod
    def grid(self, resolution: int) -> Iterator[dict[str, Value]]:
        """Yield distinct canonical configs: `resolution` levels of each continuous field, all of each other."""
