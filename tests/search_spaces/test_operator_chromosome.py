from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from nasbench_sparse.core.blueprint import Blueprint, Cell, Network, Operator, Recipe, Train
from nasbench_sparse.core.declaration import declare
from nasbench_sparse.errors import InvalidConfig, TaskError, UnknownName
from nasbench_sparse.nn import named
from nasbench_sparse.nn.networks import build_network
from nasbench_sparse.search_spaces.operator_chromosome import OperatorChromosome


def test_configure_gives_each_site_its_operator() -> None:
    blueprint = Blueprint(Network("lenet5"), (Train(1, Recipe()),))
    space = OperatorChromosome(2, learn_scales=True)
    config = space.config_of(["gelu", "srs"])
    assert config == {"operator_0": "gelu", "operator_1": "srs"}
    assert space.configure(blueprint, config).activations == (Operator("gelu", True), Operator("srs", True))


def test_neighbours_of_two_sites_are_a_swap_and_one_change() -> None:
    space = OperatorChromosome(2, ("relu", "tanh", "elu"))
    rng = np.random.default_rng(0)
    counts: Counter[tuple[object, ...]] = Counter()
    for _ in range(4000):
        counts[tuple(space.neighbour(space.config_of(["relu", "tanh"]), rng).values())] += 1
    # swapped: tanh, relu; then one of the two becomes either of its two others, 1/4 each
    expected = {("relu", "relu"), ("elu", "relu"), ("tanh", "tanh"), ("tanh", "elu")}
    assert set(counts) == expected
    assert all(abs(n - 1000) < 5 * (4000 * 0.25 * 0.75) ** 0.5 for n in counts.values())  # 5 sigma


def test_neighbours_change_one_to_three_sites() -> None:
    space = OperatorChromosome(8)
    rng = np.random.default_rng(0)
    config = space.sample(rng)
    for _ in range(500):
        moved = space.neighbour(config, rng)
        assert 1 <= sum(moved[f] != config[f] for f in space.fields) <= 3
        config = moved


def test_size_and_relaxation_follow_the_operators() -> None:
    assert OperatorChromosome(13).size == 13**13
    relaxation = OperatorChromosome(3, ("relu", "elu")).relaxation()
    assert relaxation is not None
    assert relaxation.kind == "chromosome"
    assert relaxation.edges == ("operator_0", "operator_1", "operator_2")
    assert relaxation.operations == (("relu", "elu"),) * 3


def test_operators_may_be_named_activations_and_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(named.VARIABLE, str(tmp_path))
    cell = Cell(("silu", "relu", "identity", "tanh"), ("add", "left"))
    named.store("mine", cell)
    space = OperatorChromosome.of_named(3, ("silu", "grafs-rn-4", "mine"))
    assert space.operators == ("swish", "grafs-rn-4", "mine")
    (tmp_path / "mine.json").unlink()  # the space holds the cell, not the name of a file
    blueprint = Blueprint(Network("mlp", (("inputs", 4), ("hidden", (3, 3, 3)))), (Train(1, Recipe()),))
    configured = space.configure(blueprint, space.config_of(["mine", "grafs-rn-4", "swish"]))
    assert configured.activations == (cell, Operator("grafs-rn-4"), Operator("swish"))
    network = build_network(configured.network, configured.activations, torch.Generator())
    assert network(torch.zeros(2, 4)).shape == (2, 10)
    assert space.relaxation() is None
    assert OperatorChromosome(2, ("relu", "grafs-rn-4")).relaxation() is None


def test_cells_are_part_of_the_declaration_and_their_absence_is_not() -> None:
    cell = Cell(("silu", "relu", "identity", "tanh"), ("add", "left"))
    other = Cell(("silu", "relu", "identity", "tanh"), ("multiply", "left"))
    one, two = (declare(OperatorChromosome(2, ("relu", "mine"), cells=(("mine", c),))) for c in (cell, other))
    assert one != two
    assert set(declare(OperatorChromosome(2))) == {"type", "sites", "operators", "learn_scales"}


@pytest.mark.parametrize(
    ("operators", "name", "learn_scales", "message"),
    [
        (("relu", "mine"), "relu", False, "'relu' of a chromosome must be one of its operators, and no built-in"),
        (("relu",), "mine", False, "'mine' of a chromosome must be one of its operators"),
        (("relu", "mine"), "mine", True, "cannot learn scales"),
    ],
)
def test_cells_that_do_not_fit_are_refused(
    operators: tuple[str, ...], name: str, learn_scales: bool, message: str
) -> None:
    cells = (("mine", Cell(("silu",) * 4, ("add", "left"))), (name, Cell(("relu",) * 4, ("add", "left"))))
    with pytest.raises(TaskError, match=message):
        OperatorChromosome(2, operators, learn_scales, cells if name == "relu" else cells[:1])


def test_two_names_of_one_activation_are_refused() -> None:
    with pytest.raises(TaskError, match="each operator once"):
        OperatorChromosome.of_named(2, ("silu", "swish"))


def test_wrong_names_are_explained() -> None:
    space = OperatorChromosome(2)
    with pytest.raises(InvalidConfig, match=r"'operator_1' is 'geluu': did you mean 'gelu'"):
        space.config_of(["relu6", "geluu"])
    with pytest.raises(InvalidConfig, match="lacks field 'operator_1'"):
        space.config_of(["relu6"])
    with pytest.raises(InvalidConfig, match=r"unknown config field 'operator_2': did you mean"):
        space.config_of(["relu6"] * 3)
    with pytest.raises(UnknownName, match="'swich': did you mean 'swish'"):
        OperatorChromosome(2, ("swich",))
    for sites, operators in ((0, ("relu",)), (1, ()), (1, ("relu", "relu"))):
        with pytest.raises(TaskError):
            OperatorChromosome(sites, operators)
