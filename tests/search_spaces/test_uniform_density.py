from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench_sparse.core.blueprint import Blueprint, Network, Prune, Recipe, Train
from nasbench_sparse.errors import InvalidConfig, TaskError
from nasbench_sparse.search_spaces.density_budget import DensityBudget
from nasbench_sparse.search_spaces.uniform_density import UniformDensity

LENET = (235_200, 30_000, 1_000)
sizes = st.lists(st.integers(1, 3000), min_size=1, max_size=6).map(tuple)


def test_configure_gives_all_layers_the_density() -> None:
    blueprint = Blueprint(Network("mlp"), (Prune("random", (1.0,)), Train(3, Recipe())))
    assert UniformDensity(LENET).configure(blueprint, {"density": 0.1}).phases[0] == Prune("random", (0.1,) * 3)


def test_validate_refuses_more_than_the_budget() -> None:
    space = UniformDensity(LENET, budget=DensityBudget(max_density=0.05))
    with pytest.raises(InvalidConfig, match="density: 26620 weights in all are more than the budget of 13310"):
        space.validate({"density": 0.1})


def test_grid_is_evenly_spaced() -> None:
    assert [c["density"] for c in UniformDensity(LENET).grid(3)] == [0.0, 0.5, 1.0]
    assert [c["density"] for c in UniformDensity((2,)).grid(50)] == [0.0, 0.5, 1.0]


@settings(max_examples=200, deadline=None)
@given(sizes, st.floats(0.0, 0.5), st.floats(0.0, 1.0))
def test_uniform_densities_with_equal_counts_share_one_config(
    layers: tuple[int, ...], minimum: float, place: float
) -> None:
    try:
        space = UniformDensity(layers, minimum=minimum)
    except TaskError:
        return
    density = minimum + place * (1.0 - minimum)
    config = space.canonical({"density": density})
    assert space.canonical(config) == config
    chosen = float(config["density"])
    counts = [[max(round(d * n), low) for n, low in zip(layers, space.low, strict=True)] for d in (density, chosen)]
    assert counts[0] == counts[1]
    for other in (density * 0.9999 + chosen * 0.0001, (density + chosen) / 2):
        assert space.canonical({"density": other}) == config


def test_uniform_density_at_a_tie_is_kept() -> None:
    space = UniformDensity((2, 6))
    assert space.canonical({"density": 0.25}) == {"density": 0.25}  # round(0.5) = 0, round(1.5) = 2
    assert space.canonical({"density": 0.24}) == space.canonical({"density": 0.2})
    assert UniformDensity((13,)).canonical({"density": 0.52}) == {"density": 0.54}  # 0.5 would round to 6


def test_uniform_density_is_written_short() -> None:
    space = UniformDensity(LENET)
    assert space.canonical({"density": 0.0500001}) == {"density": 0.05}
    assert space.canonical({"density": 0.123456}) != space.canonical({"density": 0.123466})


def test_uniform_cap_is_the_last_density_in_the_budget() -> None:
    space = UniformDensity((100, 10), budget=DensityBudget(max_weights=22))
    assert float(space.decode({"density": 1.0})["density"]) == 0.2  # 20 + 2; 0.21 gives 21 + 2
    assert space.cap == pytest.approx(0.205)  # 20.5 rounds to 20, anything above to 21
