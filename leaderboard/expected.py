"""Expected best: how low random search is expected to come after each number of trials, from all of its trials."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np

from nasbench_sparse.leaderboard.results import Results
from nasbench_sparse.leaderboard.sql import query
from nasbench_sparse.leaderboard.standing import BASELINE
from nasbench_sparse.leaderboard.statistics.best_of_trials import ExpectedBest, expected_best
from nasbench_sparse.leaderboard.statistics.check import Ints
from nasbench_sparse.store import Store


@dataclass(frozen=True, slots=True)
class ExpectedBestRow:
    """Random search on one task; its trials there, of all its runs, are independent draws of a config."""

    task: str
    curve: ExpectedBest


def expected_best_rows(
    store: Store, results: Results, *, points: int = 32, seed: int = 0
) -> tuple[tuple[ExpectedBestRow, ...], str]:
    """Return the expected lowest loss of random search by number of trials, per task, and the SQL of its losses.

    A contender whose mean loss after n full evaluations lies below the curve at n found more than as many random
    configs would have. Tasks that random search was not run on are left out.

    Args:
        points: numbers of trials per curve, at most; they grow by a common factor from 1 to all that are recorded.
        seed: of the bootstrap.
    """
    sql = query("random_losses", run_ids=results.chosen, optimizer=BASELINE)
    frame = store.sql(sql)
    rows = []
    for task in results.tasks:
        losses = [loss for name, loss in frame.select("task", "loss").iter_rows() if name == task]
        if losses:
            rng = np.random.default_rng([seed, crc32(f"expected best {task}".encode())])
            rows.append(ExpectedBestRow(task, expected_best(losses, rng, trials=_trials(len(losses), points))))
    return tuple(rows), sql


def _trials(recorded: int, points: int) -> Ints:
    """Return increasing whole numbers from 1 to all that are recorded."""
    return np.unique(np.geomspace(1, recorded, points).round().astype(np.int64))
