"""A chain's results for people, as tables and notes, and for programs, as one record."""

from __future__ import annotations

import math
from typing import Any

from nasbench_sparse.core.config import config_key
from nasbench_sparse.leaderboard.chains import METRIC, ChainResult, Confirmed, Difference
from nasbench_sparse.leaderboard.statistics.wilcoxon import TOO_FEW
from nasbench_sparse.leaderboard.table import HOLE, Table
from nasbench_sparse.runner.chain import Fixed
from nasbench_sparse.runner.chain_walk import Path, Step


def searches_table(result: ChainResult) -> Table:
    """Return one row for each stage of each seed, the chain's before those of its baselines.

    What a narrow terminal leaves out first stands last.
    """
    rows = []
    for path in result.paths:
        for step in path.steps:
            best = step.outcome.incumbent
            rows.append(
                (
                    path.chain.name,
                    str(path.seed),
                    step.stage.name,
                    step.outcome.status,
                    HOLE if best is None else f"{best.loss:.4f}",
                    f"{step.outcome.seconds:.1f} s",
                    step.plan.spec.optimizer,
                    step.plan.spec.task,
                )
            )
    columns = ("method", "seed", "stage", "status", "loss", "training", "optimizer", "task")
    left = frozenset({"method", "stage", "optimizer", "task", "status"})
    return Table(f"{result.chain.name}: searches", columns, tuple(rows), left)


def methods_table(result: ChainResult) -> Table:
    """Return one row for each confirmed method, the chain first."""
    tests: dict[str, Difference] = {difference.baseline: difference for difference in result.differences}
    rows = tuple((method.name, *_values(method), *_comparison(tests.get(method.name))) for method in result.methods)
    columns = ("method", "n", "mean", "95 %", "chain - it", "p", "p (Holm)")
    return Table(f"{result.chain.name}: {METRIC}, confirmed", columns, rows, frozenset({"method"}))


def notes(result: ChainResult) -> list[str]:
    """Return what must be read with the tables."""
    said = []
    begun = tuple(dict.fromkeys(path.seed for path in result.paths))
    if begun != result.chain.seeds:
        said.append(f"seeds {list(begun)}; the chain declares {list(result.chain.seeds)}")
    for path in result.paths:
        for step in path.steps:
            if step.outcome.incumbent is None and step.outcome.status in ("finished", "exhausted"):
                stage = f"{path.chain.name}, seed {path.seed}, stage {step.stage.name}"
                said.append(f"{stage} ended without any result: no trial of it succeeded")
    if result.chain.confirm is None:
        return [*said, "the chain declares no confirmation, so no test results are reported"]
    said.append(
        f"confirmed on the fresh replicates {list(result.chain.confirm.replicates)}; n counts replicates, a value "
        "is the mean over seeds, and pairs share the replicate"
    )
    if result.differences:
        said.append("exact signed-rank tests, one-sided: the chain is expected to have the larger values")
    if result.correction is not None:
        said.append(result.correction.sentence)
    replicates = len(result.chain.confirm.replicates)
    for method in result.methods:
        if method.n < replicates:
            also = f", {method.diverged} trainings diverged" if method.diverged else ""
            said.append(f"{method.name}: {replicates - method.n} of {replicates} replicates are not whole{also}")
    return said


def record(result: ChainResult) -> dict[str, Any]:
    """Return everything as JSON data, None for what there is not."""
    confirm = result.chain.confirm
    return {
        "chain": result.chain.name,
        "searches": [_search(path, step) for path in result.paths for step in path.steps],
        "metric": METRIC,
        "replicates": [] if confirm is None else list(confirm.replicates),
        "methods": [_method(method) for method in result.methods],
        "differences": [_difference(difference) for difference in result.differences],
        "notes": notes(result),
    }


def _search(path: Path, step: Step) -> dict[str, Any]:
    best = step.outcome.incumbent
    return {
        "method": path.chain.name,
        "seed": path.seed,
        "stage": step.stage.name,
        "run_id": step.outcome.run_id,
        "task": step.plan.spec.task,
        "fingerprint": step.plan.spec.fingerprint,
        "derived_from": step.plan.task.derived_from,
        "optimizer": step.plan.spec.optimizer,
        "status": step.outcome.status,
        "loss": None if best is None else best.loss,
        "config": None if best is None else dict(best.config),
        "seconds": step.outcome.seconds,
    }


def _method(method: Confirmed) -> dict[str, Any]:
    interval = method.interval
    return {
        "name": method.name,
        "n": method.n,
        "mean": method.mean,
        "low": None if interval is None else interval.low,
        "high": None if interval is None else interval.high,
        "values": [None if math.isnan(value) else float(value) for value in method.values],
        "diverged": method.diverged,
        "finals": [None if final is None else _final(final) for final in method.finals],
    }


def _final(final: Fixed) -> dict[str, Any]:
    return {
        "task": final.task.name,
        "fingerprint": final.task.fingerprint,
        "config_key": config_key(final.config),
        "config": dict(final.config),
    }


def _difference(difference: Difference) -> dict[str, Any]:
    test = difference.test
    interval = None if test is None else test.difference_interval
    return {
        "baseline": difference.baseline,
        "pairs": 0 if test is None else test.n,
        "difference": None if test is None else test.difference,
        "low": None if interval is None else interval.low,
        "high": None if interval is None else interval.high,
        "effect": None if test is None else test.effect,
        "p_value": None if test is None else test.p_value,
        "smallest_p_value": None if test is None else test.smallest_p_value,
        "p_adjusted": difference.adjusted,
    }


def _values(method: Confirmed) -> tuple[str, str, str]:
    mean = HOLE if method.mean is None else f"{method.mean:.4f}"
    interval = method.interval
    return str(method.n), mean, HOLE if interval is None else f"{interval.low:.4f} to {interval.high:.4f}"


def _comparison(difference: Difference | None) -> tuple[str, str, str]:
    if difference is None or difference.test is None:
        return HOLE, HOLE, HOLE
    adjusted = HOLE if difference.adjusted is None else f"{difference.adjusted:.3g}"
    p = difference.test.p_text
    return f"{difference.test.difference:+.4f}", p, adjusted if p != TOO_FEW else HOLE
