from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench_sparse.core.blueprint import Blueprint, Network, Prune, Recipe, Train
from nasbench_sparse.core.config import Config
from nasbench_sparse.errors import InvalidConfig, TaskError
from nasbench_sparse.search_spaces.density_budget import DensityBudget
from nasbench_sparse.search_spaces.layer_density import FILLED, LayerDensity

LENET = (235_200, 30_000, 1_000)
TIGHT = LayerDensity(LENET, budget=DensityBudget(max_density=0.05))
BLUEPRINT = Blueprint(Network("mlp"), (Prune("random", (1.0,)), Train(3, Recipe())))


def active(config: Config, sizes: tuple[int, ...] = LENET) -> list[int]:
    return [round(float(config[f"density_{i}"]) * n) for i, n in enumerate(sizes)]


def test_equal_masks_share_one_config() -> None:
    space = LayerDensity((10, 4))
    assert space.canonical({"density_0": 0.32, "density_1": 0.5}) == {"density_0": 0.3, "density_1": 0.5}
    assert space.canonical({"density_0": 0.28, "density_1": 0.51}) == {"density_0": 0.3, "density_1": 0.5}


def test_configure_gives_each_layer_its_density() -> None:
    config = {"density_0": 0.1, "density_1": 0.2, "density_2": 1.0}
    assert LayerDensity(LENET).configure(BLUEPRINT, config).phases[0] == Prune("random", (0.1, 0.2, 1.0))


def test_samples_and_neighbours_use_the_budget_up() -> None:
    rng = np.random.default_rng(0)
    totals = [sum(active(TIGHT.sample(rng))) for _ in range(400)]
    assert max(totals) == 13_310
    full = sum(total == 13_310 for total in totals) / 400
    assert full > FILLED - 4 * (0.1 * 0.9 / 400) ** 0.5  # 4 sigma; some of the others are full by chance
    assert min(totals) < 13_310
    config = TIGHT.sample(rng)
    for _ in range(200):
        moved = TIGHT.neighbour(config, rng)
        changes = np.array(active(moved)) - np.array(active(config))
        assert sum(active(moved)) == 13_310
        assert sum(active(config)) < 13_310 or np.count_nonzero(changes) == 2
        config = moved


def test_samples_reach_the_small_layer_dense_and_empty() -> None:
    rng = np.random.default_rng(0)
    last = [float(TIGHT.sample(rng)["density_2"]) for _ in range(300)]
    assert min(last) < 0.1
    assert max(last) > 0.9


def test_a_config_below_the_budget_is_kept() -> None:
    config = {"density_0": 0.01, "density_1": 0.0, "density_2": 0.5}
    assert TIGHT.canonical(config) == config
    assert TIGHT.decode(TIGHT.encode(config)) == config


def test_a_point_above_the_budget_is_scaled_down() -> None:
    config = TIGHT.decode({"density_0": 0.5, "density_1": 0.5, "density_2": 0.5})
    assert active(config) == [11_760, 1_500, 50]
    assert TIGHT.decode({"density_0": 0.5, "density_1": 0.0, "density_2": 0.0})["density_0"] == 13_310 / 235_200


def test_validate_refuses_more_than_the_budget() -> None:
    with pytest.raises(
        InvalidConfig, match="density_0 to density_2: 235200 weights in all are more than the budget of 13310"
    ):
        TIGHT.validate({"density_0": 1.0, "density_1": 0.0, "density_2": 0.0})


def test_a_budget_that_never_binds_changes_nothing() -> None:
    free, loose = LayerDensity(LENET), LayerDensity(LENET, budget=DensityBudget(max_density=1.0))
    for seed in range(5):
        config = free.sample(np.random.default_rng(seed))
        assert config == loose.sample(np.random.default_rng(seed))
        moves = [space.neighbour(config, np.random.default_rng(seed)) for space in (free, loose)]
        assert moves[0] == moves[1]
        assert sum(a != b for a, b in zip(active(config), active(moves[0]), strict=True)) == 1


def test_a_space_of_one_config_stays_there() -> None:
    space = LayerDensity((10, 10), minimum=0.2, budget=DensityBudget(max_weights=4))
    rng = np.random.default_rng(0)
    assert space.neighbour(space.sample(rng), rng) == space.sample(rng) == {"density_0": 0.2, "density_1": 0.2}
    assert space.decode(dict(space.coordinates.sample_configuration())) == space.sample(rng)


def test_a_single_layer_in_a_budget_steps_below_it() -> None:
    space = LayerDensity((100,), budget=DensityBudget(max_weights=40))
    moved = space.neighbour({"density_0": 0.4}, np.random.default_rng(0))
    assert float(moved["density_0"]) < 0.4


@pytest.mark.parametrize(
    "wrong",
    [
        {"layer_sizes": ()},
        {"layer_sizes": (10, 0)},
        {"layer_sizes": (10,), "minimum": 0.5, "maximum": 0.5},
        {"layer_sizes": (10,), "maximum": 1.5},
        {"layer_sizes": (10,), "minimum": 0.11, "maximum": 0.19},
        {"layer_sizes": (10, 10), "minimum": 0.5, "budget": DensityBudget(max_weights=9)},
    ],
)
def test_contradictory_declarations_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(TaskError):
        LayerDensity(**wrong)  # type: ignore[arg-type]


sizes = st.lists(st.integers(1, 3000), min_size=1, max_size=6).map(tuple)


@settings(max_examples=200, deadline=None)
@given(sizes, st.floats(0.0, 1.0), st.data())
def test_any_valid_config_is_decoded_from_its_code(
    layers: tuple[int, ...], share: float, data: st.DataObject
) -> None:
    space = LayerDensity(layers, budget=DensityBudget(max_density=share))
    point = {field: data.draw(st.floats(0.0, 1.0)) for field in space.fields}
    config = space.decode(point)
    assert sum(active(config, layers)) <= space.total
    assert space.canonical(config) == config
    smaller = space.canonical({f: float(d) * data.draw(st.floats(0.0, 1.0)) for f, d in config.items()})
    for valid in (config, smaller):
        assert space.decode(space.encode(valid)) == valid


def test_grid_in_a_budget_uses_it_up() -> None:
    configs = list(TIGHT.grid(4))
    assert {sum(active(config)) for config in configs} == {13_310}
    assert len(configs) > 20
    assert len(list(LayerDensity(LENET).grid(3))) == 27
