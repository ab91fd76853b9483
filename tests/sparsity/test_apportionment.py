from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_sparse.sparsity.apportionment import bisect, round_exactly, saturate


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[float], list[int], int]:
    """Weights, capacities and a total that fits."""
    layers = draw(st.integers(1, 8))
    weights = draw(st.lists(st.floats(0.01, 100.0), min_size=layers, max_size=layers))
    capacities = draw(st.lists(st.integers(0, 200), min_size=layers, max_size=layers))
    return weights, capacities, draw(st.integers(0, sum(capacities)))


def test_round_exactly_gives_the_rest_to_the_largest_remainders() -> None:
    # Floors 1, 2, 3 add up to 6; of the two left the remainders 0.9 and 0.6 get one each.
    assert round_exactly([1.6, 2.5, 3.9], [9, 9, 9], 8) == [2, 2, 4]


def test_round_exactly_breaks_ties_by_the_earlier_layer_and_respects_capacities() -> None:
    assert round_exactly([0.5, 0.5, 0.5, 0.5], [9, 9, 9, 9], 2) == [1, 1, 0, 0]
    assert round_exactly([0.5, 0.5, 0.5, 0.5], [0, 9, 9, 9], 2) == [0, 1, 1, 0]


def test_saturate_fills_a_layer_and_shares_the_rest() -> None:
    # In proportion 4:1:1 of 12 the first would get 8, holds 6; the others share 6.
    assert saturate([4.0, 1.0, 1.0], [6, 50, 50], 12) == [6.0, 3.0, 3.0]


def test_saturate_fills_layers_one_after_another() -> None:
    # 60:30:10 of 20 gives 12, 6, 2. The first holds 2; 18 left at 3:1 gives 13.5, 4.5; the second holds 9: 9 left.
    assert saturate([60.0, 30.0, 10.0], [2, 9, 90], 20) == [2.0, 9.0, 9.0]


@given(problems())
def test_saturated_shares_round_to_an_exact_total_within_capacities(
    problem: tuple[list[float], list[int], int],
) -> None:
    weights, capacities, total = problem
    shares = saturate(weights, capacities, total)
    counts = round_exactly(shares, capacities, total)
    assert sum(counts) == total
    assert all(0 <= count <= capacity for count, capacity in zip(counts, capacities, strict=True))
    assert all(abs(count - share) < 1.0 + 1e-6 for count, share in zip(counts, shares, strict=True))


@given(problems())
def test_saturated_shares_are_proportional_below_capacity(problem: tuple[list[float], list[int], int]) -> None:
    weights, capacities, total = problem
    shares = saturate(weights, capacities, total)
    factors = [s / w for s, w, c in zip(shares, weights, capacities, strict=True) if s < c]
    assert factors == pytest.approx(factors[:1] * len(factors))


def test_bisect_finds_where_a_falling_sum_meets_the_total() -> None:
    # 8 · 2^-t + 8 · 4^-t = 3 at 2^-t = (sqrt(1 + 4 · 3 / 8) - 1) / 2
    half = ((1 + 12 / 8) ** 0.5 - 1) / 2
    assert bisect(lambda t: [8 * 0.5**t, 8 * 0.25**t], 3) == pytest.approx([8 * half, 8 * half**2], rel=1e-12)


def test_bisect_reaches_far_parameters() -> None:
    assert bisect(lambda t: [1000 * (1 - 1e-9) ** t], 10) == pytest.approx([10.0], rel=1e-6)
