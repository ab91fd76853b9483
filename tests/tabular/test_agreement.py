from __future__ import annotations

import numpy as np
import pytest

from nasbench_sparse.tabular.agreement import measure_agreement


def test_agreement_of_equal_and_of_opposite_replicates() -> None:
    column = np.arange(10.0)
    same = measure_agreement(np.stack([column, column, column], axis=1))
    assert (same.tau, same.better_half, same.ceiling, same.noise) == pytest.approx((1.0, 1.0, 1.0, 0.0))
    assert measure_agreement(np.stack([column, -column], axis=1)).tau == pytest.approx(-1.0)


def test_agreement_by_hand() -> None:
    # Pairs of the four configs: replicate 1 swaps the last two, so 5 of 6 pairs agree: tau = (5 - 1) / 6.
    losses = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 4.0], [4.0, 3.0]])
    found = measure_agreement(losses)
    assert found.tau == pytest.approx(4 / 6)
    assert found.better_half == pytest.approx(1.0)
    assert found.noise == pytest.approx(np.sqrt((0 + 0 + 0.5 + 0.5) / 4))


def test_agreement_leaves_out_what_is_missing() -> None:
    losses = np.array([[1.0, 1.0, np.nan], [np.nan, 0.0, np.nan], [3.0, 4.0, np.nan], [4.0, 5.0, np.nan]])
    found = measure_agreement(losses)
    assert (found.configs, found.replicates, found.tau) == (3, 2, pytest.approx(1.0))


def test_agreement_of_one_replicate_or_of_equal_losses_is_unknown() -> None:
    assert measure_agreement(np.ones((5, 1))).tau is None
    assert measure_agreement(np.ones((5, 2))).tau is None
