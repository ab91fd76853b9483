from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nasbench_sparse.core.curve import CurvePoint
from nasbench_sparse.core.objective import Objective
from nasbench_sparse.core.trial import Evaluation, Status
from nasbench_sparse.errors import DamagedTable
from nasbench_sparse.tabular.curves import FIELDS, Curves, Points

LOSS = Objective("val_loss", "minimize", worst=9.0)


def points(*rows: tuple[int, int, int, int, bool, float], absent: bool = False) -> Points:
    """Rows of config, replicate, fold, step, diverged and val_loss; seconds are the step, the others zero."""
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    values = np.zeros((len(rows), len(FIELDS)))
    values[:, FIELDS.index("val_loss")] = columns[5]
    values[:, FIELDS.index("seconds")] = columns[3]
    gone = np.zeros(values.shape, dtype=np.bool_)
    gone[:, FIELDS.index("test_loss")] = True
    return Points(
        columns[0],
        columns[1],
        columns[2],
        columns[3],
        columns[4].astype(bool),
        values,
        absent=gone if absent else None,
    )


def point(step: int, loss: float) -> CurvePoint:
    return CurvePoint(step, 0.0, loss, 0.0, 0.0, 0.0, 0.0, float(step))


def test_curves_come_back_as_they_were_given() -> None:
    curves = Curves(points((0, 0, 0, 1, False, 0.3), (0, 0, 0, 2, False, 0.1), (1, 1, 0, 1, False, 0.7)), 2, 2)
    assert curves.evaluation(curves.find(0, 0)) == Evaluation(Status.OK, ((point(1, 0.3), point(2, 0.1)),), 2.0)
    assert curves.folds(curves.find(1, 1)) == ((point(1, 0.7),),)
    assert [curves.find(0, 1), curves.find(1, 0), curves.find(0, 2)] == [-1, -1, -1]


def test_values_not_recorded_are_none_and_others_keep_their_bits() -> None:
    value = 0.1 + 0.2
    (found,) = Curves(points((0, 0, 0, 1, False, value), absent=True), 1, 1).folds(0)[0]
    assert found.test_loss is None
    assert found.val_loss == value
    assert found.test_accuracy == 0.0


def test_further_columns_are_metrics_where_they_were_recorded() -> None:
    plain = points((0, 0, 0, 1, False, 0.3), (0, 0, 0, 2, False, 0.1))
    values = np.column_stack([plain.values, [0.5, 0.0], [7.0, 8.0]])
    absent = np.zeros(values.shape, dtype=np.bool_)
    absent[1, len(FIELDS)] = True
    table = Curves(replace(plain, values=values, names=(*FIELDS, "norm", "rank"), absent=absent), 1, 1)
    first, second = table.folds(0)[0]
    assert (first.metrics, second.metrics) == ({"norm": 0.5, "rank": 7.0}, {"rank": 8.0})
    assert table.points(0, 2) == [second]
    assert (second.step, second.val_loss, second.seconds) == (2, 0.1, 2.0)


def test_losses_are_means_over_folds_and_worst_after_divergence() -> None:
    curves = Curves(
        points(
            (0, 0, 0, 1, False, 1.0),
            (0, 0, 0, 2, False, 2.0),
            (0, 0, 1, 1, False, 3.0),
            (0, 0, 1, 2, False, 5.0),
            (1, 0, 0, 1, False, 4.0),
            (1, 0, 0, 2, False, 4.5),
            (1, 0, 1, 1, True, 6.0),
        ),
        3,
        1,
    )
    assert curves.losses(LOSS, 1, 2).tolist()[:2] == [[2.0], [5.0]]
    assert curves.losses(LOSS, 2, 2).tolist()[:2] == [[3.5], [9.0]]
    assert np.isnan(curves.losses(LOSS, 2, 2)[2, 0])


def test_accuracy_becomes_a_loss() -> None:
    curves = Curves(points((0, 0, 0, 1, False, 0.25)), 1, 1)
    assert curves.losses(Objective("val_loss", "maximize"), 1, 1).item() == 0.75


def test_points_after_a_divergence_are_dropped() -> None:
    curves = Curves(points((0, 0, 0, 1, True, 0.3), (0, 0, 0, 2, False, 0.1), (1, 0, 0, 1, False, 0.5)), 2, 1)
    assert curves.evaluation(0) == Evaluation(Status.DIVERGED, ((point(1, 0.3),),), 1.0)
    assert curves.evaluation(1).status is Status.OK


def test_a_training_that_diverged_at_once_has_seconds_alone() -> None:
    given = points((0, 0, 0, 0, True, 0.0), (1, 0, 0, 1, False, 0.5))
    given.values[0, FIELDS.index("seconds")] = 7.0
    curves = Curves(given, 2, 1)
    assert curves.evaluation(curves.find(0, 0)) == Evaluation(Status.DIVERGED, (), 7.0)
    assert curves.losses(LOSS, 1, 1).tolist() == [[9.0], [0.5]]
    assert len(curves) == 2
    again = Curves(curves.all_points(), 2, 1)
    assert again.evaluation(again.find(0, 0)) == curves.evaluation(curves.find(0, 0))


def test_steps_with_a_hole_are_damage() -> None:
    with pytest.raises(DamagedTable, match=r"1, 2, 3"):
        Curves(points((0, 0, 0, 1, False, 0.3), (0, 0, 0, 3, False, 0.1)), 1, 1)
    with pytest.raises(DamagedTable):
        Curves(points((0, 0, 0, 2, False, 0.3)), 1, 1)


def test_an_empty_table_has_nothing() -> None:
    empty = np.zeros(0, dtype=np.int64)
    curves = Curves(Points(empty, empty, empty, empty, empty > 0, np.zeros((0, len(FIELDS)))), 2, 1)
    assert len(curves) == 0
    assert np.isnan(curves.losses(LOSS, 1, 1)).all()
    assert curves.find(1, 0) == -1
