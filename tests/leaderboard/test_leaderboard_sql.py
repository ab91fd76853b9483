"""The named queries run as they are, and settings are written into them safely."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from nasbench_sparse.leaderboard.sql import literal, query
from tests.leaderboard.synthetic import graded, write_store

NAMES = sorted(
    path.name.removesuffix(".sql")
    for path in (files("nasbench_sparse.leaderboard") / "queries").iterdir()
    if path.name.endswith(".sql")
)


@pytest.mark.parametrize("name", NAMES)
def test_query_runs_by_hand_on_the_sealed_connection(name: str, tmp_path: Path) -> None:
    store = write_store(
        tmp_path / "s.duckdb",
        ["lahc", "asha", "random"],
        {"a": "f"},
        loss=graded({"lahc": 0, "asha": 1, "random": 2}),
        replicates=2,
        measured=True,
        whole_space=True,
    )
    text = query(name)
    assert not text.startswith("-")  # a command line would take it for an option
    every = store.sql(text)
    assert every.height > 0
    if "run_ids" not in text:
        return
    assert store.sql(query(name, run_ids=[])).height == 0
    runs = [f"{name}|a|{seed}" for name in ("lahc", "asha", "random") for seed in range(3)]
    assert store.sql(query(name, run_ids=runs)).equals(every)


def test_incumbents_improve_and_end_at_the_final_loss(tmp_path: Path) -> None:
    losses = (0.5, 0.7, 0.4, 0.4)
    store = write_store(tmp_path / "s.duckdb", ["lahc"], {"a": "f"}, seeds=1, loss=lambda *which: losses[which[3]])
    assert store.sql(query("incumbents")).rows() == [("lahc|a|0", 1.0, 1.0, 0.5), ("lahc|a|0", 3.0, 3.0, 0.4)]


def test_final_losses_keep_to_a_budget(tmp_path: Path) -> None:
    losses = (0.5, 0.7, 0.4, 0.3)
    store = write_store(tmp_path / "s.duckdb", ["lahc"], {"a": "f"}, seeds=1, loss=lambda *which: losses[which[3]])

    def found(**budget: object) -> float:
        return float(store.sql(query("final_losses", **budget))["loss"][0])  # type: ignore[arg-type]

    assert found() == 0.3
    assert found(evaluations={"a": 2.0}) == 0.5
    assert found(evaluations={"a": 2.5}) == 0.4  # asked before the budget was spent
    assert found(evaluations={"b": 1.0}) == 0.3
    assert found(seconds=3.0) == 0.4


@pytest.mark.parametrize("budget", [{}, {"evaluations": {"a": 2.5, "b": 1.0}}, {"seconds": 2.0}])
def test_best_configs_have_the_lowest_of_the_final_losses(budget: dict[str, Any], tmp_path: Path) -> None:
    gaps = {"lahc": 0.0, "asha": 0.01}
    store = write_store(
        tmp_path / "s.duckdb", list(gaps), {"a": "f", "b": "g"}, loss=graded(gaps), replicates=3, whole_space=True
    )
    finals = dict(store.sql(query("final_losses", **budget)).iter_rows())
    found = store.sql(query("best_configs", **budget)).select("task", "run_id", "loss").rows()
    assert [task for task, _, _ in found] == ["a", "b"]
    for task, run_id, loss in found:
        assert loss == min(value for name, value in finals.items() if f"|{task}|" in name) == finals[run_id]
    seen = dict(store.sql("SELECT run_id, min(loss) FROM trials GROUP BY ALL").iter_rows())
    assert all(loss != seen[run_id] for _, run_id, loss in found)  # a mean over replicates, not the one seen


def test_findings_keep_to_a_budget(tmp_path: Path) -> None:
    losses = (0.5, 0.7, 0.4, 0.3)
    store = write_store(
        tmp_path / "s.duckdb", ["lahc"], {"a": "f"}, seeds=1, loss=lambda *w: losses[w[3]], measured=True
    )
    for budget, trained, accuracy in (
        ({}, 4, 1 - 0.3 / 4),
        ({"evaluations": {"a": 2.5}}, 3, 0.9),
        ({"seconds": 2.0}, 2, 1 - 0.5 / 4),
    ):
        asked: dict[str, Any] = dict(budget)
        assert store.sql(query("trade_off", **asked)).height == trained
        assert store.sql(query("learning_curves", **asked))["val_accuracy"][-1] == pytest.approx(accuracy)
        assert store.sql(query("gradient_flow", **asked)).height == 4
        assert store.sql(query("choices", **asked))["incumbents"].sum() == 1


def test_final_losses_skip_what_is_not_finite(tmp_path: Path) -> None:
    losses = (float("nan"), float("-inf"), 0.4, 0.6)
    store = write_store(tmp_path / "s.duckdb", ["lahc"], {"a": "f"}, seeds=1, loss=lambda *which: losses[which[3]])
    assert store.sql(query("final_losses"))["loss"].to_list() == [0.4]


def test_literals_are_quoted(tmp_path: Path) -> None:
    assert literal("it's") == "'it''s'"
    assert literal({"a'b": 1.5}) == "MAP {'a''b': 1.5}"
    assert literal(["x", "y"]) == "['x', 'y']"
    assert literal(None) == "NULL"
    store = write_store(tmp_path / "s.duckdb", ["lahc"], {"x'); DROP TABLE runs; --": "f"})
    assert store.sql(query("runs", tasks=["x'); DROP TABLE runs; --"])).height == 3


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="no setting 'nope'"):
        query("runs", nope=1.0)
