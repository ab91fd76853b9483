from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from nasbench_sparse.errors import TaskError, UnknownName
from nasbench_sparse.sparsity.allocations import lap_rates
from nasbench_sparse.sparsity.distributions import (
    DISTRIBUTIONS,
    check_distribution,
    distribute,
    distribute_count,
)
from nasbench_sparse.sparsity.masks import alive_counts
from tests.sparsity.plain import keep_top

SHAPES = [(4, 2, 3, 3), (8, 4, 3, 3), (6, 8), (5, 6)]
SIZE = 72 + 288 + 48 + 30


def _scores(seed: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(shape, generator=generator).mul(8).round() for shape in SHAPES]  # many ties


FULL = [torch.ones(shape, dtype=torch.bool) for shape in SHAPES]


def _subset(inner: tuple[Tensor, ...], outer: tuple[Tensor, ...] | list[Tensor]) -> bool:
    return not any(bool((a & ~b).any()) for a, b in zip(inner, outer, strict=True))


def _options(name: str) -> dict[str, object]:
    return {"linear_density": 0.0} if name == "smart" else {}


@pytest.mark.parametrize("name", sorted(DISTRIBUTIONS))
@given(density=st.floats(0.0, 0.8), seed=st.integers(0, 5))
def test_distribute_keeps_the_exact_total(name: str, density: float, seed: int) -> None:
    masks = distribute(name, _scores(seed), FULL, density, **_options(name))
    assert sum(alive_counts(masks)) == round(density * SIZE)


@pytest.mark.parametrize("name", sorted(DISTRIBUTIONS))
@given(first=st.floats(0.2, 0.8), share=st.floats(0.0, 1.0), seed=st.integers(0, 5))
def test_distribute_never_revives_and_keeps_the_exact_total_again(
    name: str, first: float, share: float, seed: int
) -> None:
    once = distribute("global", _scores(seed), FULL, first)
    total = int(share * sum(alive_counts(once)))
    try:
        twice = distribute_count(name, _scores(seed + 1), once, total, **_options(name))
    except TaskError:
        assert name == "smart"  # linear layers are gone, convolutions cannot hold the total
        return
    assert _subset(twice, once)
    assert sum(alive_counts(twice)) == total


@pytest.mark.parametrize("name", ["erk", "global", "lap", "uniform", "layerwise"])
@given(low=st.floats(0.0, 1.0), high=st.floats(0.0, 1.0))
def test_distribute_masks_are_nested_to_within_rounding(name: str, low: float, high: float) -> None:
    low, high = sorted((low, high))
    small, large = (distribute(name, _scores(3), FULL, d) for d in (low, high))
    if name in ("global", "layerwise"):
        assert _subset(small, large)
    else:  # largest remainders may move one weight from a layer to another
        assert all(a <= b + 1 for a, b in zip(alive_counts(small), alive_counts(large), strict=True))


def test_distribute_global_equals_one_sort_over_all_layers() -> None:
    scores = _scores(7)
    masks = distribute("global", scores, FULL, 0.37)
    joint = keep_top(torch.cat([s.flatten() for s in scores]), 0.37)
    assert torch.equal(torch.cat([m.flatten() for m in masks]), joint)


@given(densities=st.lists(st.floats(0.0, 1.0), min_size=4, max_size=4))
def test_distribute_layerwise_equals_keep_top_of_each_layer(densities: list[float]) -> None:
    masks = distribute("layerwise", _scores(2), FULL, densities)
    assert all(torch.equal(m, keep_top(s, d)) for m, s, d in zip(masks, _scores(2), densities, strict=True))


def test_distribute_layerwise_leaves_a_sparser_layer_as_it_is() -> None:
    once = distribute("layerwise", _scores(0), FULL, 0.5)
    twice = distribute("layerwise", _scores(1), once, (0.25, 0.75, 0.5, 1.0))
    assert alive_counts(twice) == [18, 144, 24, 15]
    assert _subset(twice, once)


def test_distribute_count_lap_prunes_the_published_rates_of_what_is_alive() -> None:
    rates = lap_rates(SHAPES)
    kept = sum(round(mask.numel() * (1 - rate)) for mask, rate in zip(FULL, rates, strict=True))
    masks = distribute_count("lap", _scores(1), FULL, kept)
    assert alive_counts(masks) == [round(m.numel() * (1 - r)) for m, r in zip(FULL, rates, strict=True)]


def test_distribute_count_layerwise_takes_numbers() -> None:
    assert alive_counts(distribute_count("layerwise", _scores(0), FULL, [1, 2, 3, 4])) == [1, 2, 3, 4]
    with pytest.raises(TaskError, match="one number of weights for each layer"):
        distribute_count("layerwise", _scores(0), FULL, 10)
    with pytest.raises(TaskError, match="cannot keep 3 numbers"):
        distribute_count("layerwise", _scores(0), FULL, [1, 2, 3])


def test_distribute_refuses_more_than_is_alive() -> None:
    once = distribute("uniform", _scores(0), FULL, 0.5)
    with pytest.raises(TaskError, match=r"cannot keep 263 weights: 219 are alive"):
        distribute("global", _scores(0), once, 0.6)
    with pytest.raises(TaskError, match="cannot keep 31 weights: 30 are alive"):
        distribute_count("layerwise", _scores(0), FULL, [1, 2, 3, 31])


@pytest.mark.parametrize("density", [-0.1, 1.1, float("nan")])
@pytest.mark.parametrize("name", ["global", "layerwise"])
def test_distribute_refuses_a_density_outside_the_unit_interval(name: str, density: float) -> None:
    with pytest.raises(TaskError, match="lies outside"):
        distribute(name, _scores(0), FULL, density)


def test_distribute_refuses_a_wrong_number_of_densities() -> None:
    with pytest.raises(TaskError, match="3 densities for 4 prunable layers"):
        distribute("layerwise", _scores(0), FULL, (0.1, 0.2, 0.3))
    with pytest.raises(TaskError, match="one density for the whole network, not 4"):
        distribute("erk", _scores(0), FULL, (0.1, 0.2, 0.3, 0.4))


def test_check_distribution_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="'global'"):
        check_distribution("globl")
    with pytest.raises(UnknownName, match="'rates'"):
        check_distribution("lap", {"rate": (0.1,)})
    check_distribution("smart", {"linear_density": 0.2})
