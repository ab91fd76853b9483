from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nasbench_sparse.sparsity.masks import (
    WeightMasks,
    alive_counts,
    density_of,
    keep_count,
    keep_top_alive,
)
from tests.sparsity.plain import keep_top


@given(low=st.floats(0.0, 1.0), high=st.floats(0.0, 1.0))
def test_keep_top_alive_masks_are_nested(low: float, high: float) -> None:
    scores = torch.rand(97, generator=torch.Generator().manual_seed(3)).mul(20).round()
    full = torch.ones_like(scores, dtype=torch.bool)
    small, large = (keep_top_alive(scores, full, keep_count(97, d)) for d in sorted((low, high)))
    assert not torch.any(small & ~large)


def test_keep_top_alive_breaks_ties_by_flat_index() -> None:
    scores = torch.tensor([[1.0, 2.0, 1.0], [1.0, 0.0, 1.0]])
    mask = keep_top_alive(scores, torch.ones_like(scores, dtype=torch.bool), 3)
    assert mask.tolist() == [[True, True, True], [False, False, False]]


@pytest.mark.parametrize("density", [-0.01, 1.01, float("nan")])
def test_keep_count_refuses_a_density_outside_the_unit_interval(density: float) -> None:
    with pytest.raises(ValueError, match="lies outside"):
        keep_count(3, density)


def test_density_of_weighs_layers_by_size() -> None:
    assert density_of([torch.tensor([True, False, False, False]), torch.tensor([True])]) == pytest.approx(0.4)


def test_weight_masks_zero_weights_and_gradients_only_where_pruned() -> None:
    weight = torch.nn.Parameter(torch.tensor([1.0, -2.0, 3.0]))
    masks = WeightMasks([weight], [torch.tensor([True, False, True])])
    assert weight.tolist() == [1.0, 0.0, 3.0]
    weight.grad = torch.tensor([4.0, 5.0, 6.0])
    masks.mask_gradients()
    assert weight.grad.tolist() == [4.0, 0.0, 6.0]
    with torch.no_grad():
        weight.fill_(7.0)
    masks.mask_weights()
    assert weight.tolist() == [7.0, 0.0, 7.0]
    assert masks.survivors(weight) == 2
    assert masks.survivors(torch.nn.Parameter(torch.ones(5))) == 5


@given(
    scores=st.lists(st.integers(-3, 3), min_size=1, max_size=40),
    alive=st.lists(st.booleans(), min_size=40, max_size=40),
    count=st.integers(0, 45),
)
def test_keep_top_alive_equals_a_plain_sort_of_what_is_alive(
    scores: list[int], alive: list[bool], count: int
) -> None:
    order = sorted((i for i in range(len(scores)) if alive[i]), key=lambda i: (-scores[i], i))
    expected = [i in order[:count] for i in range(len(scores))]
    mask = torch.tensor(alive[: len(scores)])
    assert keep_top_alive(torch.tensor(scores, dtype=torch.float32), mask, count).tolist() == expected


def test_keep_top_alive_takes_nan_for_the_lowest_and_never_revives() -> None:
    scores = torch.tensor([[float("nan"), -float("inf")], [9.0, 1.0]])
    mask = torch.tensor([[True, True], [False, True]])
    assert keep_top_alive(scores, mask, 1).tolist() == [[False, False], [False, True]]
    assert keep_top_alive(scores, mask, 2).tolist() == [[True, False], [False, True]]


@given(density=st.floats(0.0, 1.0))
def test_keep_top_alive_of_a_full_mask_equals_a_plain_sort(density: float) -> None:
    scores = torch.rand(11, 9, generator=torch.Generator().manual_seed(5)).mul(20).round()
    full = torch.ones_like(scores, dtype=torch.bool)
    assert torch.equal(keep_top_alive(scores, full, keep_count(99, density)), keep_top(scores, density))


def test_alive_counts_counts_each_mask() -> None:
    assert alive_counts([torch.tensor([True, False]), torch.tensor([[True], [True]])]) == [1, 2]
