from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nasbench_sparse.data.crops import central_box, random_box

SIZES = st.integers(1, 400)


def test_central_box_is_the_middle_224_of_256() -> None:
    assert central_box(256, 512) == (16.0, 144.0, 240.0, 368.0)


def test_random_box_takes_the_first_attempt_that_fits() -> None:
    whole = [1.0, 0.5, 0.0, 0.0]  # all of the area, square
    wide = [1.0, 1.0, 0.0, 0.0]  # all of the area, 4:3, does not fit a square
    quarter = [(0.25 - 0.08) / 0.92, 0.5, 0.999, 0.0]
    assert random_box(100, 100, np.array([whole])) == (0, 0, 100, 100)
    assert random_box(100, 100, np.array([wide, quarter])) == (0, 50, 50, 100)


def test_random_box_falls_back_to_the_largest_central_one() -> None:
    assert random_box(300, 100, np.array([[1.0, 0.5, 0.0, 0.0]])) == (83, 0, 216, 100)


@given(width=SIZES, height=SIZES, seed=st.integers(0, 2**32))
def test_random_box_lies_within_the_image(width: int, height: int, seed: int) -> None:
    left, upper, right, lower = random_box(width, height, np.random.default_rng(seed).random((10, 4)))
    assert 0 <= left < right <= width
    assert 0 <= upper < lower <= height
