"""Regularized (aging) evolution: mutate the winner of a tournament; the oldest, not the worst, dies."""

from __future__ import annotations

from collections import deque
from typing import ClassVar

from nasbench_sparse.core.config import Config
from nasbench_sparse.core.optimizer import Optimizer
from nasbench_sparse.core.problem import Problem
from nasbench_sparse.core.trial import Observation
from nasbench_sparse.errors import NbsError


class RegularizedEvolution(Optimizer):
    """Sample `tournament_size` members with replacement, mutate the best; each result replaces the oldest member.

    Random configs are asked for until the population is full. Asking never waits, so any number of workers is kept
    busy; a member's age is the order in which outcomes are told. A failed trial joins with the worst loss, loses
    its tournaments and dies of age like any other.

    Args:
        population_size: members alive, P in the paper (100 there, for budgets of 20,000 trials).
        tournament_size: members drawn for each tournament, S in the paper.
    Raises:
        NbsError: an option out of range.
    References:
        Real et al. (2019), Regularized evolution for image classifier architecture search, algorithm 1.
    """

    name: ClassVar[str] = "evolution"

    def __init__(self, problem: Problem, *, seed: int, population_size: int = 20, tournament_size: int = 5) -> None:
        super().__init__(problem, seed=seed)
        if not 1 <= tournament_size <= population_size:
            raise NbsError(
                f"evolution: tournament_size must be from 1 to population_size ({population_size}), "
                f"not {tournament_size}"
            )
        self.population_size = population_size
        self.tournament_size = tournament_size
        self.population: deque[tuple[float, Config]] = deque(maxlen=population_size)

    def ask(self) -> Config:
        """Return a random config while the population fills, then a mutant; never None."""
        if len(self.population) < self.population_size:
            return self.space.sample(self.rng)
        drawn = self.rng.integers(self.population_size, size=self.tournament_size).tolist()
        _, parent = min((self.population[i] for i in drawn), key=lambda member: member[0])
        return self.space.neighbour(parent, self.rng)

    def tell(self, observation: Observation) -> None:
        """Add a member; the oldest makes room."""
        self.population.append((observation.loss, observation.config))
