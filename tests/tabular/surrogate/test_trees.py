from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nasbench_sparse.errors import DamagedTable
from nasbench_sparse.tabular.surrogate.boosting import Boosting
from nasbench_sparse.tabular.surrogate.trees import UNIT, Forest


def stump() -> Forest:
    """One output: 3 + (x1 <= 0.5 ? -1 : 2), in whole units."""
    infinite = np.float32(np.inf)
    one = round(1.0 / UNIT)
    return Forest(
        np.array([0, 1, 0, 0], dtype=np.int16),
        np.array([infinite, 0.5, infinite, infinite], dtype=np.float32),
        np.array([0, 2, 2, 3], dtype=np.int32),
        np.array([3 * one, 0, -one, 2 * one], dtype=np.int32),
        np.array([[0, 1]], dtype=np.int32),
        depth=1,
    )


@pytest.mark.parametrize(("x", "expected"), [(0.4, 2.0), (0.5, 2.0), (0.6, 5.0)])
def test_outputs_of_a_hand_made_forest(x: float, expected: float) -> None:
    stump().check(columns=2)
    assert stump().outputs(np.array([9.0, x], dtype=np.float32)).tolist() == [expected]


def test_fitted_forest_predicts_what_the_library_does() -> None:
    from sklearn.ensemble import HistGradientBoostingRegressor

    rng = np.random.default_rng(0)
    features = rng.random((120, 4)).astype(np.float32)
    target = features[:, 0] * features[:, 1] + (features[:, 2] > 0.5)
    some = np.arange(0, 120, 2)
    forest = Boosting(trees=30).fit(features, [(np.arange(120), target), (some, -target[some])], seed=0)
    forest.check(columns=4)
    for output, (rows, sign) in enumerate([(np.arange(120), 1.0), (some, -1.0)]):
        library = HistGradientBoostingRegressor(
            max_iter=30, max_depth=3, learning_rate=0.06, min_samples_leaf=5, early_stopping=False, random_state=0
        ).fit(features[rows], sign * target[rows])
        fresh = rng.random((200, 4)).astype(np.float32)
        found = np.array([forest.outputs(row)[output] for row in fresh])
        assert found == pytest.approx(library.predict(fresh), abs=31 * UNIT)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("feature", np.array([0, 2, 0, 0], dtype=np.int16)),
        ("child", np.array([0, 1, 2, 3], dtype=np.int32)),
        ("child", np.array([0, 3, 2, 3], dtype=np.int32)),
        ("child", np.array([1, 2, 2, 3], dtype=np.int32)),
        ("threshold", np.array([np.inf, np.nan, np.inf, np.inf], dtype=np.float32)),
        ("roots", np.array([[0, 4]], dtype=np.int32)),
        ("value", np.zeros(3, dtype=np.int32)),
    ],
)
def test_check_finds_walks_that_leave_the_arrays(name: str, value: np.ndarray) -> None:
    with pytest.raises(DamagedTable, match="fit it again"):
        replace(stump(), **{name: value}).check(columns=2)
