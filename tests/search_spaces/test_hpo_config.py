from __future__ import annotations

import numpy as np
import pytest

from nasbench_sparse.core.blueprint import Blueprint, Network, Operator, Recipe, Train
from nasbench_sparse.core.config import Config
from nasbench_sparse.errors import InvalidConfig, TaskError
from nasbench_sparse.search_spaces.hpo_config import HyperparameterConfig, safs_stage2, thesis_training
from nasbench_sparse.search_spaces.parameters import Categorical, Float, Integer

STAGE2 = safs_stage2()
ADAM = {"schedule": "cosine", "optimizer": "adam", "learning_rate": 0.01}
BLUEPRINT = Blueprint(Network("mlp", (("hidden", 2), ("skip", False))), (Train(5, Recipe()),))


def test_safs_parameters_are_active_as_published() -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        config = STAGE2.sample(rng)
        assert ("learning_rate" in config) == (config["schedule"] != "halving")
        assert ("momentum" in config) == (config["optimizer"] == "sgd")


def test_safs_grid_covers_the_discretised_space() -> None:
    # schedules x optimizers: 6 with R rates and 1 without, 3 optimizers without momentum and 1 with R of them
    assert len(list(STAGE2.grid(1))) == 7 * 4
    assert len(list(STAGE2.grid(4))) == (6 * 4 + 1) * (3 + 4)
    rates = sorted({float(c["learning_rate"]) for c in STAGE2.grid(4) if "learning_rate" in c})
    assert rates == [0.0001, 0.001, 0.01, 0.1]
    assert STAGE2.size is None


def test_thesis_grid_is_table_3_2() -> None:
    configs = list(thesis_training().grid(2))
    assert thesis_training().size == len(configs) == 5 * 2 * 2 * 6 * 4
    assert len({(c["optimizer"], c.get("momentum")) for c in configs}) == 5
    assert thesis_training(switches=()).size == 120


def test_canonical_drops_inactive_parameters_and_validate_refuses_them() -> None:
    assert STAGE2.canonical({**ADAM, "momentum": 0.5}) == ADAM
    with pytest.raises(InvalidConfig, match="'momentum' is inactive here: it needs 'optimizer' to be 'sgd'"):
        STAGE2.validate({**ADAM, "momentum": 0.5})


def test_inactivity_is_inherited() -> None:
    space = HyperparameterConfig(
        (
            Categorical("a", (1, 2)),
            Categorical("b", ("x", "y"), active_if=("a", (1,))),
            Integer("c", 1, 3, active_if=("b", ("x",))),
        )
    )
    assert space.canonical({"a": 2, "b": "x", "c": 3}) == {"a": 2}
    assert space.size == 3 + 1 + 1
    assert len(list(space.grid(1))) == 5


def test_floats_keep_six_digits_within_their_range() -> None:
    assert STAGE2.canonical({**ADAM, "learning_rate": 0.0123456789})["learning_rate"] == 0.0123457
    narrow = HyperparameterConfig((Float("momentum", 0.1234564, 0.9),))
    assert narrow.canonical({"momentum": 0.1234564}) == {"momentum": 0.1234564}


def test_log_uniform_samples_have_their_median_at_the_geometric_mean() -> None:
    rng = np.random.default_rng(0)
    space = HyperparameterConfig((Float("learning_rate", 1e-4, 1e-1, log=True), Integer("width", 1, 4)))
    configs = [space.sample(rng) for _ in range(4000)]
    below = sum(float(c["learning_rate"]) < 10**-2.5 for c in configs)
    assert abs(below - 2000) < 4 * 1000**0.5  # 4 sigma
    counts = np.bincount([int(c["width"]) for c in configs], minlength=5)
    assert counts[0] == 0
    assert np.all(abs(counts[1:] - 1000) < 4 * 750**0.5)


def test_neighbours_change_one_parameter_and_what_depends_on_it() -> None:
    rng = np.random.default_rng(0)
    config: Config = ADAM
    children = {"schedule": {"learning_rate"}, "optimizer": {"momentum"}}
    for _ in range(400):
        moved = STAGE2.neighbour(config, rng)
        changed = {f for f in STAGE2.fields if config.get(f) != moved.get(f)}
        cause = changed & children.keys() or changed
        assert len(cause) == 1
        assert changed - cause <= children.get(next(iter(cause)), set())
        config = moved


def test_configure_writes_recipe_activation_and_network_options() -> None:
    config: Config = {"optimizer": "sgd", "momentum": 0.9, "activation": "prelu", "skip": True, "batch_norm": True}
    result = thesis_training().configure(BLUEPRINT, config)
    assert result.recipe == Recipe(optimizer="sgd", momentum=0.9)
    assert result.activations == (Operator("prelu"),)
    assert dict(result.network.options) == {"hidden": 2, "skip": True, "batch_norm": True}
    assert STAGE2.configure(BLUEPRINT, ADAM).network == BLUEPRINT.network


def test_coordinates_have_the_conditions() -> None:
    coordinates = STAGE2.coordinates
    coordinates.seed(0)
    for point in coordinates.sample_configuration(100):
        assert ("learning_rate" in point) == (point["schedule"] != "halving")
        assert ("momentum" in point) == (point["optimizer"] == "sgd")
    assert coordinates["learning_rate"].log


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({**ADAM, "schedule": "cosin"}, "'schedule' is 'cosin': did you mean 'cosine'"),
        ({**ADAM, "learning_rate": 0.2}, r"'learning_rate' is 0.2; it must lie in \[0.0001, 0.1\]"),
        ({**ADAM, "learning_rate": True}, "'learning_rate' is True; it must be a number"),
        ({"schedule": "cosine", "optimizer": "adam"}, "lacks field 'learning_rate', which is active here"),
        ({**ADAM, "learning_rte": 0.01}, "unknown config field 'learning_rte': did you mean 'learning_rate'"),
    ],
)
def test_wrong_configs_are_explained(config: Config, message: str) -> None:
    with pytest.raises(InvalidConfig, match=message):
        STAGE2.validate(config)


def test_contradictory_declarations_are_refused() -> None:
    for parameters in (
        (Integer("a", 1, 2), Integer("a", 1, 2)),
        (Integer("a", 1, 2, active_if=("b", (1,))), Categorical("b", (1, 2))),
        (Categorical("b", (1, 2)), Integer("a", 1, 2, active_if=("b", (3,)))),
        (Integer("b", 1, 2), Integer("a", 1, 2, active_if=("b", (1,)))),
    ):
        with pytest.raises(TaskError, match="parameter 'a'"):
            HyperparameterConfig(parameters)
    for build in (
        lambda: Float("a", 1.0, 1.0),
        lambda: Float("a", 0.0, 1.0, log=True),
        lambda: Integer("a", 3, 2),
        lambda: Categorical("a", ()),
        lambda: Categorical("a", (True, 1)),
    ):
        with pytest.raises(TaskError, match="parameter 'a'"):
            build()
