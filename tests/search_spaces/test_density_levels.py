"""Densities on a grid: what the budget leaves, and how a point is lowered to it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from nasbench_sparse.core.config import config_key
from nasbench_sparse.errors import InvalidConfig, TaskError
from nasbench_sparse.search_spaces import DensityBudget, DensityLevels, safs_stage2_grid

SIZES = (100, 40, 10)
LEVELS = (0.1, 0.5, 1.0)


def test_size_and_grid_are_the_combinations_within_the_budget() -> None:
    space = DensityLevels(SIZES, LEVELS, DensityBudget(max_weights=60))
    kept = [
        c
        for c in itertools.product(LEVELS, repeat=3)
        if sum(round(d * n) for d, n in zip(c, SIZES, strict=True)) <= 60
    ]
    assert [tuple(config.values()) for config in space.grid(1)] == kept
    assert space.size == len(kept) == 11  # 9 with layer 0 at 10 weights (all fit), 2 with it at 50


def test_decode_lowers_the_fullest_layer_first() -> None:
    space = DensityLevels(SIZES, LEVELS, DensityBudget(max_weights=60))
    # 100 + 40 + 1: layer 0 goes to 50 (91 in all), then again to 10 (51)
    assert space.decode({"density_0": 1.0, "density_1": 1.0, "density_2": 0.1}) == {
        "density_0": 0.1,
        "density_1": 1.0,
        "density_2": 0.1,
    }


def test_sample_reaches_every_config() -> None:
    space = DensityLevels(SIZES, LEVELS, DensityBudget(max_weights=60))
    rng = np.random.default_rng(0)
    assert len({config_key(space.sample(rng)) for _ in range(500)}) == space.size


def test_neighbour_moves_a_level_or_trades_under_the_budget() -> None:
    space = DensityLevels(SIZES, LEVELS, DensityBudget(max_weights=60))
    rng = np.random.default_rng(0)
    full = {"density_0": 0.5, "density_1": 0.1, "density_2": 0.1}  # 50 + 4 + 1 of 60
    reached = {tuple(space.neighbour(full, rng).values()) for _ in range(200)}
    assert reached == {(0.1, 0.1, 0.1), (0.1, 0.5, 0.1), (0.5, 0.1, 0.5)}


@pytest.mark.parametrize(
    ("sizes", "levels", "budget", "words"),
    [
        (SIZES, (0.5, 0.1), None, "ascending"),
        (SIZES, (0.5, 1.5), None, "within"),
        (SIZES, (0.1, 0.11), None, "equal numbers"),
        (SIZES, LEVELS, DensityBudget(max_weights=14), "below"),
        ((1000,) * 20, LEVELS, None, "combinations"),
        ((), LEVELS, None, "positive size"),
    ],
)
def test_bad_declaration_is_refused(
    sizes: tuple[int, ...], levels: tuple[float, ...], budget: DensityBudget | None, words: str
) -> None:
    with pytest.raises(TaskError, match=words):
        DensityLevels(sizes, levels, budget)


def test_config_above_the_budget_is_refused() -> None:
    with pytest.raises(InvalidConfig, match="budget of 60"):
        DensityLevels(SIZES, LEVELS, DensityBudget(max_weights=60)).validate(
            {"density_0": 1.0, "density_1": 0.1, "density_2": 0.1}
        )


def test_stage_two_grid_counts_by_hand() -> None:
    # six schedules with 25 rates: 3 optimizers + sgd's 9 momenta; halving without a rate: 3 + 9
    assert safs_stage2_grid().size == 6 * 25 * 12 + 12
