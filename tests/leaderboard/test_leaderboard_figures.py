"""Figures: contrasts that can be read, names that are not cut, axes that say what they count."""

from __future__ import annotations

import re
from importlib.resources import files

import numpy as np
import pytest

from nasbench_sparse.leaderboard.figures.learning_curves import learning_curves_figure
from nasbench_sparse.leaderboard.figures.matrix import DIVERGING, SEQUENTIAL, matrix_figure
from nasbench_sparse.leaderboard.figures.panels import Line, Panel
from nasbench_sparse.leaderboard.figures.rank_diagram import rank_diagram_figure
from nasbench_sparse.leaderboard.figures.style import PALETTE, looks
from nasbench_sparse.leaderboard.statistics.rank_diagram import critical_difference

STYLE = files("nasbench_sparse.leaderboard.report") / "templates" / "report.css"


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2.2, of two colours as #rrggbb."""
    levels = []
    for colour in (one, other):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        levels.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(levels) + 0.05) / (min(levels) + 0.05)


@pytest.mark.parametrize("colour", PALETTE)
def test_lines_show_on_the_grounds_of_the_page(colour: str) -> None:
    grounds = re.findall(r"--page: (#[0-9a-f]{6})", STYLE.read_text())
    assert len(grounds) == 2  # light and dark
    assert min(contrast(colour, ground) for ground in grounds) >= 3  # success criterion 1.4.11


@pytest.mark.parametrize("colours", [DIVERGING, SEQUENTIAL])
def test_digits_of_a_matrix_have_the_ink_of_more_contrast(colours: tuple[str, ...]) -> None:
    from matplotlib.colors import to_hex

    values = np.linspace(-1, 1, 41)[None]
    names = [str(i) for i in range(41)]
    (ax,) = matrix_figure(values, [names], ["row"], names, colours, (-1.0, 1.0)).axes
    mesh = ax.collections[0]
    mesh.update_scalarmappable()
    for text, shade in zip(ax.texts, mesh.get_facecolor(), strict=True):
        found = {ink: contrast(ink, to_hex(shade)) for ink in ("#000000", "#ffffff")}
        assert found[str(text.get_color())] == pytest.approx(max(found.values()), abs=0.1)


def test_rank_diagram_holds_the_longest_names() -> None:
    names = ["W" * 30, "M" * 40, "short"]
    rng = np.random.default_rng(0)
    losses = {name: place + rng.random(20) for place, name in enumerate(names)}
    figure = rank_diagram_figure(critical_difference(losses, unit="tasks", rng=rng), looks(names))
    figure.draw_without_rendering()
    written = [text.get_window_extent() for text in figure.axes[0].texts if len(text.get_text()) > 2]
    assert len(written) == 3
    assert min(box.x0 for box in written) >= 0
    assert max(box.x1 for box in written) <= figure.bbox.width


def test_learning_curves_count_whole_units_and_name_them() -> None:
    line = Line("a", np.arange(1.0, 13.0), np.linspace(0.1, 0.9, 12))
    units = ["epochs"] * 3 + ["steps"] + ["epochs"] * 2
    panels = [Panel(str(i), (line,), x_label=unit) for i, unit in enumerate(units)]
    figure = learning_curves_figure(panels, looks(["a"]))
    figure.draw_without_rendering()
    assert [ax.get_xlabel() for ax in figure.axes] == ["epochs", "", "", "steps", "epochs", "epochs"]
    for ax in figure.axes:
        assert all(float(tick).is_integer() for tick in ax.get_xticks())
