"""The command `run`: carries out a study, shows how it goes, and prints its leaderboard."""

from __future__ import annotations

import shlex
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from nasbench_sparse.cli import PROGRAM
from nasbench_sparse.cli.console import console, say, show_board, show_table
from nasbench_sparse.cli.dry_run import forecast, forecast_table, summary
from nasbench_sparse.cli.fruitless import say_fruitless
from nasbench_sparse.cli.plans import Request, make_plans
from nasbench_sparse.cli.progress import Progress
from nasbench_sparse.errors import NbsError
from nasbench_sparse.executors.faults import Faults
from nasbench_sparse.runner.loop import Resume
from nasbench_sparse.runner.plan import PlannedRun, check_optimizers
from nasbench_sparse.runner.resources import Resources, check_settings, conditions
from nasbench_sparse.runner.study import Study, StudyReport, Unwatched
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.results import OnMissing, TabularResults

INTERRUPTED = 130


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
    recorded = TabularResults(on_missing)
    plans = make_plans(request, conditions(resources, recorded))
    progress = None if quiet else progress_watcher()
    study = Study(Store(store), resources, resume=resume, watcher=progress or Unwatched(), recorded=recorded)
    try:
        report = study.run(plans)
    except KeyboardInterrupt:
        if progress is not None:
            progress.close()
        say_interrupted()
        return INTERRUPTED
    finally:
        if progress is not None:
            progress.close()
    fruitless = False
    if _is_there(store):  # it is not where nothing could be written
        if not quiet:
            show_results(plans, store)
        fruitless = say_fruitless(plans, store)
    return 1 if _say_failures(plans, report) or fruitless else 0


def show_forecast(
    request: Request, resources: Resources, store: Path, *, on_missing: OnMissing | None = None
) -> None:
    """Print what a run would do.

    Raises:
        NbsError: it could not be started.
    """
    recorded = TabularResults(on_missing)
    plans = make_plans(request, conditions(resources, recorded))
    check_settings(plans, resources, recorded)
    forecasts = forecast(plans, Store(store, create=False) if _is_there(store) else None)
    check_optimizers(each.plan for each in forecasts if not each.done)
    out = console()
    show_table(forecast_table(forecasts), out)
    out.print(summary(forecasts, store, request.slots), markup=False)


def _is_there(store: Path) -> bool:
    return store.exists() or Path(f"{store}.journal").is_dir()


def declared_faults(
    failure_rate: float | None, straggler_rate: float | None, straggler_factor: float | None, seed: int | None
) -> Faults | None:
    """Return what simulated workers suffer; None where nothing of it is given.

    Raises:
        NbsError: rates that are none, or options that change nothing.
    """
    if failure_rate is straggler_rate is straggler_factor is seed is None:
        return None
    if failure_rate is None and straggler_rate is None:
        raise NbsError(
            "--straggler-factor and --fault-seed change nothing without --failure-rate or --straggler-rate"
        )
    return Faults(
        failure_rate or 0.0, straggler_rate or 0.0, 1.0 if straggler_factor is None else straggler_factor, seed or 0
    )


def show_results(plans: Sequence[PlannedRun], store: Path) -> None:
    """Print the leaderboard of these runs, and where everything is."""
    from nasbench_sparse.leaderboard.judgement import judged_board
    from nasbench_sparse.leaderboard.results import Wanted, read_results

    out = console()
    wanted = Wanted(run_ids=[plan.spec.run_id for plan in plans])
    show_board(judged_board(read_results(Store(store, create=False), wanted)), out)
    out.print(f"\nEverything is in {store}", markup=False, soft_wrap=True)


def _say_failures(plans: Sequence[PlannedRun], report: StudyReport) -> bool:
    by_id = {plan.spec.run_id: plan.spec for plan in plans}

    def named(run_id: str) -> str:
        spec = by_id[run_id]
        return f"run {run_id} ({spec.task}, {spec.optimizer}, seed {spec.seed})"

    say_grouped(report.failed, named)
    return bool(report.failed)


def say_grouped(failed: Mapping[str, str], named: Callable[[str], str]) -> None:
    """Say which runs failed and why: one line for each error, whichever number of runs it ended."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for run_id, error in failed.items():
        groups[error].append(run_id)
    for error, run_ids in groups.items():
        first = named(run_ids[0])
        who = first if len(run_ids) == 1 else f"{len(run_ids):,} runs, such as {first},"
        say(f"error: {who} failed: {error}")


def say_interrupted() -> None:
    """Say how to go on after an interrupt."""
    say(f"interrupted; what was recorded is kept, and the same command goes on: {retry_command()}")


def progress_watcher() -> Progress:
    """Return what shows a study on this terminal, or on none."""
    if not sys.stderr.isatty():
        return Progress()
    from nasbench_sparse.cli.live import LiveProgress

    return LiveProgress()


def retry_command() -> str:
    """Return the command line that was given."""
    return shlex.join([PROGRAM, *sys.argv[1:]])
