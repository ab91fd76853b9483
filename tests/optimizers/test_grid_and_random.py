"""Grid and random search."""

from __future__ import annotations

import pytest

from nasbench_sparse.core.config import config_key
from nasbench_sparse.errors import NbsError, UnknownName
from nasbench_sparse.optimizers import grid
from nasbench_sparse.optimizers.grid import GridSearch
from nasbench_sparse.optimizers.random_search import RandomSearch
from nasbench_sparse.testing.problems import SyntheticTask, synthetic_tasks
from nasbench_sparse.testing.synthetic_spaces import ChromosomeSpace

SPACE = ChromosomeSpace(3, ("relu", "tanh", "elu"))
PROBLEM = SyntheticTask(space=SPACE).problem


def all_keys(optimizer: GridSearch) -> list[str]:
    keys = []
    while (config := optimizer.ask()) is not None:
        keys.append(config_key(config))
    assert optimizer.ask() is None
    return keys


def test_grid_lexicographic_is_the_spaces_order() -> None:
    expected = [config_key(config) for config in SPACE.grid(5)]
    assert all_keys(GridSearch(PROBLEM, seed=0, order="lexicographic")) == expected


@pytest.mark.parametrize("window", [1, 4, 65_536])
def test_grid_shuffled_asks_each_config_once(window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "WINDOW", window)
    keys = all_keys(GridSearch(PROBLEM, seed=0))
    in_order = [config_key(config) for config in SPACE.grid(5)]
    assert sorted(keys) == sorted(in_order)
    assert (keys == in_order) is (window == 1)


def test_grid_shuffled_first_ask_is_uniform() -> None:
    space = ChromosomeSpace(1, ("relu", "tanh", "elu", "swish"))
    problem = SyntheticTask(space=space).problem
    runs = 2000
    first = [GridSearch(problem, seed=seed).ask() for seed in range(runs)]
    sigma = (0.25 * 0.75 / runs) ** 0.5
    for operator in space.operators:
        assert abs(first.count({"gene_0": operator}) / runs - 0.25) < 4 * sigma


def test_grid_resolution_sets_the_levels_of_continuous_fields() -> None:
    problem = synthetic_tasks()["continuous"].problem
    assert len(all_keys(GridSearch(problem, seed=0, resolution=4))) == 4**3


def test_grid_refuses_bad_options() -> None:
    with pytest.raises(UnknownName, match="shuffled"):
        GridSearch(PROBLEM, seed=0, order="shufled")  # type: ignore[arg-type]
    with pytest.raises(NbsError, match="resolution must be at least 1, not 0"):
        GridSearch(PROBLEM, seed=0, resolution=0)


def test_random_search_draws_uniformly_with_replacement() -> None:
    optimizer = RandomSearch(PROBLEM, seed=0)
    asks = 5400
    counts: dict[str, int] = {}
    for _ in range(asks):
        key = config_key(optimizer.ask())
        counts[key] = counts.get(key, 0) + 1
    assert len(counts) == 27
    chi_square = sum((count - asks / 27) ** 2 / (asks / 27) for count in counts.values())
    assert abs(chi_square - 26) < 4 * (2 * 26) ** 0.5  # mean 26, variance 52; 4 sigma
