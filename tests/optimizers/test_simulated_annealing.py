"""Simulated annealing against acceptance probabilities and temperatures worked by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from nasbench_sparse.core.trial import Observation, Status
from nasbench_sparse.errors import NbsError
from nasbench_sparse.optimizers.simulated_annealing import SimulatedAnnealing
from nasbench_sparse.testing.problems import SyntheticTask

PROBLEM = SyntheticTask().problem


class Rigged:
    """A generator whose uniform number is always `u`."""

    def __init__(self, u: float) -> None:
        self.u = u
        self.integers = np.random.default_rng(0).integers

    def random(self) -> float:
        return self.u


def tell(optimizer: SimulatedAnnealing, loss: float, status: Status = Status.OK) -> bool:
    """Ask, tell the loss, and return whether the config became the current one."""
    config = optimizer.ask()
    assert config is not None
    optimizer.tell(Observation(0, config, 9, loss, status, 1.0))
    return optimizer.current is config


def started(u: float, **options: Any) -> SimulatedAnnealing:
    """Return a walk at a current loss of 1, whose uniform numbers are all u."""
    optimizer = SimulatedAnnealing(PROBLEM, seed=0, calibration=1, **options)
    assert tell(optimizer, 1.0)
    optimizer.rng = Rigged(u)  # type: ignore[assignment]
    return optimizer


def test_sa_temperature_falls_geometrically_and_stays_at_its_minimum() -> None:
    optimizer = started(0.999, t_max=2.0, t_min_ratio=0.01, steps=4)
    temperatures = []
    for _ in range(6):
        temperatures.append(optimizer.temperature)
        tell(optimizer, 9.0)
    # T_k = 2 * 0.01 ** (k / 4): each step divides by sqrt(10) = 3.16...
    expected = [2.0, 2.0 / math.sqrt(10), 0.2, 0.2 / math.sqrt(10), 0.02, 0.02]
    assert temperatures == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("u", "accepted"), [(0.4999, True), (0.5001, False)])
def test_sa_accepts_a_worse_neighbour_with_the_metropolis_probability(u: float, accepted: bool) -> None:
    # d = ln 2 at T_0 = 1 gives exp(-ln 2) = 1/2.
    assert tell(started(u, t_max=1.0), 1.0 + math.log(2)) is accepted


@pytest.mark.parametrize(("u", "accepted"), [(0.2499, True), (0.2501, False)])
def test_sa_probability_uses_the_cooled_temperature(u: float, accepted: bool) -> None:
    # After one of two steps from 1 to 0.25, T_1 = 1 / 2 and exp(-ln 2 / T_1) = 1/4.
    optimizer = started(0.9999, t_max=1.0, t_min_ratio=0.25, steps=2)
    assert not tell(optimizer, 5.0)
    optimizer.rng = Rigged(u)  # type: ignore[assignment]
    assert tell(optimizer, 1.0 + math.log(2)) is accepted


def test_sa_always_accepts_no_worse() -> None:
    optimizer = started(0.9999, t_max=1e-9)
    assert tell(optimizer, 1.0)
    assert tell(optimizer, 0.5)


def test_sa_calibrates_to_the_spread_of_finished_trials_and_starts_at_the_best() -> None:
    optimizer = SimulatedAnnealing(PROBLEM, seed=0, calibration=5)
    configs = [optimizer.ask() for _ in range(5)]
    assert optimizer.ask() is None
    outcomes = [(3.0, Status.OK), (1.0, Status.OK), (10.0, Status.FAILED), (2.0, Status.OK), (6.0, Status.OK)]
    for number in (4, 2, 1, 0, 3):  # in any order
        config = configs[number]
        assert config is not None
        optimizer.tell(Observation(number, config, 9, *outcomes[number], 1.0))
    # losses 3, 1, 2, 6: mean 3, squares 0 + 4 + 1 + 9, variance 14 / 4
    assert optimizer.temperature == pytest.approx(math.sqrt(3.5))
    assert optimizer.current is configs[1]


def test_sa_without_spread_never_accepts_worse() -> None:
    optimizer = SimulatedAnnealing(PROBLEM, seed=0, calibration=2)
    tell(optimizer, 1.0)
    tell(optimizer, 1.0)
    optimizer.rng = Rigged(0.0)  # type: ignore[assignment]
    assert not tell(optimizer, 1.0 + 1e-12)


@pytest.mark.parametrize("options", [{"steps": 0}, {"calibration": 0}, {"t_max": 0.0}, {"t_min_ratio": 1.5}])
def test_sa_refuses_bad_options(options: dict[str, Any]) -> None:
    with pytest.raises(NbsError, match=next(iter(options))):
        SimulatedAnnealing(PROBLEM, seed=0, **options)
