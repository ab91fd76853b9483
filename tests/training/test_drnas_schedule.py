"""The shrinking schedule against the published counts and the formula in 80 digits."""

from __future__ import annotations

from decimal import Decimal, localcontext
from math import floor

import pytest

from nasbench_sparse.training.drop_schedule import drops_per_epoch


def test_drops_per_epoch_are_those_of_the_published_search() -> None:
    counts = drops_per_epoch(104, 50, 2)
    assert counts[:7] == [0, 0, 19, 11, 7, 6, 5]
    assert sum(counts) == 104
    assert len(counts) == 50
    assert counts[49] == 1


@pytest.mark.parametrize(("drops", "epochs", "start"), [(104, 50, 2), (104, 300, 6), (48, 9, 2), (104, 130, 5)])
def test_drops_per_epoch_match_the_formula_in_high_precision(drops: int, epochs: int, start: int) -> None:
    expected = [0] * epochs
    with localcontext() as context:
        context.prec = 80
        for i in range(drops):
            power = Decimal(epochs - start) ** (Decimal(i) / Decimal(drops - 1))
            expected[start - 1 + floor(power + Decimal("1e-60"))] += 1  # an exact power may come out just below
    assert drops_per_epoch(drops, epochs, start) == expected


@pytest.mark.parametrize("start", [0, 2, 4])
def test_drops_per_epoch_are_complete_and_end_in_the_last_epoch(start: int) -> None:
    for epochs in range(start + 1, 240):
        counts = drops_per_epoch(104, epochs, start)
        assert sum(counts) == 104
        assert counts[-1] >= 1
        assert not any(counts[:start])


def test_drops_per_epoch_of_a_single_epoch_happen_at_once() -> None:
    assert drops_per_epoch(24, 3, 2) == [0, 0, 24]
    assert drops_per_epoch(0, 3, 2) == [0, 0, 0]
