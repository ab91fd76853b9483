"""Chromosomes of activation operators, one gene for each activation site.

References:
    SAFS (Loni et al., 2023), sections 4.1 and 4.2.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench_sparse.core.blueprint import Activation, Blueprint, Cell, Operator
from nasbench_sparse.core.config import Config, Value
from nasbench_sparse.core.declaration import added
from nasbench_sparse.core.operations import BASELINE_OPERATORS, OPERATORS
from nasbench_sparse.core.space import Relaxation, SearchSpace
from nasbench_sparse.errors import TaskError, unknown
from nasbench_sparse.nn.named import activation
from nasbench_sparse.nn.published import PUBLISHED
from nasbench_sparse.search_spaces.checks import check_choice, check_fields

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


KNOWN = (*OPERATORS, *BASELINE_OPERATORS, *PUBLISHED)
"""Operators by name that mean the same for ever."""


@dataclass(frozen=True)
class OperatorChromosome(SearchSpace):
    """One operator for each site: fields `operator_0`, `operator_1`, ...

    Args:
        sites: number of activation sites of the network.
        operators: names to choose among: the 13, the baselines, those that GRAFS published, and those of `cells`.
        learn_scales: train each site's alpha and beta with the weights (SAFS freezes them at 1 in stage 1).
        cells: activations of one's own, by a name that no operator has; see `of_named`.
    Raises:
        TaskError: no site, no operator, or one named twice; a cell that is not chosen, has an operator's name, or
            would have to learn scales.
        UnknownName: an operator of no such name.
    """

    sites: int
    operators: tuple[str, ...] = OPERATORS
    learn_scales: bool = False
    cells: tuple[tuple[str, Cell], ...] = added(())

    def __post_init__(self) -> None:
        if self.sites < 1 or not self.operators or len(set(self.operators)) < len(self.operators):
            raise TaskError("a chromosome needs at least one site and one operator, each operator once")
        for name in self.operators:
            if name not in KNOWN and name not in dict(self.cells):
                raise unknown("operator", name, (*KNOWN, *dict(self.cells)))
        for name, _ in self.cells:
            if name in KNOWN or name not in self.operators:
                raise TaskError(f"cell {name!r} of a chromosome must be one of its operators, and no built-in one")
        if self.cells and self.learn_scales:
            raise TaskError("a chromosome with cells cannot learn scales, which belong to operators")

    @classmethod
    def of_named(cls, sites: int, names: Sequence[str], *, learn_scales: bool = False) -> OperatorChromosome:
        """Return the space over activations of `nasbench-sparse activation list`, saved ones by their content.

        Raises:
            UnknownName: nothing is called so.
            TaskError: two names of one activation (silu is swish), or another that the class refuses.
        """
        found = [(name, activation(name)) for name in names]
        operators = tuple(a.name if isinstance(a, Operator) else name for name, a in found)
        cells = tuple((name, a) for name, a in found if isinstance(a, Cell))
        return cls(sites, operators, learn_scales, cells)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        return tuple(f"operator_{i}" for i in range(self.sites))

    def config_of(self, names: Sequence[str]) -> dict[str, Value]:
        """Return the config with these operators, in the order of the sites.

        Raises:
            InvalidConfig: too few or too many names, or one that is not allowed.
        """
        return self.canonical({f"operator_{i}": name for i, name in enumerate(names)})

    def sample(self, rng: np.random.Generator) -> dict[str, Value]:
        genes = rng.integers(len(self.operators), size=self.sites).tolist()
        return {field: self.operators[gene] for field, gene in zip(self.fields, genes, strict=True)}

    def neighbour(self, config: Config, rng: np.random.Generator) -> dict[str, Value]:
        """Swap the genes of two distinct sites, then give one random site a different operator (section 4.2).

        The result always differs: a swap of unequal genes changes two sites, of which the second step can
        restore one at most; after a swap of equal genes the second step alone changes the chromosome.
        """
        names = [config[field] for field in self.fields]
        draws = rng.random(4).tolist()
        if self.sites >= 2:
            i, j = int(draws[0] * self.sites), int(draws[1] * (self.sites - 1))
            j += j >= i
            names[i], names[j] = names[j], names[i]
        if len(self.operators) >= 2:
            site = int(draws[2] * self.sites)
            gene = int(draws[3] * (len(self.operators) - 1))
            gene += gene >= self.operators.index(str(names[site]))
            names[site] = self.operators[gene]
        return dict(zip(self.fields, names, strict=True))

    def canonical(self, config: Config) -> dict[str, Value]:
        check_fields(config, self.fields)
        return {field: self.operators[check_choice(field, config[field], self.operators)] for field in self.fields}

    def validate(self, config: Config) -> None:
        self.canonical(config)

    def configure(self, blueprint: Blueprint, config: Config) -> Blueprint:
        return blueprint.with_activations(tuple(self._activation(str(config[field])) for field in self.fields))

    def _activation(self, name: str) -> Activation:
        return dict(self.cells).get(name) or Operator(name, self.learn_scales)

    @property
    def coordinates(self) -> ConfigurationSpace:
        from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace

        space = ConfigurationSpace()
        space.add([CategoricalHyperparameter(field, self.operators) for field in self.fields])
        return space

    def decode(self, point: Mapping[str, Any]) -> dict[str, Value]:
        return self.canonical({field: point[field] for field in self.fields})

    def encode(self, config: Config) -> dict[str, Any]:
        return dict(self.canonical(config))

    def relaxation(self) -> Relaxation | None:
        """See `SearchSpace.relaxation`; None over formulas, which a weighted sum of operators has no place for."""
        if any(name in PUBLISHED for name in self.operators) or self.cells:
            return None
        return Relaxation("chromosome", self.fields, (self.operators,) * self.sites)

    @property
    def size(self) -> int:
        return int(len(self.operators) ** self.sites)

    def grid(self, resolution: int) -> Iterator[dict[str, Value]]:
        """Yield every chromosome, the last site varying fastest; `resolution` does not matter."""
        for names in itertools.product(self.operators, repeat=self.sites):
            yield dict(zip(self.fields, names, strict=True))
