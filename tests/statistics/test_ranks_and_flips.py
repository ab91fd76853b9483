"""Ranks with ties and the exact null distribution of signed sums, against enumeration."""

from itertools import product

import numpy as np
import pytest

from nasbench_sparse.leaderboard.statistics.ranks import (
    doubled_midranks,
    magnitude_labels,
    row_midranks,
    tied_groups,
)
from nasbench_sparse.leaderboard.statistics.sign_flips import EXACT_TERMS, is_exact, upper_tail


def test_midranks_agree_with_scipy() -> None:
    from scipy.stats import rankdata

    values = np.random.default_rng(1).integers(0, 4, size=(30, 6)).astype(float)
    assert np.array_equal(row_midranks(values), rankdata(values, axis=1))


def test_doubled_midranks_are_twice_the_midranks() -> None:
    assert doubled_midranks(np.array([3, 1, 3, 2, 3])).tolist() == [8, 2, 8, 4, 8]


def test_magnitudes_that_differ_by_rounding_tie() -> None:
    first, second = np.array([0.3, 0.2, 1.0, 0.1]), np.array([0.2, 0.1, 1.0, 0.4])
    assert (first - second)[0] != (first - second)[1]
    labels = magnitude_labels(first, second)
    assert labels.tolist() == [1, 1, 0, 2]
    assert tied_groups(labels) == 1


def test_tiny_but_real_differences_do_not_tie() -> None:
    first, second = np.array([1e-9, 3e-9, 5.0]), np.array([0.0, 0.0, 4.0])
    assert magnitude_labels(first, second).tolist() == [1, 2, 3]


@pytest.mark.parametrize("seed", range(8))
def test_upper_tail_equals_enumeration_of_all_signs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    terms = rng.integers(-9, 10, size=rng.integers(1, 11))
    sums = np.array([np.dot(signs, np.abs(terms)) for signs in product((-1, 1), repeat=len(terms))])
    for observed in {int(terms.sum()), -int(terms.sum()), int(np.abs(terms).sum())}:
        assert upper_tail(terms, observed) == pytest.approx((sums >= observed).mean(), abs=1e-14)


def test_upper_tail_of_many_terms_is_close_to_the_exact_one() -> None:
    rng = np.random.default_rng(3)
    exact = 2 * (np.arange(EXACT_TERMS) + 1) * rng.choice([-1, 1], EXACT_TERMS)
    more = np.append(exact, [2])  # one term more, of the smallest size: normal approximation
    assert is_exact(exact)
    assert not is_exact(more)
    assert upper_tail(more, int(exact.sum())) == pytest.approx(upper_tail(exact, int(exact.sum())), abs=1e-3)
