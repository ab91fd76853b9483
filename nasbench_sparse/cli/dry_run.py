"""A dry run: what a command would train, reuse, and about how long it would take."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench_sparse.core.record import Recording
from nasbench_sparse.leaderboard.table import HOLE, Table, duration
from nasbench_sparse.runner.plan import PlannedRun, already_done

if TYPE_CHECKING:
    from nasbench_sparse.store import Store

UNIT_SECONDS = """
SELECT r.fingerprint, sum(t.seconds) / sum(t.units) AS seconds
FROM trials AS t JOIN runs AS r USING (run_id)
WHERE t.kind = 'trial' AND t.status = 'OK' AND t.units > 0
GROUP BY r.fingerprint
"""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is left to do of one run.

    Args:
        done: the run is in the store; nothing is left.
        recorded: trials told already.
        trainings: most trials still to be trained (results of other runs are reused besides); None where the
            budget does not say.
        seconds: wall time; None where nothing is known of the task.
    """

    plan: PlannedRun
    done: bool
    recorded: int
    trainings: int | None
    seconds: float | None


def forecast(plans: Sequence[PlannedRun], store: Store | None) -> list[Forecast]:
    """Look at what the store holds of each run; None stands for a store that is not there yet."""
    unit_seconds = {} if store is None else dict(store.sql(UNIT_SECONDS).iter_rows())
    return [
        _forecast(plan, Recording() if store is None else store.recorded(plan.spec.run_id), unit_seconds)
        for plan in plans
    ]


def _forecast(plan: PlannedRun, recording: Recording, unit_seconds: Mapping[str, float]) -> Forecast:
    recorded = len(recording.told)
    if already_done(recording, plan.budget):
        return Forecast(plan, True, recorded, 0, 0.0)
    task, budget = plan.task, plan.budget
    known = unit_seconds.get(task.fingerprint)
    full = known * task.fidelity.max if known is not None else task.seconds
    workers = 1 if plan.spec.executor == "simulated" else plan.spec.workers  # virtual workers share one process
    if budget.unit == "seconds":
        spent = recording.told[-1].at if recording.told else 0.0
        return Forecast(plan, False, recorded, None, max(0.0, budget.amount - spent))
    units = sum(told.units for told in recording.told)
    if budget.unit == "trials":
        trials = max(0, math.ceil(budget.amount - recorded))
    else:
        evaluations = budget.amount / (task.fidelity.max if budget.unit == "epochs" else 1)
        trials = max(0, math.ceil(evaluations - units / task.fidelity.max))
    return Forecast(plan, False, recorded, trials, None if full is None else trials * full / workers)


def forecast_table(forecasts: Sequence[Forecast]) -> Table:
    """Return one row for each run."""
    rows = [
        (
            each.plan.spec.task,
            each.plan.spec.optimizer,
            str(each.plan.spec.seed),
            f"{each.plan.budget.amount:g} {each.plan.budget.unit}",
            "reused" if each.done else "goes on" if each.recorded else "new",
            str(each.recorded),
            HOLE if each.trainings is None else str(each.trainings),
            "unknown" if each.seconds is None else duration(each.seconds) if not each.done else HOLE,
        )
        for each in forecasts
    ]
    columns = ("task", "optimizer", "seed", "budget", "run", "recorded trials", "trainings", "about")
    return Table("Dry run: nothing is trained", columns, tuple(rows), frozenset({"task", "optimizer", "run"}))


def summary(forecasts: Sequence[Forecast], store: Path, slots: int = 1) -> str:
    """Return the totals as one sentence; runs share `slots` where their executor has several."""
    done = sum(each.done for each in forecasts)
    recorded = sum(each.recorded for each in forecasts)
    open_ended = sum(each.trainings is None for each in forecasts)
    counts = sum(each.trainings or 0 for each in forecasts)
    unknown = sorted({each.plan.spec.task for each in forecasts if each.seconds is None})
    seconds = sum((each.seconds or 0.0) * _share(each.plan, slots) for each in forecasts)
    trainings = f"the work of at most {counts} full training{'' if counts == 1 else 's'}"
    if open_ended:
        trainings += (
            f" and those of {open_ended} run{'' if open_ended == 1 else 's'} whose budget is no number of trials"
        )
    time = f"about {duration(seconds)}"
    if unknown:
        time = f"{time} and the unknown time of {', '.join(unknown)}" if seconds else "time unknown"
    return (
        f"{len(forecasts)} run{'' if len(forecasts) == 1 else 's'}: {done} reused as they are in {store}, "
        f"{recorded} recorded trial{'' if recorded == 1 else 's'} reused; {trainings}; {time}."
    )


def _share(plan: PlannedRun, slots: int) -> float:
    """Return which part of the executor a run keeps busy."""
    workers = 1 if plan.spec.executor == "simulated" else plan.spec.workers
    return 1.0 if plan.spec.executor == "serial" else workers / max(workers, slots)
