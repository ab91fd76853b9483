"""Curves of incumbents in training: of how many runs each line is, and which are hardly means."""

from __future__ import annotations

import numpy as np

from nasbench_sparse.leaderboard.report.curves import curve_panel, runs_text

FULL = {1: [0.1, 0.2, 0.6], 2: [0.3, 0.4, 0.8], 3: [0.5, 0.6]}
LONE = {1: [0.2], 2: [0.4]}


def test_line_is_a_mean_over_all_runs_and_has_markers_if_of_few() -> None:
    panel = curve_panel("t", {"b": LONE, "a": FULL}, ("a", "b", "c"), "epochs")
    assert [line.name for line in panel.lines] == ["a", "b"]
    np.testing.assert_allclose(panel.lines[0].y, (0.3, 0.5))  # the third step is of two runs only
    assert [line.marked for line in panel.lines] == [False, True]
    assert panel.x_label == "epochs"


def test_runs_are_said_for_each_contender_where_they_differ() -> None:
    alike = [{"a": FULL, "b": FULL}, {"a": FULL}]
    assert runs_text(alike, "ab") == "3 runs for each line."
    uneven = [{"a": FULL, "b": FULL, "c": FULL}, {"c": LONE}]
    marked = " A line with markers is of fewer than 3 runs."
    assert runs_text(uneven, "abc") == f"3 runs for each line of a, b; 1 to 3 runs of c.{marked}"
