"""Trainings that diverged: counted as a network that guesses, so that they do not vanish from a comparison."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

import orjson

from nasbench_sparse.core.config import Config, config_key
from nasbench_sparse.core.task import Task
from nasbench_sparse.data.catalogue import dataset_info
from nasbench_sparse.leaderboard.papers.values import Value, values
from nasbench_sparse.leaderboard.sql import query

if TYPE_CHECKING:
    from nasbench_sparse.store import Store


def diverged(store: Store, task: Task) -> list[tuple[Config, int]]:
    """Return config and replicate of each training of a task of which a fold diverged."""
    rows = store.sql(query("design_cells", fingerprint=task.fingerprint, metric="test_accuracy"))
    return [
        (orjson.loads(config), replicate)
        for config, replicate, lost in rows.select("config", "replicate", "diverged").iter_rows()
        if lost
    ]


def counted(store: Store, task: Task, metric: str, at: str | int = "end") -> list[Value]:
    """Return `values`, and what guessing has for each training that diverged before it had a value.

    Of metrics for which guessing means nothing, diverged trainings have no value.
    """
    found, lost = values(store, task, metric, at), diverged(store, task)
    worst = guessing(task, metric) if lost else None
    held = {(config_key(one.config), one.replicate) for one in found}
    missing = [(config, r) for config, r in lost if (config_key(config), r) not in held]
    return found if worst is None else found + [Value(config, r, worst) for config, r in missing]


def guessing(task: Task, metric: str) -> float | None:
    """Return the accuracy, or the cross-entropy in nats, of a network that knows nothing; None of other metrics."""
    classes = dataset_info(task.dataset).classes
    split, _, kind = metric.partition("_")
    if split not in ("val", "test"):
        return None
    return {"accuracy": 1.0 / classes, "loss": log(classes)}.get(kind)


def said(lost: int, of: int) -> str:
    """Say how many trainings diverged, after a comma; nothing if none did."""
    return f", {lost} of {of} trainings diverged" if lost else ""
