"""A short curve of each task: results that change without a new engine or task version are noticed here.

`python -m tests.tasks.test_golden` writes the file anew, which belongs in the same change as the new version.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from nasbench_sparse.core.config import config_key
from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Trial
from nasbench_sparse.tasks import tasks
from nasbench_sparse.training.version import ENGINE

FILE = Path(__file__).with_name("golden.json")
TASKS = {task.name: task for task in tasks()}
TOLERANCE = 1e-4
"""Relative: other processors round differently in the last bits."""


def curve_of(task: Task, config: dict[str, Any]) -> dict[str, float | None]:
    """Train a config for one epoch on replicate 0."""
    evaluation, _ = task.evaluate(Trial(0, config, config_key(config), 1, 0))
    point = evaluation.curve[0]
    return {name: getattr(point, name) for name in ("train_loss", "val_loss", "test_loss", "density")}


@pytest.mark.parametrize("name", sorted(TASKS))
def test_golden_curve(name: str) -> None:
    golden = orjson.loads(FILE.read_bytes())[name]
    assert (golden["engine"], golden["version"]) == (ENGINE, TASKS[name].version)
    assert golden["fingerprint"] == TASKS[name].fingerprint
    assert curve_of(TASKS[name], golden["config"]) == pytest.approx(golden["curve"], rel=TOLERANCE)


def test_golden_file_holds_no_other_tasks() -> None:
    assert sorted(orjson.loads(FILE.read_bytes())) == sorted(TASKS)


def main() -> None:
    """Write the golden file."""
    golden = {}
    for name, task in sorted(TASKS.items()):
        config = task.space.sample(np.random.default_rng(5))
        golden[name] = {
            "engine": ENGINE,
            "version": task.version,
            "fingerprint": task.fingerprint,
            "config": config,
            "curve": curve_of(task, config),
        }
    FILE.write_bytes(orjson.dumps(golden, option=orjson.OPT_INDENT_2) + b"\n")


if __name__ == "__main__":
    main()
