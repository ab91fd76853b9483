"""The command `compare`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench_sparse.cli.arguments import split_options
from nasbench_sparse.cli.console import say
from nasbench_sparse.cli.study import INTERRUPTED, progress_watcher, say_grouped, say_interrupted
from nasbench_sparse.core.cores import usable_cores
from nasbench_sparse.registry import load_optimizer, load_suite

if TYPE_CHECKING:
    from nasbench_sparse.leaderboard.comparison import Comparison

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
    as_json: bool,
    quiet: bool,
) -> int:
    """Compare a newcomer with a suite's contenders, print the outcome, and return the exit status.

    Raises:
        NbsError: it cannot be started, or every run of the newcomer that was tried failed.
    """
    from nasbench_sparse.leaderboard.compare import compare
    from nasbench_sparse.leaderboard.report.build import make_folder
    from nasbench_sparse.runner.resources import Resources

    declared = load_suite(suite)
    (own,) = split_options(options, [load_optimizer(optimizer)])
    if output is not None:
        make_folder(output)
    watcher = None if quiet else progress_watcher()
    try:
        try:
            outcome = compare(
                optimizer,
                suite=declared,
                store=store,
                options=own,
                require_better=require_better,
                resources=None if slots is None else Resources(slots=slots),
                watcher=watcher,
                tell=say,
            )
        finally:
            if watcher is not None:
                watcher.close()
        _show(outcome, output, as_json=as_json)
    except KeyboardInterrupt:
        say_interrupted()
        return INTERRUPTED
    _say_failed(outcome)
    if outcome.failed:
        return 1
    return NOT_BETTER if outcome.better is False else 0


def _say_failed(outcome: Comparison) -> None:
    def named(run_id: str) -> str:
        run = outcome.failed[run_id]
        return f"run {run_id} ({run.task}, {run.contender}, seed {run.seed})"

    say_grouped({run_id: run.error for run_id, run in outcome.failed.items()}, named)


def _show(outcome: Comparison, output: Path | None, *, as_json: bool) -> None:
    """Print what was found, and draw the report if one is wanted; as JSON once that is done."""
    from nasbench_sparse.leaderboard.formats import comparison_json

    if not as_json:
        print(outcome, flush=True)
    if output is not None:
        say("drawing the report ...")
        outcome = outcome.write(output, processes=usable_cores())
    if as_json:
        print(comparison_json(outcome), end="")
    elif outcome.report is not None:
        print(f"\nThe report is {outcome.report.page}.")
