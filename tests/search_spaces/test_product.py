from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from nasbench_sparse.core.blueprint import Blueprint, Network, Operator, Recipe, Train
from nasbench_sparse.errors import InvalidConfig, TaskError
from nasbench_sparse.search_spaces.hpo_config import safs_stage2, thesis_training
from nasbench_sparse.search_spaces.operator_chromosome import OperatorChromosome
from nasbench_sparse.search_spaces.product import Product

PAIR = Product((("genes", OperatorChromosome(2, ("relu", "tanh"))), ("training", safs_stage2())))
CONFIG = {
    "genes.operator_0": "relu",
    "genes.operator_1": "tanh",
    "training.schedule": "halving",
    "training.optimizer": "sgd",
    "training.momentum": 0.5,
}


def test_configure_chains_the_parts() -> None:
    result = PAIR.configure(Blueprint(Network("mlp"), (Train(1, Recipe()),)), CONFIG)
    assert result.activations == (Operator("relu"), Operator("tanh"))
    assert result.recipe == Recipe(schedule="halving", momentum=0.5)


def test_neighbours_change_exactly_one_part() -> None:
    rng = np.random.default_rng(0)
    config = PAIR.canonical(CONFIG)
    changes: Counter[str] = Counter()
    for _ in range(400):
        moved = PAIR.neighbour(config, rng)
        parts = {f.partition(".")[0] for f in PAIR.fields if config.get(f) != moved.get(f)}
        assert len(parts) == 1
        changes.update(parts)
        config = moved
    assert abs(changes["genes"] - 200) < 4 * 10  # 4 sigma


def test_a_part_of_one_config_leaves_the_moves_to_the_other() -> None:
    single = OperatorChromosome(1, ("relu",))
    space = Product((("a", single), ("b", OperatorChromosome(1, ("relu", "elu")))))
    for seed in range(10):
        moved = space.neighbour({"a.operator_0": "relu", "b.operator_0": "relu"}, np.random.default_rng(seed))
        assert moved == {"a.operator_0": "relu", "b.operator_0": "elu"}


def test_size_and_grid_multiply() -> None:
    space = Product((("genes", OperatorChromosome(2, ("relu", "tanh"))), ("training", thesis_training(()))))
    assert space.size == 4 * 120 == len(list(space.grid(1)))
    assert PAIR.size is None
    assert len(list(PAIR.grid(2))) == 4 * (6 * 2 + 1) * (3 + 2)


def test_wrong_fields_are_explained() -> None:
    with pytest.raises(
        InvalidConfig, match=r"unknown config field 'gene\.operator_0': did you mean 'genes\.operator_0'"
    ):
        PAIR.validate({**CONFIG, "gene.operator_0": "relu"})
    with pytest.raises(InvalidConfig, match="in part 'genes', config field 'operator_1' is 'elu'"):
        PAIR.validate({**CONFIG, "genes.operator_1": "elu"})
    with pytest.raises(InvalidConfig, match="the parts are"):
        PAIR.validate({**CONFIG, "zzz": 1})


def test_products_have_no_relaxation() -> None:
    assert PAIR.relaxation() is None


@pytest.mark.parametrize("names", [(), ("a", "a"), ("",), ("a.b",)])
def test_part_names_are_checked(names: tuple[str, ...]) -> None:
    with pytest.raises(TaskError, match="distinct names"):
        Product(tuple((name, OperatorChromosome(1)) for name in names))
