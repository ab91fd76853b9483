from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nasbench_sparse.errors import TaskError
from nasbench_sparse.search_spaces.density_budget import DensityBudget, allocate


def test_budget_is_a_floor_of_weights() -> None:
    assert DensityBudget(max_density=0.05).weights((235_200, 30_000, 1_000)) == 13_310
    assert (
        DensityBudget(max_density=0.07).weights((100,)) == 7
    )  # 0.07 * 100 is 7.000000000000001, 0.29 * 100 below 29
    assert DensityBudget(max_density=0.29).weights((100,)) == 29
    assert DensityBudget(max_weights=2_000).weights((10, 20)) == 2_000


@pytest.mark.parametrize(
    "wrong", [{}, {"max_density": 0.1, "max_weights": 3}, {"max_density": 1.1}, {"max_weights": -1}]
)
def test_budget_refuses_contradictions(wrong: dict[str, float]) -> None:
    with pytest.raises(TaskError, match="max_"):
        DensityBudget(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "low", "high", "total", "expected"),
    [
        ([10, 20, 30], [0, 0, 0], [99, 99, 99], 30, [5, 10, 15]),  # halved
        ([10, 20, 30], [0, 0, 0], [99, 25, 99], 120, [24, 25, 71]),  # 25 is full; 95 as 10:30 is 23.75 and 71.25
        ([10, 20, 30], [8, 0, 0], [99, 99, 99], 30, [8, 9, 13]),  # 8 is least; 22 as 20:30 is 8.8 and 13.2
        ([1, 1, 1], [0, 0, 0], [9, 9, 9], 4, [2, 1, 1]),  # a tie goes to the earlier layer
        ([0, 0], [0, 0], [10, 30], 8, [2, 6]),  # nothing wanted: by room
        ([5, 0, 0], [0, 0, 0], [6, 10, 30], 14, [6, 2, 6]),  # the first is full, the rest by room
        ([0, 5], [2, 0], [9, 9], 4, [2, 2]),
        ([1, 100], [0, 0], [9, 0], 3, [3, 0]),
    ],
)
def test_allocate_gives_hand_computed_shares(
    wanted: list[float], low: list[int], high: list[int], total: int, expected: list[int]
) -> None:
    assert allocate(wanted, low, high, total) == expected


layer = st.tuples(
    st.integers(0, 40),
    st.integers(0, 4000),
    st.one_of(st.just(0.0), st.floats(0.0, 1e4), st.floats(0.0, 1e-9)),
)


@settings(max_examples=300, deadline=None)
@example([(0, 4, 2.0), (0, 7, 2.0), (0, 8, 5e-324)], 0.75)  # a factor of 3 / 5e-324 would be infinite
@given(st.lists(layer, min_size=1, max_size=8), st.floats(0.0, 1.0))
def test_allocate_is_exact_and_proportional(layers: list[tuple[int, int, float]], share: float) -> None:
    low = [lo for lo, _, _ in layers]
    high = [lo + more for lo, more, _ in layers]
    wanted = [w for _, _, w in layers]
    total = sum(low) + round(share * (sum(high) - sum(low)))
    counts = allocate(wanted, low, high, total)
    assert sum(counts) == total
    assert all(lo <= c <= hi for lo, c, hi in zip(low, counts, high, strict=True))
    assert allocate(counts, low, high, total) == counts
    inner = [
        (c, w) for lo, c, hi, w in zip(low, counts, high, wanted, strict=True) if lo + 1 < c < hi - 1 and w > 1
    ]
    for c, w in inner:  # layers off their bounds share one factor, but for rounding
        for other_c, other_w in inner:
            assert (c + 1) / w >= (other_c - 1) / other_w
