"""The command `compare`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nasbench_sparse.cli.arguments import split_options
from nasbench_sparse.cli.console import say
from nasbench_sparse.cli.cores import usable_cores
from nasbench_sparse.cli.results import say_added
from nasbench_sparse.cli.study import progress_watcher
from nasbench_sparse.registry import load_optimizer

NOT_BETTER = 3


def compare_newcomer(
    optimizer: str,
    suite: str,
    store: Path,
    options: Sequence[str],
    output: Path | None,
    require_better: str | None,
    slots: int | None,
    *,
    quiet: bool,
) -> int:
    """Compare a newcomer with a suite's contenders in the store, print the outcome, and return the exit status.

    Raises:
        NbsError: it cannot be started.
    """
    from nasbench_sparse.leaderboard.compare import compare
    from nasbench_sparse.runner.resources import Resources

    (own,) = split_options(options, [load_optimizer(optimizer)])
    watcher = None if quiet else progress_watcher()
    try:
        outcome = compare(
            optimizer,
            suite=suite,
            store=store,
            directory=output,
            options=own,
            require_better=require_better,
            resources=None if slots is None else Resources(slots=slots),
            watcher=watcher,
            processes=usable_cores(),
        )
    finally:
        if watcher is not None:
            watcher.close()
    say_added(outcome.baselines_added, outcome.suite, store)
    print(outcome)
    if outcome.report is not None:
        print(f"\nThe report is {outcome.report.page}.")
    for run_id, error in outcome.failed.items():
        say(f"error: run {run_id} failed: {error}")
    if outcome.failed:
        return 1
    return NOT_BETTER if outcome.better is False else 0
