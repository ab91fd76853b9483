"""Stores written by hand: any contenders, tasks and losses, in a moment."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb

from nasbench_sparse.store import Store
from nasbench_sparse.store.connect import create

FULL, WORST = 4, 3.0
OPERATORS = ("relu", "swish", "symlog")

Loss = Callable[[str, str, int, int], float | None]
"""Loss of (contender, task, seed, trial); None for a trial that failed."""


def write_store(
    path: Path,
    contenders: Mapping[str, Loss] | list[str],
    tasks: Mapping[str, str],
    *,
    seeds: int = 3,
    trials: int = 4,
    loss: Loss | None = None,
    status: str = "finished",
    study: str = "made",
    replicates: int = 1,
    measured: bool = False,
    whole_space: bool | None = None,
    space: Mapping[str, object] | None = None,
) -> Store:
    """Write a store: every contender on every task (name to family) with each seed, trained configs included.

    Args:
        replicates: that each config was trained on; further ones disagree by up to 0.1.
        measured: record a measure "gain", which falls as the loss rises, a constant one, and a gradient flow of
            1 over the step.
        whole_space: the trained configs are a table of each task, of its whole space or not; None for no table.
        space: as tasks declare it; configs have an `operator_0` and a rate.
    """
    create(path)
    declaration = {
        "folds": 1,
        "fidelity": {"unit": "epochs", "min": 1, "max": FULL},
        "objective": {"metric": "val_loss", "goal": "minimize", "worst": WORST},
        "space": dict(space or {"type": "Made"}),
    }
    runs, rows, configs, points = [], [], {}, {}
    for task in tasks:
        print_ = f"print-{task}"
        for contender in contenders:
            for seed in range(seeds):
                run_id = f"{contender}|{task}|{seed}"
                spent = json.dumps({"optimizer_seconds": 0.25})
                runs.append((run_id, study, print_, contender, seed, spent, status))
                for number in range(trials):
                    value = loss(contender, task, seed, number) if loss else 1.0
                    key = f"{contender}{seed}{number}"
                    outcome = "FAILED" if value is None else "OK"
                    told = float(number + 1)
                    rows.append((run_id, number, key, outcome, WORST if value is None else value, told, told))
                    choice = {"operator_0": OPERATORS[(seed + number) % 3], "rate": 0.1 * number}
                    configs[print_, key] = json.dumps(choice)
                    if value is not None:
                        density = 0.05 * (1 + number % 4)
                        for replicate in range(replicates):
                            shift = 0.1 * hash_of(f"{key}{replicate}") if replicate else 0.0
                            for step in range(1, FULL + 1):
                                point = value + shift + (FULL - step) * 0.1, 1 - value / 4, density
                                points[print_, key, replicate, step] = point
    with duckdb.connect(str(path)) as connection:
        for task, family in tasks.items():
            connection.execute(
                "INSERT INTO tasks VALUES (?, ?, 1, ?, NULL, ?)",
                [f"print-{task}", task, family, json.dumps(declaration)],
            )
            if whole_space is not None:
                trained = sum(print_ == f"print-{task}" for print_, _ in configs)
                covers = {"fingerprint": f"print-{task}", "configs": trained, "replicates": replicates}
                provenance = json.dumps({"table": {**covers, "whole_space": whole_space}})
                connection.execute("INSERT INTO provenances VALUES (?, ?)", [f"table-{task}", provenance])
        connection.execute("BEGIN")
        for run in runs:
            connection.execute(
                "INSERT INTO runs (run_id, study, fingerprint, optimizer, options, source_hash, seed, replicate, "
                "spent, workers, executor, status, started, ended, provenance, hidden, events) VALUES "
                "(?, ?, ?, ?, '{}', '1', ?, 0, ?, 1, 'serial', ?, '2026-01-01', '2026-01-02', "
                """'{"device": "cpu", "versions": {"python": "3"}}', false, 0)""",
                list(run),
            )
        connection.execute("COMMIT")
        _bulk(connection, rows, configs, points, measured=measured)
    return Store(path)


def _bulk(
    connection: duckdb.DuckDBPyConnection,
    rows: list[tuple[object, ...]],
    configs: Mapping[tuple[str, str], str],
    points: Mapping[tuple[str, str, int, int], tuple[float, float, float]],
    *,
    measured: bool,
) -> None:
    import polars as pl

    if not rows:
        return
    names = ("run_id", "number", "config_key", "status", "loss", "told_at", "seconds")
    told = pl.DataFrame(rows, schema=names, orient="row", strict=False)
    connection.register("told", told)
    connection.execute(
        "INSERT INTO trials (run_id, number, kind, config_key, replicate, fidelity, resumes_at, status, loss, "
        "units, seconds, told_at, told_order) "
        f"SELECT run_id, number, 'trial', config_key, 0, {FULL}, 0, status, loss, {FULL}, 1.0, told_at, number "
        "FROM told"
    )
    found = pl.DataFrame([(*k, v) for k, v in configs.items()], schema=("f", "k", "c"), orient="row")
    connection.register("found", found)
    connection.execute("INSERT INTO configs SELECT f, k, c FROM found")
    if not points:
        return
    curves = pl.DataFrame(
        [(*k, *v) for k, v in points.items()],
        schema=("f", "k", "replicate", "step", "loss", "accuracy", "density"),
        orient="row",
    )
    connection.register("curves", curves)
    metrics = "MAP {'gain': 1 - loss + step / 10, 'steady': 1.0, 'egf_2': 1 / step}" if measured else "MAP {}"
    connection.execute(
        "INSERT INTO trainings (fingerprint, config_key, replicate, fold, step, phase, status, val_loss, "
        "val_accuracy, density, seconds, metrics) "
        f"SELECT f, k, replicate, 0, step, 'search', 'OK', loss, accuracy, density, step, {metrics} FROM curves"
    )


def graded(gaps: Mapping[str, float], noise: float = 0.05) -> Loss:
    """Return losses that differ by the contender's gap, with noise that is a function of everything."""

    def loss(contender: str, task: str, seed: int, number: int) -> float:
        wave = (hash_of(f"{contender}{task}{seed}{number}") - 0.5) * noise
        return 1.0 + gaps[contender] - 0.05 * number + wave

    return loss


def hash_of(text: str) -> float:
    """Return a number in [0, 1) from a text, the same in every process."""
    from hashlib import blake2b

    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "little") / 2**32
