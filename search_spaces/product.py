"""Products of spaces: several things vary at once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench_sparse.core.blueprint import Blueprint
from nasbench_sparse.core.config import Config, Value
from nasbench_sparse.core.space import SearchSpace
from nasbench_sparse.errors import InvalidConfig, TaskError, nearest

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


@dataclass(frozen=True)
class Product(SearchSpace):
    """Named spaces side by side; a part's field `f` is the product's field `part.f`.

    A neighbour changes exactly one part, by that part's own mutation. There is no relaxation, even where a part
    has one: a gradient-based optimizer could not choose the other parts.

    Args:
        parts: names (without a dot) and spaces; `configure` applies them in this order.
    Raises:
        TaskError: no parts, or a name that is empty, repeated or dotted.
    """

    parts: tuple[tuple[str, SearchSpace], ...]

    def __post_init__(self) -> None:
        names = [name for name, _ in self.parts]
        if not names or len(set(names)) < len(names) or not all(names) or any("." in name for name in names):
            raise TaskError(f"a product's parts need distinct names without dots, not {names}")

    @cached_property
    def fields(self) -> tuple[str, ...]:
        return tuple(f"{name}.{field}" for name, space in self.parts for field in space.fields)

    def sample(self, rng: np.random.Generator) -> dict[str, Value]:
        return _joined({name: space.sample(rng) for name, space in self.parts})

    def neighbour(self, config: Config, rng: np.random.Generator) -> dict[str, Value]:
        split = self._split(config)
        first = int(rng.integers(len(self.parts)))
        for name, space in self.parts[first:] + self.parts[:first]:
            now = split[name]
            moved = space.neighbour(now, rng)
            if moved != now:
                return _joined({**split, name: moved})
        return _joined(split)

    def canonical(self, config: Config) -> dict[str, Value]:
        split = self._split(config)
        return _joined({name: _named(name, space.canonical, split[name]) for name, space in self.parts})

    def validate(self, config: Config) -> None:
        split = self._split(config)
        for name, space in self.parts:
            _named(name, space.validate, split[name])

    def configure(self, blueprint: Blueprint, config: Config) -> Blueprint:
        split = self._split(config)
        for name, space in self.parts:
            blueprint = space.configure(blueprint, split[name])
        return blueprint

    @property
    def coordinates(self) -> ConfigurationSpace:
        from ConfigSpace import ConfigurationSpace

        product = ConfigurationSpace()
        for name, space in self.parts:
            product.add_configuration_space(name, space.coordinates, delimiter=".")
        return product

    def decode(self, point: Mapping[str, Any]) -> dict[str, Value]:
        split = self._split(point)
        return _joined({name: space.decode(split[name]) for name, space in self.parts})

    def encode(self, config: Config) -> dict[str, Any]:
        split = self._split(config)
        return _joined({name: space.encode(split[name]) for name, space in self.parts})

    def features(self, config: Config) -> dict[str, float]:
        split = self._split(config)
        return _joined({name: space.features(split[name]) for name, space in self.parts})

    @property
    def size(self) -> int | None:
        sizes = [space.size for _, space in self.parts]
        return None if None in sizes else math.prod(size for size in sizes if size is not None)

    def grid(self, resolution: int) -> Iterator[dict[str, Value]]:
        names = [name for name, _ in self.parts]
        for configs in _combinations([space for _, space in self.parts], resolution):
            yield _joined(dict(zip(names, configs, strict=True)))

    def _split(self, config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Return each part's own config.

        Raises:
            InvalidConfig: a field belongs to no part.
        """
        split: dict[str, dict[str, Any]] = {name: {} for name, _ in self.parts}
        for field, value in config.items():
            name, _, own = field.partition(".")
            if name not in split or not own:
                close = nearest(field, self.fields)
                hint = f"did you mean {' or '.join(map(repr, close))}?" if close else f"the parts are {list(split)}"
                raise InvalidConfig(f"unknown config field {field!r}: {hint}")
            split[name][own] = value
        return split


def _combinations(spaces: list[SearchSpace], resolution: int) -> Iterator[tuple[dict[str, Value], ...]]:
    """Yield the product of the grids, the last varying fastest, none of them held in memory."""
    if len(spaces) == 1:
        yield from ((config,) for config in spaces[0].grid(resolution))
        return
    for first in spaces[0].grid(resolution):
        for rest in _combinations(spaces[1:], resolution):
            yield (first, *rest)


def _joined(split: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {f"{name}.{field}": value for name, config in split.items() for field, value in config.items()}


def _named(name: str, function: Any, config: dict[str, Any]) -> Any:
    try:
        return function(config)
    except InvalidConfig as error:
        raise InvalidConfig(f"in part {name!r}, {error}") from error
