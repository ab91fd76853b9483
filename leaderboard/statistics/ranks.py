"""Ranks with ties, and differences whose ties are not broken by rounding errors."""

from __future__ import annotations

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import Floats, Ints

ROUNDING = 2.0**-44  # of the values subtracted: differences nearer than this are one difference


def row_midranks(values: Floats) -> Floats:
    """Rank each row from 1, the lowest; ties share the mean of the places they take. (n, k) -> (n, k)."""
    below = (values[:, None, :] < values[:, :, None]).sum(axis=2)
    equal = (values[:, None, :] == values[:, :, None]).sum(axis=2)
    ranks: Floats = below + (equal + 1) / 2
    return ranks


def magnitude_labels(first: Floats, second: Floats) -> Ints:
    """Number the magnitudes of first - second upwards, equal ones alike, 0 for no difference.

    0.3 - 0.2 and 0.2 - 0.1 differ in their last bits as floats; neighbours nearer than `ROUNDING` of
    the values they came from count as tied.

    Args:
        first, second: paired columns, (n,).
    """
    magnitude = np.abs(first - second)
    tolerance = ROUNDING * np.maximum(np.abs(first), np.abs(second))
    magnitude = np.where(magnitude <= tolerance, 0.0, magnitude)
    order = np.argsort(magnitude, kind="stable")
    gap = np.diff(magnitude[order])
    reach = np.maximum(tolerance[order][1:], tolerance[order][:-1])
    steps = (gap > reach) | ((magnitude[order][:-1] == 0) & (gap > 0))
    labels = np.empty(len(magnitude), dtype=np.int64)
    start = 0 if len(order) and magnitude[order[0]] == 0 else 1
    labels[order] = start + np.concatenate([[0], np.cumsum(steps)])
    return labels


def doubled_midranks(labels: Ints) -> Ints:
    """Return twice the midrank of each label, an integer, (n,) -> (n,)."""
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    before = np.cumsum(counts) - counts
    doubled: Ints = (2 * before + counts + 1)[inverse].astype(np.int64)
    return doubled


def tied_groups(labels: Ints) -> int:
    """Count the groups of two or more equal labels, zeros apart."""
    _, counts = np.unique(labels[labels > 0], return_counts=True)
    return int((counts > 1).sum())
