"""Regularized evolution: age decides who dies, tournaments who is the parent."""

from __future__ import annotations

from collections import Counter

import pytest

from nasbench_sparse.core.trial import Observation, Status
from nasbench_sparse.errors import NbsError
from nasbench_sparse.optimizers.regularized_evolution import RegularizedEvolution
from nasbench_sparse.testing.problems import SyntheticTask
from nasbench_sparse.testing.synthetic_spaces import ChromosomeSpace

SPACE = ChromosomeSpace()
PROBLEM = SyntheticTask(space=SPACE).problem


def test_evolution_lets_the_oldest_die_however_good() -> None:
    optimizer = RegularizedEvolution(PROBLEM, seed=0, population_size=2, tournament_size=2)
    for number, loss in enumerate([0.1, 0.9, 0.5]):
        optimizer.tell(Observation(number, optimizer.ask(), 9, loss, Status.OK, 1.0))
    assert [loss for loss, _ in optimizer.population] == [0.9, 0.5]


def test_evolution_mutates_the_winner_of_a_tournament_with_replacement() -> None:
    optimizer = RegularizedEvolution(PROBLEM, seed=0, population_size=5, tournament_size=3)
    for number, operator in enumerate(SPACE.operators):  # five members, all genes apart from one another
        config = dict.fromkeys(SPACE.fields, operator)
        optimizer.tell(Observation(number, config, 9, float(number), Status.OK, 1.0))
    asks = 4000
    parents = Counter(Counter(optimizer.ask().values()).most_common(1)[0][0] for _ in range(asks))
    # The best of 3 draws out of 5 is of rank r or worse with probability ((5 - r) / 5) ** 3, r = 0..4.
    for rank, operator in enumerate(SPACE.operators):
        p = ((5 - rank) / 5) ** 3 - ((4 - rank) / 5) ** 3
        sigma = (p * (1 - p) / asks) ** 0.5
        assert abs(parents[operator] / asks - p) < 4 * sigma


def test_evolution_never_waits() -> None:
    optimizer = RegularizedEvolution(PROBLEM, seed=0, population_size=2, tournament_size=1)
    assert all(optimizer.ask() is not None for _ in range(10))


def test_evolution_refuses_a_tournament_larger_than_the_population() -> None:
    with pytest.raises(NbsError, match=r"tournament_size must be from 1 to population_size \(4\), not 5"):
        RegularizedEvolution(PROBLEM, seed=0, population_size=4)
