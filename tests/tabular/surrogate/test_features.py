from __future__ import annotations

import numpy as np

from nasbench_sparse.core.config import Value
from nasbench_sparse.tabular.surrogate.features import Column, Features, learn_features

CONFIGS: list[dict[str, Value]] = [
    {"density_2": 0.5, "density_10": 0.25, "optimizer": "sgd", "momentum": 0.9, "op_0": "relu", "op_1": "elu"},
    {"density_2": 0.1, "density_10": 0.75, "optimizer": "adam", "op_0": "elu", "op_1": "elu"},
]


def test_features_of_hand_made_configs() -> None:
    features = learn_features(CONFIGS)
    found = {
        (column.kind, column.fields, column.choice): features.matrix(CONFIGS)[:, i].tolist()
        for i, column in enumerate(features.columns)
    }
    densities, operators = ("density_2", "density_10"), ("op_0", "op_1")
    assert found == {
        ("number", ("density_2",), None): [0.5, np.float32(0.1)],
        ("number", ("density_10",), None): [0.25, 0.75],
        ("number", ("momentum",), None): [np.float32(0.9), np.float32(-0.1)],  # less than any value seen
        ("is", ("op_0",), "elu"): [0.0, 1.0],
        ("is", ("op_0",), "relu"): [1.0, 0.0],
        ("is", ("optimizer",), "adam"): [0.0, 1.0],
        ("is", ("optimizer",), "sgd"): [1.0, 0.0],
        ("mean", densities, None): [0.375, np.float32(0.425)],
        ("least", densities, None): [0.25, np.float32(0.1)],
        ("largest", densities, None): [0.5, 0.75],
        ("count", operators, "elu"): [1.0, 2.0],
        ("count", operators, "relu"): [1.0, 0.0],
    }


def test_features_that_tell_no_configs_apart_are_left_out() -> None:
    configs: list[dict[str, Value]] = [{"same": 1, "flag": True}, {"same": 1, "flag": False}]
    assert [column.fields for column in learn_features(configs).columns] == [("flag",), ("flag",)]


def test_an_unseen_choice_is_none_of_the_known() -> None:
    features = learn_features(CONFIGS)
    unseen = features.vector({**CONFIGS[0], "optimizer": "lion"})
    choices = [i for i, column in enumerate(features.columns) if column.fields == ("optimizer",)]
    assert unseen[choices].tolist() == [0.0, 0.0]


def test_a_mean_of_absent_fields_is_the_marker() -> None:
    column = Column("mean", ("x_0", "x_1"), absent=-7.0)
    assert [column.value({"y": 1.0}), column.value({"x_1": 3.0})] == [-7.0, 3.0]


def test_no_features_have_vectors_all_the_same() -> None:
    assert Features(()).matrix([{}, {}]).shape == (2, 0)
