"""Tables of any size whose numbers are drawn, not trained: they stand for recorded ones."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
import orjson

from nasbench_sparse.core.config import Config, config_key
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.tabular.curves import FIELDS, Curves, Points
from nasbench_sparse.tabular.table import Table
from nasbench_sparse.testing.problems import SyntheticTask
from nasbench_sparse.testing.synthetic_spaces import ChromosomeSpace


def made_task(name: str, *, genes: int, epochs: int) -> SyntheticTask:
    """Declare a task of one replicate over chromosomes, 5 operators a gene."""
    return SyntheticTask(
        name=name, space=ChromosomeSpace(length=genes), fidelity=Fidelity("epochs", 1, epochs), replicates=1
    )


def made_table(task: SyntheticTask, configs: int | None = None) -> Table:
    """Draw a complete table of a task's first `configs` configs, of all by default.

    Losses fall with the epochs, seconds grow with them; the other columns are noise.
    """
    listed = list(_first(task, configs))
    epochs = task.fidelity.max
    rows, step = len(listed) * epochs, np.tile(np.arange(1, epochs + 1, dtype=np.int32), len(listed))
    rng = np.random.default_rng(0)
    values = rng.random((rows, len(FIELDS)))
    values[:, FIELDS.index("val_loss")] += 1.0 / step
    values[:, FIELDS.index("seconds")] = step * np.repeat(1.0 + rng.random(len(listed)), epochs)
    config = np.repeat(np.arange(len(listed), dtype=np.int32), epochs)
    none = np.zeros(rows, dtype=np.int32)
    return Table(
        task,
        [config_key(config) for config in listed],
        [orjson.dumps(config).decode() for config in listed],
        Curves(Points(config, none, none, step, none.astype(np.bool_), values), len(listed), 1),
        listed=len(listed),
        replicates=1,
    )


def _first(task: SyntheticTask, configs: int | None) -> Iterator[Config]:
    return islice(task.space.grid(1), configs)
