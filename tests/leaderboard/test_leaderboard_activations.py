"""Figures of activations and of gradient flow."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench_sparse.core.blueprint import Operator
from nasbench_sparse.leaderboard.figures.activations import Shape, activations_figure
from nasbench_sparse.leaderboard.figures.drawing import draw
from nasbench_sparse.leaderboard.figures.gradient_flow import gradient_flow_figure
from nasbench_sparse.leaderboard.figures.panels import Line, Panel
from nasbench_sparse.leaderboard.figures.style import looks
from nasbench_sparse.nn.curves import curve


def test_curve_of_an_activation_holds_values_and_derivatives() -> None:
    x, y, slope = curve(Operator("tanh"), points=101)
    np.testing.assert_allclose(x[[0, 50, -1]], (-5.0, 0.0, 5.0), atol=1e-12)
    np.testing.assert_allclose(y, np.tanh(x), rtol=1e-12)
    np.testing.assert_allclose(slope, 1 - np.tanh(x) ** 2, rtol=1e-9, atol=1e-12)
    assert curve(Operator("srelu"))[1].shape == (501,)


def test_activations_have_a_panel_each_with_value_and_derivative() -> None:
    shapes = [Shape(name, *curve(Operator(name))) for name in ("gelu", "grafs-vit-2")]
    figure = activations_figure(shapes)
    assert [ax.get_title() for ax in figure.axes if ax.get_visible()] == ["gelu", "grafs-vit-2"]
    for ax, shape in zip(figure.axes, shapes, strict=False):
        value, slope = ax.get_lines()
        np.testing.assert_array_equal(value.get_ydata(), shape.y)
        np.testing.assert_array_equal(slope.get_ydata(), shape.slope)
    drawings = [draw("shapes", "Shapes", "two", lambda: activations_figure(shapes)) for _ in range(2)]
    assert drawings[0] == drawings[1]


@pytest.mark.parametrize(
    ("flows", "scale"), [((1.0, 0.1, 0.01), "log"), ((1.0, 0.0, 0.5), "linear"), ((1.0, 0.7, 0.5), "linear")]
)
def test_gradient_flow_is_logarithmic_where_it_is_positive_and_spans_a_decade(
    flows: tuple[float, ...], scale: str
) -> None:
    line = Line("random", np.arange(3.0), np.array(flows))
    figure = gradient_flow_figure([Panel("a task", (line,))], looks(["random"]))
    assert figure.axes[0].get_yscale() == scale
    np.testing.assert_array_equal(figure.axes[0].get_lines()[0].get_ydata(), flows)
