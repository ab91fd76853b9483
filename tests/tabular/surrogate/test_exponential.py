from __future__ import annotations

import math

import numpy as np

from nasbench_sparse.tabular.surrogate.exponential import LARGEST, exp

GOLDEN = ["0x1.0000000000000p+0", "0x1.5bf0a8b14576ap+1", "0x1.78b56362cef38p-2", "0x1.5829dcf950560p+14"]


def test_exp_is_within_two_units_in_the_last_place() -> None:
    x = np.concatenate([np.linspace(-LARGEST, LARGEST, 4001), np.random.default_rng(0).normal(size=4000)])
    expected = np.array([math.exp(value) for value in x.tolist()])
    assert (np.abs(exp(x) - expected) <= 2 * np.spacing(expected)).all()


def test_exp_has_the_same_bits_everywhere() -> None:
    """The second is one unit off the nearest number to e, on every machine."""
    found = [value.hex() for value in exp(np.array([0.0, 1.0, -1.0, 10.0])).tolist()]
    assert found == GOLDEN


def test_exp_stays_finite_and_positive() -> None:
    found = exp(np.array([-1e9, 1e9]))
    assert (found > 0).all()
    assert np.isfinite(found).all()
