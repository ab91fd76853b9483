from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from nasbench_sparse.core.blueprint import Blueprint, Network, Operator, Recipe, Train
from nasbench_sparse.errors import InvalidConfig, TaskError, UnknownName
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
    assert relaxation.kind == "chromosome"
    assert relaxation.edges == ("operator_0", "operator_1", "operator_2")
    assert relaxation.operations == (("relu", "elu"),) * 3


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
