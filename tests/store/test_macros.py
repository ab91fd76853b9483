"""The table macros against the same rules carried out in plain Python, on made-up runs."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from nasbench_sparse.store import Store
from nasbench_sparse.store.connect import create
from tests.store.samples import fill

FULL = 4
TASKS = ("a", "b")


class Row(NamedTuple):
    run_id: str
    number: int
    kind: str
    config_key: str
    fidelity: int
    units: int | None
    status: str | None
    loss: float | None
    told_at: float | None


def made_rows(rng: random.Random) -> Iterator[Row]:
    """Trials of 12 runs: unfinished and failed ones, search steps, low fidelities, equal and infinite losses."""
    for run in range(12):
        clock = 0.0
        for number in range(rng.randint(1, 12)):
            kind, fidelity = rng.choice([("trial", FULL)] * 3 + [("trial", 2), ("search", 1)])
            status = rng.choice(["OK"] * 5 + ["DIVERGED", None])
            clock += rng.choice([1.0, 2.0])
            loss = rng.choice([0.25, 0.5, 0.75, float("inf")]) if status == "OK" else 3.0
            told = (None, None, None) if status is None else (fidelity, loss, clock)
            yield Row(f"r{run:02}", number, kind, f"k{rng.randrange(6)}", fidelity, told[0], status, *told[1:])


def density(task: str, config_key: str) -> float:
    return 0.1 * (1 + int(config_key[1:])) if task == "a" else 0.5


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, list[Row]]:
    path = tmp_path_factory.mktemp("made") / "s.duckdb"
    create(path)
    rows = list(made_rows(random.Random(0)))
    with duckdb.connect(str(path)) as connection:
        declaration = json.dumps({"fidelity": {"max": FULL}, "folds": 1})
        for task in TASKS:
            connection.execute(
                "INSERT INTO tasks VALUES (?, ?, 1, NULL, NULL, ?)", [f"print-{task}", task, declaration]
            )
            connection.executemany(
                "INSERT INTO trainings (fingerprint, config_key, replicate, fold, step, phase, status, density) "
                "VALUES (?, ?, 0, 0, ?, 'search', 'OK', ?)",
                [[f"print-{task}", f"k{k}", FULL, density(task, f"k{k}")] for k in range(6)],
            )
        connection.executemany(
            "INSERT INTO runs (run_id, fingerprint, hidden, events) VALUES (?, ?, ?, 0)",
            [[run, f"print-{task_of(run)}", run == "r11"] for run in sorted({row.run_id for row in rows})],
        )
        connection.executemany(
            "INSERT INTO trials (run_id, number, kind, config_key, fidelity, units, status, loss, told_at, "
            "replicate, resumes_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)",
            rows,
        )
    return Store(path), rows


def task_of(run_id: str) -> str:
    return TASKS[int(run_id[1:]) % 2]


def counted(
    rows: list[Row], evaluations: Mapping[str, float], seconds: float | None, run_ids: list[str] | None
) -> list[Row]:
    """Trials told within a budget, by going through each run in order."""
    kept = []
    spent: dict[str, float] = {}
    for row in rows:
        before = spent.get(row.run_id, 0.0)
        charged = row.fidelity if row.kind == "trial" else 1
        spent[row.run_id] = before + (charged if row.units is None else row.units)
        cap = evaluations.get(task_of(row.run_id), float("inf")) * FULL
        in_time = row.told_at is not None and (seconds is None or row.told_at <= seconds)
        wanted = row.run_id != "r11" and (run_ids is None or row.run_id in run_ids)
        if row.status is not None and before < cap and in_time and wanted:
            kept.append(row)
    return kept


BUDGETS: list[dict[str, Any]] = [
    {},
    {"evaluations": {"a": 2.0}},
    {"evaluations": {"a": 1.5, "b": 4.0}},
    {"seconds": 6.0},
    {"evaluations": {"b": 3.0}, "seconds": 9.0, "run_ids": ["r01", "r02", "r11"]},
]
BANDS: list[tuple[float | None, float | None] | None] = [None, (0.2, 0.4), (0.5, 0.5), (0.3, None), (None, 0.3)]


def arguments(budget: Mapping[str, Any], band: tuple[float | None, float | None] | None = None) -> str:
    given = []
    if "evaluations" in budget:
        pairs = ", ".join(f"'{task}': {amount}" for task, amount in budget["evaluations"].items())
        given.append(f"evaluations := MAP {{{pairs}}}")
    if "seconds" in budget:
        given.append(f"seconds := {budget['seconds']}")
    if "run_ids" in budget:
        given.append(f"run_ids := {budget['run_ids']}")
    for name, end in zip(("density_low", "density_high"), band or (), strict=False):
        if end is not None:
            given.append(f"{name} := {end}")
    return ", ".join(given)


def expected(rows: list[Row], budget: Mapping[str, Any]) -> list[Row]:
    return counted(rows, budget.get("evaluations", {}), budget.get("seconds"), budget.get("run_ids"))


def final(rows: list[Row], band: tuple[float | None, float | None] | None) -> list[Row]:
    low, high = band or (None, None)
    low, high = 0.0 if low is None else low, 1.0 if high is None else high
    return [
        row
        for row in rows
        if (row.kind, row.fidelity, row.status) == ("trial", FULL, "OK")
        and row.loss != float("inf")
        and 0.99 * low <= density(task_of(row.run_id), row.config_key) <= 1.01 * high
    ]


@pytest.mark.parametrize("budget", BUDGETS)
def test_counted_trials_were_told_within_the_budget(made: tuple[Store, list[Row]], budget: dict[str, Any]) -> None:
    store, rows = made
    found = store.sql(f"SELECT run_id, number FROM counted_trials({arguments(budget)}) ORDER BY ALL").rows()
    assert found == sorted((row.run_id, row.number) for row in expected(rows, budget))
    assert found


@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("budget", BUDGETS)
def test_final_incumbents_are_the_first_of_the_best_final_trials(
    made: tuple[Store, list[Row]], budget: dict[str, Any], band: tuple[float | None, float | None] | None
) -> None:
    store, rows = made
    finals = final(expected(rows, budget), band)
    text = arguments(budget, band)
    found = store.sql(f"SELECT run_id, number FROM final_trials({text}) ORDER BY ALL").rows()
    assert found == sorted((row.run_id, row.number) for row in finals)
    best: dict[str, Row] = {}
    for row in finals:
        assert row.loss is not None
        if row.run_id not in best or row.loss < (best[row.run_id].loss or 0.0):
            best[row.run_id] = row
    told = store.sql(
        f"SELECT run_id, number, loss, task, config_key FROM final_incumbents({text}) ORDER BY ALL"
    ).rows()
    assert told == [
        (row.run_id, row.number, row.loss, task_of(row.run_id), row.config_key)
        for row in sorted(best.values(), key=lambda row: row.run_id)
    ]


@pytest.mark.parametrize("alias", ["r", "k", "t", "c", "b", "g", "o", "chosen", "best"])
def test_arguments_may_be_columns_of_any_name(made: tuple[Store, list[Row]], alias: str) -> None:
    store, rows = made
    found = store.sql(
        f"SELECT {alias}.run_id, (SELECT count(*) FROM counted_trials(run_ids := [{alias}.run_id])) "
        f"FROM visible_runs AS {alias} ORDER BY ALL"
    ).rows()
    told = [row.run_id for row in expected(rows, {})]
    assert found == [(run_id, told.count(run_id)) for run_id, _ in found]
    assert len({count for _, count in found}) > 1


def test_macros_see_what_is_in_journals_still(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.duckdb")
    fill(store, trials=3)
    pending = store.sql("SELECT run_id, number FROM counted_trials() ORDER BY ALL").rows()
    assert len(pending) == 3
    assert store.merge()
    assert store.sql("SELECT run_id, number FROM counted_trials() ORDER BY ALL").rows() == pending
