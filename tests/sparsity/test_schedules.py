from __future__ import annotations

import math

import pytest

from nasbench_sparse.sparsity.schedules import (
    cosine_fraction,
    cubic_density,
    sigmoid_density,
    sigmoid_percent,
)


def test_cubic_density_follows_zhu_and_gupta() -> None:
    # Sparsity 0.9 + (0 - 0.9)(1 - u)^3: at u = 1/2 it is 0.9 - 0.1125 = 0.7875.
    assert cubic_density(50, 0, 100, final=0.1) == pytest.approx(1 - 0.7875)
    assert cubic_density(30, 20, 60, final=0.2, initial=0.6) == pytest.approx(0.2 + 0.4 * 0.75**3)


def test_cubic_density_is_constant_outside_its_range() -> None:
    assert [cubic_density(t, 10, 20, 0.1, 0.8) for t in (0, 10, 20, 99)] == [0.8, 0.8, 0.1, 0.1]
    assert cubic_density(5, 5, 5, 0.3) == 0.3


def test_sigmoid_percent_is_asnis_at_its_marks() -> None:
    # At e = beta E it is alpha / 2; at e = beta E + gamma it is alpha / (1 + 1/e).
    assert sigmoid_percent(45, 90, 80.0) == pytest.approx(40.0)
    assert sigmoid_percent(54, 90, 80.0) == pytest.approx(80.0 / (1 + math.exp(-1)))
    assert sigmoid_percent(10, 50, 98.0, beta=0.4, gamma=5.0) == pytest.approx(98.0 / (1 + math.exp(2)))


@pytest.mark.parametrize(
    ("epochs", "alpha", "gamma", "printed", "tolerance"),
    [
        (50, 98.0, 5, 96.87, 0.7),
        (20, 99.2, 2, 98.18, 0.7),
        (20, 98.5, 2, 96.71, 1.2),
        (160, 97.0, 16, 96.14, 0.7),
        (160, 99.0, 16, 98.15, 0.7),
        (90, 81.04, 10, 80.12, 0.7),
    ],
)
def test_sigmoid_percent_ends_near_the_printed_sparsities(
    epochs: int, alpha: float, gamma: float, printed: float, tolerance: float
) -> None:
    assert sigmoid_percent(epochs, epochs, alpha, gamma=gamma) == pytest.approx(printed, abs=tolerance)


def test_sigmoid_density_is_what_is_left() -> None:
    assert sigmoid_density(45, 90, 80.0) == pytest.approx(0.6)
    densities = [sigmoid_density(e, 20, 99.0) for e in range(1, 21)]
    assert densities == sorted(densities, reverse=True)


def test_cosine_fraction_falls_from_start_to_zero() -> None:
    assert [cosine_fraction(t, 100, 0.4) for t in (0, 50, 100, 150)] == pytest.approx([0.4, 0.2, 0.0, 0.0])
    assert cosine_fraction(25, 100) == pytest.approx(0.15 * (1 + math.sqrt(0.5)))
