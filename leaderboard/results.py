"""Results: the runs of a store that count, and the loss each has at the budget at which its task is compared."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import orjson

from nasbench_sparse.errors import NbsError
from nasbench_sparse.leaderboard.runs import (
    NOTHING_SPENT,
    BudgetUnit,
    Contender,
    Optimum,
    RunRow,
    Spending,
    Superseded,
    common_budgets,
    covers,
    goes_beyond,
    labels,
    select,
)
from nasbench_sparse.leaderboard.sql import query
from nasbench_sparse.leaderboard.standing import BASELINE
from nasbench_sparse.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which runs are compared, and at which budget; None takes all, or the largest common budget.

    Args:
        tasks: names.
        run_ids, study: runs named one by one, and those made for a study; together where both are given.
        space: a type of search space, such as "LayerDensity".
        evaluations, seconds: the budget, in full evaluations or on the runs' clock; not both.
        density: lowest and highest final density of the trainings that count, with 1 % of slack at either end,
            since a mask keeps whole weights (5 % of 9,224 weights are 5.009 %).
    Raises:
        NbsError: two budgets, one that is not positive and finite, or a band that is not within 0 and 1.
    """

    tasks: Collection[str] | None = None
    run_ids: Collection[str] | None = None
    study: str | None = None
    space: str | None = None
    family: str | None = None
    evaluations: float | None = None
    seconds: float | None = None
    density: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.evaluations is not None and self.seconds is not None:
            raise NbsError("compare at a number of evaluations or of seconds, not at both")
        for amount in (self.evaluations, self.seconds):
            if amount is not None and not 0 < amount < math.inf:
                raise NbsError(f"a budget of {amount:g} compares nothing; give a positive, finite number")
        if self.density is not None and not 0 <= self.density[0] <= self.density[1] <= 1:
            low, high = self.density
            raise NbsError(
                f"{low:g} to {high:g} is no band of densities; give two fractions of 0 to 1, the lower first"
            )

    @property
    def all_runs(self) -> bool:
        """Whether every visible run is wanted."""
        return all(part is None for part in (self.tasks, self.run_ids, self.study, self.space, self.family))


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Runs that count, with their final losses.

    Args:
        budgets: per task, the amount of `unit` at which it is compared; tasks without an ended run are left out.
        best: per run id, the lowest loss at the maximal fidelity within the budget; absent where there is none.
        cut: per run id, what the runs that spent more than the budget had spent on the trials that count.
        chosen: what the queries' setting `run_ids` is: None where every visible run of the store counts.
        density: band in which a training's final density must lie to count; None where any does.
        outside: tasks left out because no run has anything in the band.
        optima: the lowest loss that a task's table holds, by task; absent where there is no table.
        queries: the SQL that was carried out, by name.
    """

    runs: tuple[RunRow, ...]
    budgets: Mapping[str, float]
    best: Mapping[str, float]
    unit: BudgetUnit = "evaluations"
    asked: bool = False
    superseded: tuple[Superseded, ...] = ()
    repeated: int = 0
    cut: Mapping[str, Spending] = field(default_factory=dict)
    chosen: tuple[str, ...] | None = None
    density: tuple[float, float] | None = None
    outside: tuple[str, ...] = ()
    optima: Mapping[str, Optimum] = field(default_factory=dict)
    queries: Mapping[str, str] = field(default_factory=dict)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks, sorted."""
        return tuple(sorted({run.task for run in self.runs}))

    @property
    def names(self) -> dict[Contender, str]:
        """What each contender is called."""
        return labels(sorted({run.contender for run in self.runs}))

    @property
    def baseline(self) -> str | None:
        """What random search is called, of several the one with the fewest workers; None without it."""
        names = self.names
        found = [contender for contender in names if contender.optimizer == BASELINE]
        least = min(found, key=lambda contender: (contender.workers, contender), default=None)
        return None if least is None else names[least]

    @property
    def families(self) -> dict[str, str]:
        """The family of each task."""
        return {run.task: run.family for run in self.runs}

    def covering(self, run: RunRow) -> bool:
        """Tell whether a run has a result at its task's budget."""
        return covers(run, self.budgets.get(run.task), self.unit)

    def loss(self, run: RunRow) -> float | None:
        """Return a run's final loss: the objective's worst if it found nothing, None if it does not cover."""
        return self.best.get(run.run_id, run.worst) if self.covering(run) else None


def read_results(store: Store, wanted: Wanted | None = None) -> Results:
    """Read the runs wanted and their losses; hidden runs are left out."""
    wanted = wanted or Wanted()
    runs_query = query(
        "runs",
        tasks=None if wanted.tasks is None else sorted(wanted.tasks),
        run_ids=None if wanted.run_ids is None else sorted(wanted.run_ids),
        study=wanted.study,
        space=wanted.space,
        family=wanted.family,
    )
    contender = cache(_contender)  # one object for all of its runs, which are then compared by identity
    rows = [
        _run(row, contender(row["optimizer"], row["options"], row["workers"]))
        for row in store.sql(runs_query).to_dicts()
    ]
    selection = select(rows)
    chosen = None
    if not wanted.all_runs or len(selection.runs) < len(rows):
        chosen = tuple(sorted(run.run_id for run in selection.runs))
    budgets, unit = _budgets(selection.runs, wanted)
    losses_query = query(
        "final_losses",
        run_ids=chosen,
        evaluations=budgets if unit == "evaluations" else None,
        seconds=wanted.seconds,
        **band_settings(wanted.density),
    )
    best = dict(store.sql(losses_query).iter_rows()) if selection.runs else {}
    optima_query = query("optima", run_ids=chosen, **band_settings(wanted.density))
    optima = {task: Optimum(*told) for task, *told in store.sql(optima_query).iter_rows()}
    cut, cut_queries = _cut(store, selection.runs, budgets, wanted)
    inside = {run.task for run in selection.runs if wanted.density is None or run.run_id in best}
    runs = tuple(run for run in selection.runs if run.task in inside)
    return Results(
        runs=runs,
        budgets={task: amount for task, amount in budgets.items() if task in inside},
        best=best,
        unit=unit,
        asked=wanted.evaluations is not None or wanted.seconds is not None,
        superseded=selection.superseded,
        repeated=selection.repeated,
        cut=cut,
        chosen=chosen if len(runs) == len(selection.runs) else tuple(sorted(run.run_id for run in runs)),
        density=wanted.density,
        outside=tuple(sorted({run.task for run in selection.runs} - inside)),
        optima={task: optimum for task, optimum in optima.items() if task in inside},
        queries={
            "runs": runs_query,
            "final_losses": losses_query,
            **cut_queries,
            **({"optima": optima_query} if optima else {}),
        },
    )


def _cut(
    store: Store, runs: Collection[RunRow], budgets: Mapping[str, float], wanted: Wanted
) -> tuple[dict[str, Spending], dict[str, str]]:
    """Read what the runs with trials beyond the budget had spent within it; and the query, if there are any."""
    unit: BudgetUnit = "evaluations" if wanted.seconds is None else "seconds"
    beyond = {run.run_id: run.trials for run in runs if goes_beyond(run, budgets.get(run.task), unit)}
    if not beyond:
        return {}, {}
    evaluations = budgets if wanted.seconds is None else None
    asked = query("spending", run_ids=sorted(beyond), evaluations=evaluations, seconds=wanted.seconds)
    told = {row.pop("run_id"): Spending(**row) for row in store.sql(asked).to_dicts()}
    spent = {run_id: told.get(run_id, NOTHING_SPENT) for run_id in sorted(beyond)}
    cut = {run_id: within for run_id, within in spent.items() if within.trials < beyond[run_id]}
    return cut, {"spending": asked} if cut else {}


def band_settings(density: tuple[float, float] | None) -> dict[str, float | None]:
    """Return the settings by which a query knows a band of densities."""
    low, high = (None, None) if density is None else density
    return {"density_low": low, "density_high": high}


def _budgets(
    runs: Collection[RunRow], wanted: Wanted
) -> tuple[dict[str, float], Literal["evaluations", "seconds"]]:
    tasks = sorted({run.task for run in runs})
    if wanted.seconds is not None:
        return dict.fromkeys(tasks, float(wanted.seconds)), "seconds"
    if wanted.evaluations is not None:
        return dict.fromkeys(tasks, float(wanted.evaluations)), "evaluations"
    return common_budgets(runs), "evaluations"


def _contender(optimizer: str, options: str | None, workers: int) -> Contender:
    ordered = orjson.dumps(orjson.loads(options or "{}"), option=orjson.OPT_SORT_KEYS)
    return Contender(optimizer, ordered.decode(), workers)


def _run(row: Mapping[str, Any], contender: Contender) -> RunRow:
    return RunRow(
        run_id=row["run_id"],
        task=row["task"],
        family=row["family"] or row["task"],
        space=row["space"] or "",
        fingerprint=row["fingerprint"],
        contender=contender,
        source=row["source"],
        seed=row["seed"],
        replicate=row["replicate"],
        executor=row["executor"],
        status=row["status"],
        started=row["started"],
        full_evaluations=float(row["units"]) / row["full_size"],
        full_size=row["full_size"],
        worst=row["worst"],
        trials=row["trials"],
        bad_trials=row["bad_trials"],
        optimizer_seconds=row["optimizer_seconds"],
        evaluation_seconds=row["seconds"],
        clock=row["clock"],
        predicted_trials=row["predicted_trials"],
        search_steps=row["search_steps"],
    )
