from __future__ import annotations

import numpy as np
import pytest

from nasbench_sparse.tabular.surrogate import shapes
from nasbench_sparse.tabular.surrogate.shapes import learn_shapes

FIELDS = ("train_loss", "val_accuracy")


def made(configs: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Curves with two degrees of freedom, and seconds that follow one course."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, configs, 1))
    steps = np.arange(1.0, 6.0)
    losses = np.exp(0.3 * a / steps + 0.1 * b)
    accuracies = 0.5 + 0.05 * a * np.sqrt(steps) - 0.03 * b
    seconds = np.exp(rng.normal(size=(configs, 1))) * np.cumsum([3.0, 1.0, 1.0, 2.0, 1.0])
    return np.stack([losses, accuracies], axis=1), seconds


def test_curves_of_two_degrees_of_freedom_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "EXPLAINED", 1.0 - 1e-12)
    values, seconds = made()
    learnt, scores = learn_shapes(FIELDS, values, seconds)
    assert scores.shape == (40, 3)
    assert scores.mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-12)
    assert scores.std(axis=0) == pytest.approx(np.ones(3))
    assert np.stack([learnt.values(row) for row in scores]) == pytest.approx(values)
    assert np.stack([learnt.seconds(row) for row in scores]) == pytest.approx(seconds)


def test_predictions_stay_in_range_and_seconds_increase() -> None:
    learnt, _ = learn_shapes(FIELDS, *made())
    for score in (-1e6, 1e6):
        scores = np.full(learnt.outputs, score)
        losses, accuracies = learnt.values(scores)
        assert (losses > 0).all()
        assert np.isfinite(losses).all()
        assert ((accuracies >= 0) & (accuracies <= 1)).all()
    assert (np.diff(learnt.seconds(np.full(learnt.outputs, -3.0)), prepend=0.0) > 0).all()


def test_a_course_increases_even_where_the_clock_stood_still() -> None:
    values, seconds = made()
    seconds[:, 3] = seconds[:, 2]
    learnt, scores = learn_shapes(FIELDS, values, seconds)
    assert (np.diff(learnt.seconds(scores[0]), prepend=0.0) > 0).all()


def test_equal_curves_have_no_direction() -> None:
    values, seconds = np.full((5, 2, 3), 0.5), np.tile([1.0, 2.0, 3.0], (5, 1))
    learnt, scores = learn_shapes(FIELDS, values, seconds)
    assert scores.shape == (5, 1)
    assert learnt.values(scores[0]) == pytest.approx(values[0])
    assert learnt.seconds(scores[0]) == pytest.approx([1.0, 2.0, 3.0])
