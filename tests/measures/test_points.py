"""The eleven points of the thesis."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nasbench_sparse.core.curve import CurvePoint
from nasbench_sparse.errors import NbsError
from nasbench_sparse.measures import eleven_point_mean, eleven_points


def curve(values: dict[int, float]) -> list[CurvePoint]:
    return [CurvePoint(e + 1, 1.0, 1.0, 0.5, None, None, 1.0, 0.0, {"egf_2": v}) for e, v in values.items()]


@pytest.mark.parametrize(
    ("epochs", "points"),
    [
        (1000, (0, 99, 199, 299, 399, 499, 599, 699, 799, 899, 999)),
        (20, (0, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)),
        (10, tuple(range(10))),
        (4, (0, 1, 2, 3)),
        (1, (0,)),
        (25, (0, 1, 4, 7, 9, 11, 14, 17, 19, 21, 24)),  # 2.5, 7.5, 12.5, 17.5, 22.5 round to even
    ],
)
def test_eleven_points_are_those_of_the_thesis(epochs: int, points: tuple[int, ...]) -> None:
    assert eleven_points(epochs) == points


def test_eleven_points_begin_and_end_with_the_training_without_duplicates() -> None:
    for epochs in range(1, 400):
        points = eleven_points(epochs)
        assert points[0] == 0
        assert points[-1] == epochs - 1
        assert list(points) == sorted(set(points))
        assert len(points) == min(epochs, 10 if epochs < 15 else 11)  # up to 14 the first tenth is epoch 0


def test_eleven_point_mean_leaves_other_epochs_out() -> None:
    values = dict.fromkeys(range(20), 1000.0) | {epoch: float(epoch) for epoch in eleven_points(20)}
    assert eleven_point_mean(curve(values), "egf_2", 20) == pytest.approx(100 / 11)


def test_eleven_point_mean_says_what_is_missing() -> None:
    with pytest.raises(NbsError, match=r"'egf_2' was not measured at the end of epoch 2, 3"):
        eleven_point_mean(curve({0: 1.0, 1: 1.0}), "egf_2", 4)
    with pytest.raises(NbsError, match="at least 1"):
        eleven_points(0)


def test_importing_measures_loads_no_torch() -> None:
    code = "import sys, nasbench_sparse.measures as m; m.check_names(('egf_2',)); print('torch' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
    )
