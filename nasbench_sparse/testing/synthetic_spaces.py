"""Synthetic spaces of three kinds: a categorical chromosome, continuous, and mixed with a condition.

Each declares its own optimum and a distance from it. They configure no blueprint.
"""

from __future__ import annotations

import itertools
import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench_sparse.core.blueprint import Blueprint
from nasbench_sparse.core.config import Config, Value, config_key
from nasbench_sparse.core.space import Relaxation, SearchSpace
from nasbench_sparse.errors import InvalidConfig

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


class SyntheticSpace(SearchSpace):
    """A space whose configs have a distance to a known optimum; points and configs are the same mappings."""

    @property
    @abstractmethod
    def optimum(self) -> dict[str, Value]:
        """The config at distance 0."""

    @abstractmethod
    def distance(self, config: Config) -> float:
        """Return how far a config is from the optimum, in [0, 1]."""

    def configure(self, blueprint: Blueprint, config: Config) -> Blueprint:
        """Return the blueprint as it is."""
        return blueprint

    def canonical(self, config: Config) -> dict[str, Value]:
        """Return a copy with the fields in order."""
        return {name: config[name] for name in self.fields if name in config}

    def decode(self, point: Mapping[str, Any]) -> dict[str, Value]:
        """Return the point as a config of plain values."""
        return self.canonical({k: v.item() if hasattr(v, "item") else v for k, v in point.items()})

    def encode(self, config: Config) -> dict[str, Any]:
        """Return the config as a point."""
        return dict(self.canonical(config))


def _check_fields(config: Config, fields: tuple[str, ...]) -> None:
    if sorted(config) != sorted(fields):
        raise InvalidConfig(f"a config holds the fields {', '.join(fields)}, not {', '.join(config) or 'none'}")


@dataclass(frozen=True)
class ChromosomeSpace(SyntheticSpace):
    """`length` genes, each one of `operators`; the optimum's gene i is operator i mod n."""

    length: int = 6
    operators: tuple[str, ...] = ("relu", "swish", "tanh", "elu", "symlog")

    @property
    def fields(self) -> tuple[str, ...]:
        """gene_0, gene_1, ..."""
        return tuple(f"gene_{i}" for i in range(self.length))

    @property
    def optimum(self) -> dict[str, Value]:
        """The operators in order, repeated."""
        return {name: self.operators[i % len(self.operators)] for i, name in enumerate(self.fields)}

    def distance(self, config: Config) -> float:
        """Return the fraction of genes that differ from the optimum's."""
        return sum(config[name] != gene for name, gene in self.optimum.items()) / self.length

    def sample(self, rng: np.random.Generator) -> dict[str, Value]:
        """Draw every gene uniformly."""
        genes = rng.integers(len(self.operators), size=self.length).tolist()
        return {f"gene_{i}": self.operators[gene] for i, gene in enumerate(genes)}

    def neighbour(self, config: Config, rng: np.random.Generator) -> dict[str, Value]:
        """Give one randomly chosen gene a different operator."""
        i = int(rng.integers(self.length))
        others = [name for name in self.operators if name != config[f"gene_{i}"]]
        return {**config, f"gene_{i}": others[int(rng.integers(len(others)))]}

    def validate(self, config: Config) -> None:
        """Check a config.

        Raises:
            InvalidConfig: naming the gene and its operators.
        """
        _check_fields(config, self.fields)
        for name in self.fields:
            if config[name] not in self.operators:
                raise InvalidConfig(f"{name} is one of {', '.join(self.operators)}, not {config[name]!r}")

    @property
    def coordinates(self) -> ConfigurationSpace:
        """One categorical for each gene."""
        from ConfigSpace import Categorical, ConfigurationSpace

        space = ConfigurationSpace()
        space.add([Categorical(name, list(self.operators)) for name in self.fields])
        return space

    def relaxation(self) -> Relaxation:
        """One edge for each gene."""
        return Relaxation("chromosome", self.fields, (self.operators,) * self.length)

    @property
    def size(self) -> int:
        """n to the power of the length."""
        return int(len(self.operators) ** self.length)

    def grid(self, resolution: int) -> Iterator[dict[str, Value]]:
        """Yield every chromosome."""
        for genes in itertools.product(self.operators, repeat=self.length):
            yield dict(zip(self.fields, genes, strict=True))


@dataclass(frozen=True)
class ContinuousSpace(SyntheticSpace):
    """`dimensions` numbers in [0, 1]; the optimum is 0.3 in each."""

    dimensions: int = 3

    @property
    def fields(self) -> tuple[str, ...]:
        """x_0, x_1, ..."""
        return tuple(f"x_{i}" for i in range(self.dimensions))

    @property
    def optimum(self) -> dict[str, Value]:
        """0.3 everywhere."""
        return dict.fromkeys(self.fields, 0.3)

    def distance(self, config: Config) -> float:
        """Return the mean squared distance, over its maximum of 0.49."""
        return sum((float(config[name]) - 0.3) ** 2 for name in self.fields) / (0.49 * self.dimensions)

    def sample(self, rng: np.random.Generator) -> dict[str, Value]:
        """Draw uniformly."""
        return dict(zip(self.fields, rng.random(self.dimensions).tolist(), strict=True))

    def neighbour(self, config: Config, rng: np.random.Generator) -> dict[str, Value]:
        """Move one number by a normal step of deviation 0.1, reflected at the bounds."""
        name = f"x_{int(rng.integers(self.dimensions))}"
        moved = abs(float(config[name]) + 0.1 * float(rng.standard_normal()))
        return {**config, name: min(max(2.0 - moved, 0.0), 1.0) if moved > 1.0 else moved}

    def validate(self, config: Config) -> None:
        """Check a config.

        Raises:
            InvalidConfig: naming the number that lies outside [0, 1].
        """
        _check_fields(config, self.fields)
        for name in self.fields:
            value = config[name]
            if not isinstance(value, float) or not 0.0 <= value <= 1.0:
                raise InvalidConfig(f"{name} is a float in [0, 1], not {value!r}")

    @property
    def coordinates(self) -> ConfigurationSpace:
        """One float for each number."""
        from ConfigSpace import ConfigurationSpace, Float

        space = ConfigurationSpace()
        space.add([Float(name, (0.0, 1.0)) for name in self.fields])
        return space

    @property
    def size(self) -> None:
        """Not finite."""
        return

    def grid(self, resolution: int) -> Iterator[dict[str, Value]]:
        """Yield `resolution` equally spaced levels of each number."""
        levels = np.linspace(0.0, 1.0, resolution).tolist() if resolution > 1 else [0.5]
        for values in itertools.product(levels, repeat=self.dimensions):
            yield dict(zip(self.fields, values, strict=True))


@dataclass(frozen=True)
class MixedSpace(SyntheticSpace):
    """A log-scaled rate, a depth, an optimizer, and a momentum that only "sgd" has."""

    optimizers: tuple[str, ...] = ("adam", "sgd", "rmsprop")

    @property
    def fields(self) -> tuple[str, ...]:
        """rate in [1e-4, 1], depth in 1..8, optimizer, and momentum in [0, 0.99] if the optimizer is sgd."""
        return ("rate", "depth", "optimizer", "momentum")

    @property
    def optimum(self) -> dict[str, Value]:
        """sgd of momentum 0.9 at a rate of 0.01 and depth 5."""
        return {"rate": 0.01, "depth": 5, "optimizer": "sgd", "momentum": 0.9}

    def distance(self, config: Config) -> float:
        """Return the mean of four terms in [0, 1]."""
        rate = (math.log10(float(config["rate"])) + 2.0) ** 2 / 4.0
        depth = abs(int(config["depth"]) - 5) / 4.0
        other = float(config["optimizer"] != "sgd")
        momentum = abs(float(config.get("momentum", 0.0)) - 0.9) / 0.9
        return (rate + depth + other + momentum) / 4.0

    def sample(self, rng: np.random.Generator) -> dict[str, Value]:
        """Draw the rate uniformly in its logarithm, everything else uniformly."""
        u = rng.random(4).tolist()
        config: dict[str, Value] = {
            "rate": 10.0 ** (-4.0 + 4.0 * u[0]),
            "depth": 1 + int(8 * u[1]),
            "optimizer": self.optimizers[int(len(self.optimizers) * u[2])],
        }
        return config if config["optimizer"] != "sgd" else {**config, "momentum": 0.99 * u[3]}

    def neighbour(self, config: Config, rng: np.random.Generator) -> dict[str, Value]:
        """Draw one active field anew, different from what it was."""
        names = [name for name in self.fields if name in config]
        name = names[int(rng.integers(len(names)))]
        while True:
            drawn = self.sample(rng)
            if name in drawn and drawn[name] != config[name]:
                break
        changed = {**config, name: drawn[name]}
        if name == "optimizer":
            changed.pop("momentum", None)
            changed |= {"momentum": drawn["momentum"]} if "momentum" in drawn else {}
        return changed

    def validate(self, config: Config) -> None:
        """Check a config.

        Raises:
            InvalidConfig: naming the field and what it allows.
        """
        if config.get("optimizer") not in self.optimizers:
            raise InvalidConfig(
                f"optimizer is one of {', '.join(self.optimizers)}, not {config.get('optimizer')!r}"
            )
        _check_fields(config, self.fields if config["optimizer"] == "sgd" else self.fields[:-1])
        for name, kind, low, high in (
            ("rate", float, 1e-4, 1.0),
            ("depth", int, 1, 8),
            ("momentum", float, 0.0, 0.99),
        ):
            value = config.get(name, low)
            if type(value) is not kind or not low <= value <= high:
                raise InvalidConfig(f"{name} is of type {kind.__name__} in [{low}, {high}], not {value!r}")

    @property
    def coordinates(self) -> ConfigurationSpace:
        """The four fields, momentum under its condition."""
        from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer

        space = ConfigurationSpace()
        optimizer = Categorical("optimizer", list(self.optimizers))
        momentum = Float("momentum", (0.0, 0.99))
        space.add([Float("rate", (1e-4, 1.0), log=True), Integer("depth", (1, 8)), optimizer, momentum])
        space.add(EqualsCondition(momentum, optimizer, "sgd"))
        return space

    @property
    def size(self) -> None:
        """Not finite."""
        return

    def grid(self, resolution: int) -> Iterator[dict[str, Value]]:
        """Yield `resolution` levels of rate and momentum, every depth and optimizer."""
        seen = set()
        unit = np.linspace(0.0, 1.0, resolution).tolist() if resolution > 1 else [0.5]
        for u, depth, optimizer, v in itertools.product(unit, range(1, 9), self.optimizers, unit):
            config: dict[str, Value] = {"rate": 10.0 ** (-4.0 + 4.0 * u), "depth": depth, "optimizer": optimizer}
            config |= {"momentum": 0.99 * v} if optimizer == "sgd" else {}
            key = config_key(config)
            if key not in seen:
                seen.add(key)
                yield config
