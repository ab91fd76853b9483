"""Shipped baselines: the runs of a suite's contenders, so that a newcomer is compared without making them again."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_sparse.errors import NbsError
from nasbench_sparse.registry import load_task
from nasbench_sparse.runner.plan import already_done, plan_suite
from nasbench_sparse.runner.provenance import PACKAGES
from nasbench_sparse.runner.suite import Suite
from nasbench_sparse.tabular.results import take_over_tables

if TYPE_CHECKING:
    from nasbench_sparse.store import Store

SHIPPED = Path(__file__).parent / "runs"
"""Folder of the runs that come with the package, one folder for each suite."""


def find_baselines(suite: str, place: Path = SHIPPED) -> Path | None:
    """Return the folder of a suite's shipped runs; None if there are none."""
    folder = place / suite
    return folder if (folder / "manifest.json").is_file() else None


def add_baselines(store: Store, suite: Suite, place: Path = SHIPPED) -> int:
    """Add a suite's shipped runs that a store lacks, with the tables of its tasks; return how many runs were added.

    Raises:
        StoreError: what was shipped is damaged, or other processes hold the store.
        TableError: a task's table is damaged.
    """
    folder = find_baselines(suite.name, place)
    if folder is None:
        return 0
    lacks = shipped_runs(folder) - store.statuses().keys()
    added = store.merge_from(folder)["runs"] if lacks else 0
    take_over_tables(store, map(load_task, suite.tasks))
    return added


def added_text(runs: int, suite: str, store: Path) -> str:
    """Say that shipped runs were added to a store."""
    return f"added the {runs:,} runs of suite {suite} that come with the package to {store}"


def shipped_runs(folder: Path) -> frozenset[str]:
    """Return the ids of the runs in a folder of shipped ones."""
    import pyarrow.parquet as pq

    return frozenset(pq.ParquetFile(folder / "runs.parquet").read(columns=["run_id"])["run_id"].to_pylist())


def ship_baselines(store: Store, suite: Suite, folder: Path, command: str, *, partial: bool = False) -> list[Path]:
    """Write a suite's runs as they are shipped, and return the files.

    Args:
        command: how to make them, for the manifest.
        partial: leave out runs that have not ended, and name them in the manifest.
    Raises:
        NbsError: some have not ended in this store, and `partial` is not given.
    """
    plans = plan_suite(suite)
    recorded = store.statuses()
    ended = {
        plan.spec.run_id
        for plan in plans
        if plan.spec.run_id in recorded and already_done(recorded[plan.spec.run_id], plan.budget)
    }
    missing = [
        f"{s.optimizer} on {s.task}, seed {s.seed}" for s in (p.spec for p in plans) if s.run_id not in ended
    ]
    if missing and not partial:
        raise NbsError(
            f"{len(missing)} of {len(plans)} runs of suite {suite.name!r} have not ended in {store.path}, such as "
            f"{missing[0]}: `{command}` carries them out"
        )
    return store.export_runs(folder, ended, {**_made(suite, command), "missing": missing})


def _made(suite: Suite, command: str) -> dict[str, Any]:
    installed = {name: version(name) for name in PACKAGES}
    blocks = [
        {
            "tasks": list(block.tasks),
            "contenders": [[each.optimizer, dict(each.options)] for each in block.contenders],
            "seeds": list(block.seeds),
            "budget": {block.budget.unit: block.budget.amount},
        }
        for block in suite.blocks
    ]
    return {"suite": suite.name, "command": command, "versions": installed, "blocks": blocks}
