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

    def trials_for(self, loss: float) -> float | None:
        """Return after how many random trials the best one's expected loss is as low as this, 1 or more.

        Read off between the points of the curve on a logarithmic scale of trials. None where even all recorded
        trials together are not expected to come as low.
        """
        lowest = np.minimum.accumulate(self.curve.expected)
        if loss < lowest[-1]:
            return None
        return float(np.exp(np.interp(loss, lowest[::-1], np.log(self.curve.trials[::-1]))))


def expected_best_rows(
    store: Store, results: Results, *, points: int = 64, resamples: int = 1000, seed: int = 0
) -> tuple[tuple[ExpectedBestRow, ...], str]:
    """Return the expected loss of random search's best trial by number of trials, per task, and its losses' SQL.

    The best is chosen by the losses that trials were told with, as an incumbent is; its loss is the one by which
    contenders are compared, the mean over the replicates of a table. A contender whose mean loss after n full
    evaluations lies below the curve at n found more than as many random configs would have. Tasks that random
    search was not run on are left out.

    Args:
        points: numbers of trials per curve, at most; they grow by a common factor from 1 to all that are recorded.
        resamples, seed: of the bootstrap.
    """
    sql = query("random_losses", run_ids=results.chosen, optimizer=BASELINE)
    frame = store.sql(sql)
    rows = []
    for task in results.tasks:
        own = frame.filter(frame["task"] == task)
        if own.height:
            numbers = _trials(own.height, points)
            rng = np.random.default_rng([seed, crc32(f"expected best {task}".encode())])
            curve = expected_best(own["loss"], rng, seen=own["seen"], trials=numbers, resamples=resamples)
            rows.append(ExpectedBestRow(task, curve))
    return tuple(rows), sql


def _trials(recorded: int, points: int) -> Ints:
    """Return increasing whole numbers from 1 to all that are recorded."""
    return np.unique(np.geomspace(1, recorded, points).round().astype(np.int64))
