from __future__ import annotations

import random
from hashlib import blake2b

import numpy as np
import pytest
import torch

from nasbench_sparse.data.bundled import mnist1d
from nasbench_sparse.errors import TaskError, UnknownName
from nasbench_sparse.training.data import (
    dataset_info,
    split,
    split_indices,
    stratified_parts,
)


@pytest.mark.parametrize("name", ["digits", "mnist1d", "mnist5k"])
def test_split_has_the_declared_size_and_shape_and_is_standardised(name: str) -> None:
    info, data = dataset_info(name), split(name, 1, 0)
    assert sum(len(labels) for _, labels in data) == info.examples
    for inputs, labels in data:
        assert inputs.shape == (len(labels), *info.shape)
        assert inputs.dtype is torch.float32
        assert labels.dtype is torch.int64
        shares = torch.bincount(labels, minlength=info.classes) / len(labels)
        overall = torch.bincount(torch.cat([part[1] for part in data])) / info.examples
        assert (shares - overall).abs().max() < 1.5 / len(labels)  # stratified: within one example of a class
    assert abs(float(data.train[0].mean())) < 1e-4
    assert float(data.train[0].std()) == pytest.approx(1.0, abs=1e-3)
    assert [len(part[1]) / info.examples for part in data] == pytest.approx([0.6, 0.2, 0.2], abs=1e-3)


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("digits", "2a07584ab0fff8f9"),
        ("mnist1d", "732ffbb80ff48dc0"),
        ("mnist5k", "fa0f99c31c82e4c2"),
    ],
)
def test_split_never_changes(name: str, digest: str) -> None:
    """Recorded results depend on it, bit for bit."""
    found = blake2b(digest_size=8)
    for indices in split_indices(name, 1, 0) + split_indices(name, 3, 1):
        found.update(indices.astype("<i8").tobytes())
    assert found.hexdigest() == digest


def test_split_indices_folds_partition_what_the_test_split_leaves() -> None:
    folds = [split_indices("digits", 3, fold) for fold in range(3)]
    test = split_indices("digits", 1, 0)[2]
    for train, val, fold_test in folds:
        assert np.array_equal(fold_test, test)
        assert sorted([*train, *val, *fold_test]) == list(range(1797))
    assert sorted(np.concatenate([val for _, val, _ in folds])) == sorted(set(range(1797)) - set(test))


def test_split_indices_refuses_a_fold_that_does_not_exist() -> None:
    with pytest.raises(TaskError, match="numbered 0 to 2"):
        split_indices("digits", 3, 3)


def test_stratified_parts_are_even_in_every_class_and_in_all() -> None:
    labels = np.repeat([4, 7, 9], [10, 7, 5])
    part = stratified_parts(labels, 3, np.random.default_rng(0))
    assert np.ptp(np.bincount(part)) <= 1
    for label in (4, 7, 9):
        assert np.ptp(np.bincount(part[labels == label], minlength=3)) <= 1


def test_mnist1d_leaves_the_global_generators_alone() -> None:
    states = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    first, second = mnist1d(), mnist1d()
    assert np.array_equal(first[0], second[0])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states  # noqa: NPY002


def test_dataset_info_names_the_nearest_data_set() -> None:
    with pytest.raises(UnknownName, match="'mnist5k'"):
        dataset_info("mnist5")
