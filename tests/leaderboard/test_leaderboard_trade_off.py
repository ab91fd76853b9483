"""Trade-off: fronts of common seeds where tasks search densities, means side by side where each fixes one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from nasbench_sparse.leaderboard.figures.panels import Panel
from nasbench_sparse.leaderboard.report import trade_off
from nasbench_sparse.leaderboard.report.blocks import Picture, Remark
from nasbench_sparse.leaderboard.report.subject import make_subject
from nasbench_sparse.leaderboard.report.trade_off import trade_off_blocks
from nasbench_sparse.leaderboard.results import read_results
from nasbench_sparse.store import Store
from tests.leaderboard.synthetic import graded, write_store

GAPS = {"random": 0.5, "lahc": 0.0}


def drawn(store: Store, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Panel], str]:
    """Return the panels of the first figure by title, and its note."""
    seen: list[Any] = []
    figure = trade_off.trade_off_figure
    monkeypatch.setattr(
        trade_off, "trade_off_figure", lambda panels, looks: seen.append(panels) or figure(panels, looks)
    )
    first = trade_off_blocks(make_subject(store, read_results(store)))[0]
    assert isinstance(first, Picture)
    return {panel.title: panel for panel in seen[0]}, first.note


def test_front_is_of_the_seeds_that_all_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loss = graded(GAPS)
    write_store(tmp_path / "s.duckdb", list(GAPS), {"a": "f", "b": "f"}, loss=loss)
    with duckdb.connect(str(tmp_path / "s.duckdb")) as connection:
        connection.execute("DELETE FROM runs WHERE run_id = 'lahc|a|1'")
        connection.execute("UPDATE runs SET status = 'failed' WHERE run_id = 'lahc|a|2'")
        connection.execute("DELETE FROM trials WHERE run_id = 'lahc|a|2' AND number > 1")
    panels, note = drawn(Store(tmp_path / "s.duckdb"), monkeypatch)
    assert set(panels) == {"a", "b"}
    assert "whose number is: a 1, b 3." in note
    for task, seeds in (("a", range(1)), ("b", range(3))):
        line = next(line for line in panels[task].lines if line.name == "random")
        best = [
            max(1 - (loss("random", task, s, n) or 0) / 4 for s in seeds for n in range(m + 1)) for m in range(4)
        ]
        densities = [0.05, 0.1, 0.15, 0.2]
        found = [line.y[line.x <= density + 1e-9][-1] for density in densities]
        np.testing.assert_allclose(found, best)


def test_tasks_that_fix_a_density_are_points_and_a_task_alone_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss = graded(GAPS)
    write_store(tmp_path / "s.duckdb", list(GAPS), {"a": "f", "b": "f", "c": "g"}, loss=loss)
    densities = {"a": 0.2, "b": 0.05, "c": 0.1}
    with duckdb.connect(str(tmp_path / "s.duckdb")) as connection:
        for task, density in densities.items():
            connection.execute("UPDATE trainings SET density = ? WHERE fingerprint = ?", [density, f"print-{task}"])
    panels, note = drawn(Store(tmp_path / "s.duckdb"), monkeypatch)
    assert set(panels) == {"f, fixed"}
    assert note.endswith("One density only, so no trade-off: c (density 0.1).")
    for line in panels["f, fixed"].lines:
        assert (line.stepped, line.marked) == (False, True)
        np.testing.assert_allclose(line.x, (0.05, 0.2))
        means = [
            np.mean([max(1 - (loss(line.name, task, s, n) or 0) / 4 for n in range(4)) for s in range(3)])
            for task in ("b", "a")
        ]
        np.testing.assert_allclose(line.y, means)


def test_tasks_of_one_density_have_no_trade_off(tmp_path: Path) -> None:
    write_store(tmp_path / "s.duckdb", list(GAPS), {"a": "f", "b": "g"}, loss=graded(GAPS))
    with duckdb.connect(str(tmp_path / "s.duckdb")) as connection:
        connection.execute("UPDATE trainings SET density = 0.1")
    store = Store(tmp_path / "s.duckdb")
    (block,) = trade_off_blocks(make_subject(store, read_results(store)))
    assert isinstance(block, Remark)
    assert block.sentences == ("One density only, so no trade-off: a (density 0.1), b (density 0.1).",)
