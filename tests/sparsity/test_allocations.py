from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from nasbench_sparse.errors import TaskError
from nasbench_sparse.sparsity.allocations import Demand, erk, global_, lap, lap_rates, smart, uniform

CONV = [(4, 2, 3, 3), (8, 4, 3, 3), (10, 8)]  # 72, 288 and 80 weights: 440


def _demand(shapes: Sequence[tuple[int, ...]], total: int, alive: list[int] | None = None) -> Demand:
    masks = [torch.ones(shape, dtype=torch.bool) for shape in shapes]
    for mask, count in zip(masks, alive or [], strict=bool(alive)):
        mask.view(-1)[count:] = False
    return Demand([torch.rand(shape) for shape in shapes], masks, tuple(m.numel() for m in masks), total)


def test_uniform_gives_equal_densities_and_the_exact_total() -> None:
    # 10 % of 72, 288 and 80 is 7.2, 28.8 and 8
    assert uniform(_demand(CONV, 44)) == [7, 29, 8]


def test_uniform_keeps_whole_what_is_sparser_already() -> None:
    assert uniform(_demand([(10, 10), (10, 10)], 60, alive=[20, 100])) == [20, 40]


def test_global_counts_the_highest_scores_wherever_they_are() -> None:
    scores = [torch.tensor([[5.0, 1.0]]), torch.tensor([[4.0, 1.0, 3.0]])]
    masks = [torch.ones_like(s, dtype=torch.bool) for s in scores]
    assert global_(Demand(scores, masks, (2, 3), 3)) == [1, 2]
    assert global_(Demand(scores, masks, (2, 3), 4)) == [2, 2]  # the tie at 1 goes to the earlier layer
    masks[0][0, 0] = False
    assert global_(Demand(scores, masks, (2, 3), 3)) == [1, 2]


def test_erk_follows_the_sum_of_dimensions() -> None:
    # Sums of dimensions 4+2+3+3 = 12, 8+4+3+3 = 18, 10+8 = 18: of 48 weights 12, 18 and 18.
    assert erk(_demand(CONV, 48)) == [12, 18, 18]


def test_erk_fills_layers_that_would_exceed_their_size() -> None:
    # Of 300 the shares are 75, 112.5, 112.5; layers of 72 and 80 are full, the other holds 300 - 152.
    assert erk(_demand(CONV, 300)) == [72, 148, 80]


def test_erk_matches_the_published_density_formula_below_saturation() -> None:
    shapes = [(300, 784), (100, 300), (10, 100)]
    total = 4_000
    epsilon = total / sum(sum(s) for s in shapes)
    for count, (rows, columns) in zip(erk(_demand(shapes, total)), shapes, strict=True):
        density = epsilon * (rows + columns) / (rows * columns)
        assert count == pytest.approx(density * rows * columns, abs=1)


def test_lap_rates_are_the_published_ones() -> None:
    assert lap_rates([(500, 784), (500, 500), (10, 500)]) == (0.5, 0.5, 0.25)
    conv6 = [(1, 1, 3, 3)] * 6 + [(1, 1)] * 3
    assert lap_rates(conv6) == (0.15,) * 6 + (0.2, 0.2, 0.1)


def test_lap_keeps_what_whole_cycles_leave() -> None:
    # Two cycles: 400 · 0.5² + 400 · 0.75² = 100 + 225
    assert lap(_demand([(20, 20), (20, 20)], 325)) == [100, 225]


def test_lap_with_a_rate_of_zero_keeps_that_layer() -> None:
    assert lap(_demand([(10, 10), (10, 10)], 150), rates=(0.0, 0.3)) == [100, 50]
    with pytest.raises(TaskError, match="hold 100 weights, more than the 90"):
        lap(_demand([(10, 10), (10, 10)], 90), rates=(0.0, 0.3))


@pytest.mark.parametrize("total", [0, 1, 440])
def test_lap_meets_extreme_totals(total: int) -> None:
    assert sum(lap(_demand(CONV, total))) == total


@pytest.mark.parametrize("rates", [(0.5,), (0.5, 0.5, 1.0), (0.5, 0.5, -0.1)])
def test_lap_refuses_bad_rates(rates: tuple[float, ...]) -> None:
    with pytest.raises(TaskError, match=r"a rate in \[0, 1\) for each of 3 layers"):
        lap(_demand(CONV, 100), rates=rates)


def test_smart_keeps_linear_layers_at_a_fixed_density_and_shares_the_rest_by_depth() -> None:
    # L = 3: parts (9 + 3) · 72 = 864 and (4 + 2) · 288 = 1728. Linear: 0.3 · 80 = 24. Rest 84: 28 and 56.
    assert smart(_demand(CONV, 108)) == [28, 56, 24]


def test_smart_divided_by_depth() -> None:
    # 864 / 1 and 1728 / 4 = 432: of 84 twice as many for the first.
    assert smart(_demand(CONV, 108), depth_divided=True) == [56, 28, 24]


def test_smart_fills_a_convolution_and_hands_on() -> None:
    assert smart(_demand(CONV, 324)) == [72, 228, 24]


def test_smart_refuses_what_linear_layers_make_impossible() -> None:
    with pytest.raises(TaskError, match="keeps 24 weights of linear layers; the other -4 of 20"):
        smart(_demand(CONV, 20))
    with pytest.raises(TaskError, match="do not fit into convolutions with 0"):
        smart(_demand([(10, 10)], 50))
    with pytest.raises(TaskError, match=r"linear density 2\.0 lies outside"):
        smart(_demand(CONV, 20), linear_density=2.0)
