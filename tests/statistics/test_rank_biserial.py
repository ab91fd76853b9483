"""Rank biserial correlation against rank sums written out, pair by pair."""

import numpy as np
import pytest
from scipy.stats import rankdata

from nasbench_sparse.leaderboard.statistics.check import Floats, Ints
from nasbench_sparse.leaderboard.statistics.rank_biserial import Zeros, rank_biserial, without_each


def plain(labels: Ints, signs: Floats, zero_rule: Zeros) -> float:
    """(R+ - R-) / (R+ + R-) of the midranks of these pairs, 0 where no pair differs."""
    if zero_rule == "wilcox":
        labels, signs = labels[labels > 0], signs[labels > 0]
    ranks = rankdata(labels)
    above, below = ranks[signs > 0].sum(), ranks[signs < 0].sum()
    return 0.0 if above + below == 0 else float((above - below) / (above + below))


def pairs(seed: int) -> tuple[Ints, Floats]:
    """Draw 12 pairs: most of them tied where the seed is even, and zeros among them where it divides by 3."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(4, size=12) if seed % 2 == 0 else rng.permutation(12)
    labels = labels if seed % 3 == 0 else labels + 1
    _, labels = np.unique(np.append(labels, 0), return_inverse=True)  # numbered without gaps, 0 for no difference
    labels = labels[:-1].astype(np.int64)
    return labels, np.where(labels == 0, 0.0, rng.choice([-1.0, 1.0], 12))


@pytest.mark.parametrize("zero_rule", ["pratt", "wilcox"])
@pytest.mark.parametrize("seed", range(12))
def test_weights_count_as_repeated_pairs(seed: int, zero_rule: Zeros) -> None:
    labels, signs = pairs(seed)
    weights = np.random.default_rng(seed).integers(4, size=(20, 12))
    found = rank_biserial(labels, signs, zero_rule)(weights.astype(np.float64))
    for row, correlation in zip(weights, found, strict=True):
        assert correlation == pytest.approx(plain(np.repeat(labels, row), np.repeat(signs, row), zero_rule))


@pytest.mark.parametrize("zero_rule", ["pratt", "wilcox"])
@pytest.mark.parametrize("seed", range(12))
def test_without_each_leaves_out_one_pair_at_a_time(seed: int, zero_rule: Zeros) -> None:
    labels, signs = pairs(seed)
    found = without_each(labels, signs, zero_rule)
    for place, correlation in enumerate(found):
        rest = plain(np.delete(labels, place), np.delete(signs, place), zero_rule)
        assert correlation == pytest.approx(rest)
    by_weights = rank_biserial(labels, signs, zero_rule)(1 - np.eye(12))
    assert found.tobytes() == by_weights.tobytes()


@pytest.mark.parametrize("zero_rule", ["pratt", "wilcox"])
def test_a_lone_pair_leaves_no_correlation(zero_rule: Zeros) -> None:
    assert without_each(np.array([1]), np.array([1.0]), zero_rule).tolist() == [0.0]
    assert without_each(np.array([0, 0]), np.zeros(2), zero_rule).tolist() == [0.0, 0.0]
