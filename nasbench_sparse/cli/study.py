"""The command `run`: carries out a study, shows how it goes, and prints its leaderboard."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from nasbench_sparse.cli import PROGRAM
from nasbench_sparse.cli.console import console, say, show_board, show_table
from nasbench_sparse.cli.dry_run import forecast, forecast_table, summary
from nasbench_sparse.cli.plans import Request, make_plans
from nasbench_sparse.cli.progress import Progress
from nasbench_sparse.runner.loop import Resume
from nasbench_sparse.runner.plan import PlannedRun
from nasbench_sparse.runner.study import Resources, Study, StudyReport, Unwatched
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.results import OnMissing, TabularResults

INTERRUPTED = 130
EMPTY = """
SELECT run_id FROM runs
WHERE status IN ('finished', 'exhausted') AND list_contains(?, run_id)
  AND run_id NOT IN (SELECT run_id FROM trials WHERE kind = 'trial' AND status = 'OK')
ORDER BY run_id
"""


def run_study(
    request: Request,
    resources: Resources,
    resume: Resume,
    store: Path,
    *,
    on_missing: OnMissing | None = None,
    quiet: bool,
) -> int:
    """Carry out what was asked for and return the exit status.

    Raises:
        NbsError: it cannot be started.
    """
    plans = make_plans(request)
    progress = None if quiet else progress_watcher()
    recorded = TabularResults(on_missing)
    study = Study(Store(store), resources, resume=resume, watcher=progress or Unwatched(), recorded=recorded)
    try:
        report = study.run(plans)
    except KeyboardInterrupt:
        if progress is not None:
            progress.close()
        say(f"interrupted; what was recorded is kept, and the same command goes on: {retry_command()}")
        return INTERRUPTED
    finally:
        if progress is not None:
            progress.close()
    if not quiet:
        show_results(plans, store)
        _say_empty(plans, store)
    return _say_failures(plans, report)


def show_forecast(request: Request, store: Path) -> None:
    """Print what a run would do."""
    plans = make_plans(request)
    exists = store.exists() or Path(f"{store}.journal").is_dir()
    forecasts = forecast(plans, Store(store, create=False) if exists else None)
    out = console()
    show_table(forecast_table(forecasts), out)
    out.print(summary(forecasts, store, request.slots), markup=False)


def show_results(plans: Sequence[PlannedRun], store: Path) -> None:
    """Print the leaderboard of these runs, and where everything is."""
    from nasbench_sparse.leaderboard.board import read_board

    out = console()
    board = read_board(Store(store, create=False), run_ids=[plan.spec.run_id for plan in plans])
    show_board(board, out)
    out.print(f"\nEverything is in {store}", markup=False, soft_wrap=True)


def _say_empty(plans: Sequence[PlannedRun], store: Path) -> None:
    """Warn of runs that ended without a single result, such as a gradient-based search that diverged."""
    by_id = {plan.spec.run_id: plan.spec for plan in plans}
    ended = Store(store, create=False).sql(EMPTY, (list(by_id),))
    for run_id in ended["run_id"]:
        spec = by_id[run_id]
        say(
            f"warning: run {run_id} ({spec.task}, {spec.optimizer}, seed {spec.seed}) ended without any result: "
            "no trial of it succeeded"
        )


def _say_failures(plans: Sequence[PlannedRun], report: StudyReport) -> int:
    by_id = {plan.spec.run_id: plan.spec for plan in plans}
    for run_id, error in report.failed.items():
        spec = by_id[run_id]
        say(f"error: run {run_id} ({spec.task}, {spec.optimizer}, seed {spec.seed}) failed: {error}")
    return 1 if report.failed else 0


def progress_watcher() -> Progress:
    """Return what shows a study on this terminal, or on none."""
    if not sys.stderr.isatty():
        return Progress()
    from nasbench_sparse.cli.live import LiveProgress

    return LiveProgress()


def retry_command() -> str:
    """Return the command line that was given."""
    return shlex.join([PROGRAM, *sys.argv[1:]])
