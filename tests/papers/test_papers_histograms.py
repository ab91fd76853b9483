"""Histograms of weights: moved to other ranges, added up, and described."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_sparse.leaderboard.papers.histogram import Histogram, centroid, normal, summed, widest


def test_histogram_on_another_range_shares_bins_in_proportion() -> None:
    """Bins of width 1 from -2 to 2 on bins of width 1.5 from -3 to 3: half of the outer bins' values move out."""
    found = Histogram(2.0, np.array([4.0, 0.0, 2.0, 6.0])).on(3.0, 4)
    assert found.limit == 3.0
    assert found.counts.tolist() == [2.0, 2.0, 5.0, 3.0]


@given(
    counts=st.lists(st.integers(0, 50), min_size=8, max_size=8).filter(any),
    limit=st.floats(0.1, 3.0),
    factor=st.floats(1.0, 4.0),
)
def test_histogram_on_a_wider_range_holds_the_same_values(counts: list[int], limit: float, factor: float) -> None:
    """Nothing is lost, and no bin's values move by more than a bin of either range."""
    before = Histogram(limit, np.array(counts, float))
    after = before.on(limit * factor, 16)
    assert after.counts.sum() == pytest.approx(sum(counts))
    means = [float(one.shares @ one.middles) for one in (before, after)]
    assert abs(means[0] - means[1]) <= limit * factor / 16 + 1e-9


def test_histograms_with_a_gap_keep_it() -> None:
    """Two seeds of which neither has a weight below 0.5: the middle bins of the sum are empty."""
    seeds = [Histogram(1.0, np.array([3.0, 0.0, 0.0, 5.0])), Histogram(2.0, np.array([1.0, 0.0, 0.0, 1.0]))]
    total = summed(seeds, widest(seeds), 8)
    assert total.limit == 2.0
    assert total.counts.sum() == 10.0
    assert total.counts[3:5].tolist() == [0.0, 0.0]


def test_histograms_of_zeros_alone_have_no_range() -> None:
    zeros = Histogram(0.0, np.array([0.0, 0.0, 9.0, 0.0]))
    assert widest([zeros]) == widest([]) == 0.0
    assert summed([zeros, Histogram(1.0, np.array([1.0, 1.0]))], 1.0, 2).counts.tolist() == [1.0, 1.0]


def test_centroids_are_means_of_either_sign() -> None:
    """Middles -1.5, -0.5, 0.5, 1.5 with 1, 3, 0, 0 values, and a second one of 4 values at 0.25."""
    both = [Histogram(2.0, np.array([1.0, 3.0, 0.0, 0.0])), Histogram(0.5, np.array([0.0, 4.0]))]
    assert centroid(both, -1) == pytest.approx((-1.5 - 3 * 0.5) / 4)
    assert centroid(both, 1) == pytest.approx(0.25)
    assert centroid(both[:1], 1) is None


def test_normal_histogram_has_the_closed_forms_of_a_normal_distribution() -> None:
    """Half-normal mean sigma * sqrt(2 / pi), and 68.27 % within sigma; a bin is an eighth of sigma wide."""
    found = normal(0.3, 1000.0)
    assert found.counts.sum() == pytest.approx(1000.0, rel=1e-4)
    assert found.deviation == pytest.approx(0.3, rel=2e-3)
    assert centroid([found], 1) == pytest.approx(0.3 * math.sqrt(2 / math.pi), rel=2e-3)
    within = np.abs(found.middles) < 0.3
    assert found.shares[within].sum() == pytest.approx(0.6827, abs=2e-4)
