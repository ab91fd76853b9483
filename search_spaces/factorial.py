"""Factorial spaces: every combination of the levels of some factors, for comparisons rather than searches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench_sparse.core.blueprint import Blueprint
from nasbench_sparse.core.config import Config, Value
from nasbench_sparse.core.space import SearchSpace
from nasbench_sparse.errors import InvalidConfig, TaskError
from nasbench_sparse.search_spaces.checks import check_choice, check_fields
from nasbench_sparse.search_spaces.edits import Edit

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

USER_MODULE = "nasbench_sparse_user_"
"""How the registry begins the names of modules from users' files, which end in the file's hash."""


@dataclass(frozen=True, slots=True)
class Level:
    """A setting of a factor: its name in configs, and what it changes in the blueprint; nothing for a baseline."""

    name: str
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Factor:
    """What is varied: a name and its levels.

    Raises:
        TaskError: no levels, or two of one name.
    """

    name: str
    levels: tuple[Level, ...]

    def __post_init__(self) -> None:
        names = [level.name for level in self.levels]
        if not names or len(set(names)) < len(names):
            raise TaskError(f"factor {self.name!r} needs levels of distinct names, not {names}")


@dataclass(frozen=True)
class Factorial(SearchSpace):
    """All combinations of levels, or *cells*; a config is one level's name for each factor.

    A neighbour changes one factor, or goes to any other cell where all of those are excluded.

    Args:
        factors: their edits are applied in this order, those of a level in their own order.
        exclude: combinations that are left out: pairs of factor and level, all of which a cell has.
        sources: modules of edits that come from a user's file, so that a changed file is another space.

    Raises:
        TaskError: no factors, two of one name, an exclusion of what is not there, or all cells excluded.
    """

    factors: tuple[Factor, ...]
    exclude: tuple[tuple[tuple[str, str], ...], ...] = ()
    sources: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        if not self.factors or len(set(self.fields)) < len(self.fields):
            raise TaskError(f"a factorial space needs factors of distinct names, not {list(self.fields)}")
        for name, level in (pair for combination in self.exclude for pair in combination):
            if level not in self._levels.get(name, {}):
                raise TaskError(f"factor {name!r} has no level {level!r}, so it cannot be excluded")
        edits = (edit for factor in self.factors for level in factor.levels for edit in level.edits)
        modules = {type(edit).__module__ for edit in edits}
        object.__setattr__(self, "sources", tuple(sorted(m for m in modules if m.startswith(USER_MODULE))))
        if not self.cells:
            raise TaskError("every combination of levels is excluded, so nothing is left to train")

    @cached_property
    def fields(self) -> tuple[str, ...]:
        return tuple(factor.name for factor in self.factors)

    @cached_property
    def _levels(self) -> dict[str, dict[str, Level]]:
        return {factor.name: {level.name: level for level in factor.levels} for factor in self.factors}

    @cached_property
    def cells(self) -> tuple[dict[str, Value], ...]:
        """All configs, the last factor varying fastest; not to be written to."""
        combinations = product(*(self._levels[name] for name in self.fields))
        cells = (dict(zip(self.fields, levels, strict=True)) for levels in combinations)
        return tuple({**cell} for cell in cells if not self._excluded(cell))

    def sample(self, rng: np.random.Generator) -> dict[str, Value]:
        return dict(self.cells[int(rng.integers(len(self.cells)))])

    def neighbour(self, config: Config, rng: np.random.Generator) -> dict[str, Value]:
        single = (
            {**config, name: level}
            for name, levels in self._levels.items()
            for level in levels
            if level != config[name]
        )
        near = [cell for cell in single if not self._excluded(cell)]
        moves = near or [dict(cell) for cell in self.cells if cell != config] or [dict(config)]
        return moves[int(rng.integers(len(moves)))]

    def canonical(self, config: Config) -> dict[str, Value]:
        check_fields(config, self.fields)
        for name in self.fields:
            check_choice(name, config[name], tuple(self._levels[name]))
        cell = {name: str(config[name]) for name in self.fields}
        if self._excluded(cell):
            raise InvalidConfig(f"the combination of levels {cell} is excluded from the design")
        return {**cell}

    def validate(self, config: Config) -> None:
        self.canonical(config)

    def configure(self, blueprint: Blueprint, config: Config) -> Blueprint:
        for name in self.fields:
            for edit in self._levels[name][str(config[name])].edits:
                blueprint = edit.apply(blueprint)
        return blueprint

    @property
    def coordinates(self) -> ConfigurationSpace:
        from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace

        space = ConfigurationSpace()
        space.add([CategoricalHyperparameter(name, list(self._levels[name])) for name in self.fields])
        return space

    def decode(self, point: Mapping[str, Any]) -> dict[str, Value]:
        """Turn a point into a config; an excluded one into the first cell with as many of its levels as can be."""
        cell = {name: str(point[name]) for name in self.fields}
        if self._excluded(cell):
            return dict(min(self.cells, key=lambda other: sum(other[name] != cell[name] for name in self.fields)))
        return self.canonical(cell)

    def encode(self, config: Config) -> dict[str, Any]:
        return self.canonical(config)

    @property
    def size(self) -> int:
        return len(self.cells)

    def grid(self, resolution: int) -> Iterator[dict[str, Value]]:
        yield from (dict(cell) for cell in self.cells)

    def _excluded(self, cell: Mapping[str, Any]) -> bool:
        return any(all(cell[name] == level for name, level in combination) for combination in self.exclude)
