from __future__ import annotations

import numpy as np
import pytest
import torch

from nasbench_sparse.core import blueprint
from nasbench_sparse.core.operations import CELL_EDGES, UNARY
from nasbench_sparse.nn.cell import ActivationCell as CellModule
from nasbench_sparse.search_spaces.activation_cell import ActivationCell
from nasbench_sparse.search_spaces.cell_values import INPUTS, cell_values
from nasbench_sparse.search_spaces.operator_chromosome import OperatorChromosome
from nasbench_sparse.search_spaces.product import Product


def trained_values(config: dict[str, object], bounded: bool, gammas: dict[str, float]) -> list[float]:
    u1, u2, u3, u4, b1, b2 = (str(config[edge]) for edge in CELL_EDGES)
    cell = CellModule(blueprint.Cell((u1, u2, u3, u4), (b1, b2), tuple(gammas.items()), bounded))
    with torch.no_grad():
        return cell(torch.tensor(INPUTS, dtype=torch.float64)).tolist()


def test_values_of_bounded_cells_are_those_of_the_network() -> None:
    space, rng = ActivationCell(), np.random.default_rng(0)
    for _ in range(300):
        config = space.sample(rng)
        values = list(space.features(config).values())
        assert values == pytest.approx(trained_values(config, True, {}), abs=1e-4), config


@pytest.mark.parametrize("name", UNARY)
def test_values_of_each_unbounded_operation(name: str) -> None:
    space = ActivationCell(bounded=False)
    config = {"u1": name, "u2": "identity", "u3": "identity", "u4": "identity", "b1": "left", "b2": "left"}
    assert list(space.features(config).values()) == pytest.approx(trained_values(config, False, {}), abs=1e-4)


def test_values_at_other_inputs_agree_where_both_have_one() -> None:
    names = {"u1": "silu", "u2": "relu", "u3": "gelu", "u4": "square", "b1": "multiply", "b2": "maximum"}
    fine = tuple(x / 100.0 for x in range(-300, 301, 2))
    values = cell_values(names, {}, True, fine)
    assert len(values) == 301
    assert values[::25] == cell_values(names, {}, True)
    assert values[fine.index(2.52)] == round(2.52**2, 4)  # silu(x) relu(x) is below x^2, and gelu(y) below y


def test_values_use_learnt_gammas() -> None:
    config = {"u1": "scale", "u2": "tanh", "u3": "identity", "u4": "identity", "b1": "mix", "b2": "left"}
    gammas = {"u1": 2.5, "b1": -0.7}
    space = ActivationCell()
    found = space.features({**config, "gamma_u1": 2.5, "gamma_b1": -0.7})
    assert list(found.values()) == pytest.approx(trained_values(config, True, gammas), abs=1e-4)


def test_unbounded_values_never_overflow() -> None:
    space = ActivationCell(bounded=False)
    config = {"u1": "cube", "u2": "cube", "u3": "exp", "u4": "sinh", "b1": "multiply", "b2": "multiply"}
    assert max(map(abs, space.features(config).values())) == 1000.0


def test_features_of_a_product_are_those_of_its_parts() -> None:
    space = Product((("cell", ActivationCell()), ("operators", OperatorChromosome(2))))
    config = space.sample(np.random.default_rng(0))
    assert list(space.features(config)) == [f"cell.value_{i}" for i in range(13)]
