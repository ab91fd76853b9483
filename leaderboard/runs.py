"""Runs as the leaderboard sees them: which of them count, and at which budget they are compared."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import orjson

BudgetUnit = Literal["evaluations", "seconds"]
"""What runs are compared at: full-evaluation equivalents, or seconds on the run's clock."""


@dataclass(frozen=True, slots=True, order=True)
class Contender:
    """What is ranked: an optimizer with its options (JSON, keys sorted) and its number of workers."""

    optimizer: str
    options: str = "{}"
    workers: int = 1

    @classmethod
    def of(cls, optimizer: str, options: Mapping[str, Any], workers: int) -> Self:
        """Return the contender with these options."""
        return cls(optimizer, orjson.dumps(dict(options), option=orjson.OPT_SORT_KEYS).decode(), workers)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One recorded run.

    Args:
        source: version of the optimizer's source.
        status: "finished" (its budget is spent), "exhausted" (nothing more to ask), "failed", or any other word
            for a run that has not ended.
        full_evaluations: units of fidelity charged, over the task's maximal fidelity.
        full_size: the task's maximal fidelity, in units.
        worst: the objective's worst loss.
        trials, bad_trials: outcomes told, and how many of them are not OK.
        predicted_trials: outcomes that a table's surrogate predicted.
        search_steps: outcomes that are steps of a search, which train no config.
        optimizer_seconds: time inside the optimizer's own `ask` and `tell`; None until the run has ended once.
        evaluation_seconds: training time charged.
        family: of the task; statistics block by it.
        space: type of the task's search space.
        clock: seconds on the executor's clock at the last outcome told.
    """

    run_id: str
    task: str
    fingerprint: str
    contender: Contender
    source: str
    seed: int
    replicate: int
    executor: str
    status: str
    started: str
    full_evaluations: float
    full_size: int
    worst: float
    trials: int
    bad_trials: int
    optimizer_seconds: float | None
    evaluation_seconds: float
    family: str = ""
    space: str = ""
    clock: float = 0.0
    predicted_trials: int = 0
    search_steps: int = 0

    def spent(self, unit: BudgetUnit) -> float:
        """Return what the run has spent."""
        return self.full_evaluations if unit == "evaluations" else self.clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What the trials of a run that count within a budget sum up to; the fields are those of a `RunRow`."""

    trials: int
    bad_trials: int
    predicted_trials: int
    search_steps: int
    full_evaluations: float
    evaluation_seconds: float


NOTHING_SPENT = Spending(
    trials=0, bad_trials=0, predicted_trials=0, search_steps=0, full_evaluations=0.0, evaluation_seconds=0.0
)


@dataclass(frozen=True, slots=True)
class Optimum:
    """The lowest loss that a task's table holds, a mean over its replicates.

    Args:
        exact: whether the table holds every config of the space.
        configs, replicates: how many the table holds.
    """

    exact: bool
    configs: int
    replicates: int
    loss: float


@dataclass(frozen=True, slots=True)
class Superseded:
    """Runs left out because another version of their optimizer or task was started later."""

    what: str
    old: str
    new: str
    runs: int

    @property
    def sentence(self) -> str:
        """Say which version is shown; nothing in a store tells which is at hand now."""
        return (
            f"Superseded: {self.runs} run{'' if self.runs == 1 else 's'} of {self.what} at {self.old:.12}; ranked "
            f"is {self.new:.12}, which was started last, and so need not be the version at hand after a revert."
        )


@dataclass(frozen=True, slots=True)
class Selection:
    """The runs that count, those superseded, and how many repeat a seed on another executor."""

    runs: tuple[RunRow, ...]
    superseded: tuple[Superseded, ...]
    repeated: int


def select(rows: Iterable[RunRow]) -> Selection:
    """Keep of each task and optimizer the version started last, and one run a contender, seed and replicate."""
    kept, old_tasks = _newest(rows, "task", lambda row: row.task, lambda row: row.fingerprint)
    kept, old_sources = _newest(kept, "optimizer", lambda row: row.contender.optimizer, lambda row: row.source)
    unique: dict[tuple[str, Contender, int, int], RunRow] = {}
    for row in sorted(kept, key=_preference):
        unique[row.task, row.contender, row.seed, row.replicate] = row
    runs = sorted(unique.values(), key=lambda row: (row.task, row.contender, row.seed, row.replicate))
    return Selection(tuple(runs), (*old_tasks, *old_sources), len(kept) - len(runs))


def common_budgets(runs: Iterable[RunRow]) -> dict[str, float]:
    """Return for each task the full-evaluation equivalents that every finished run spent.

    A run whose optimizer had nothing more to ask could not have become better, so it lowers no budget; where
    all of a task's runs ended so, the largest of them is taken. Tasks without an ended run are left out.
    """
    finished: defaultdict[str, list[float]] = defaultdict(list)
    exhausted: defaultdict[str, list[float]] = defaultdict(list)
    for row in runs:
        if row.status == "finished":
            finished[row.task].append(row.full_evaluations)
        elif row.status == "exhausted":
            exhausted[row.task].append(row.full_evaluations)
    return {task: max(amounts) for task, amounts in exhausted.items()} | {
        task: min(amounts) for task, amounts in finished.items()
    }


def covers(row: RunRow, budget: float | None, unit: BudgetUnit = "evaluations") -> bool:
    """Tell whether a run has a result at the budget at which its task is compared."""
    if budget is None:
        return False
    return row.status == "exhausted" or row.spent(unit) >= budget - 1e-9


def goes_beyond(row: RunRow, budget: float | None, unit: BudgetUnit = "evaluations") -> bool:
    """Tell whether a run spent more than the budget at which its task is compared."""
    return budget is not None and row.spent(unit) > budget + 1e-9


def _newest(
    rows: Iterable[RunRow], kind: str, name: Callable[[RunRow], str], version: Callable[[RunRow], str]
) -> tuple[list[RunRow], list[Superseded]]:
    groups: defaultdict[str, list[RunRow]] = defaultdict(list)
    for row in rows:
        groups[name(row)].append(row)
    kept: list[RunRow] = []
    left_out: list[Superseded] = []
    for title, group in sorted(groups.items()):
        newest = version(max(group, key=lambda row: (row.started, version(row))))
        kept += [row for row in group if version(row) == newest]
        for old in sorted({version(row) for row in group} - {newest}):
            count = sum(version(row) == old for row in group)
            left_out.append(Superseded(f"{kind} {title}", old, newest, count))
    return kept, left_out


def _preference(row: RunRow) -> tuple[bool, bool, float, str, str]:
    """Prefer a run without conditions, such as faults of a simulated cluster, then one that has ended."""
    plain = "(" not in row.executor
    return plain, row.status in ("finished", "exhausted"), row.full_evaluations, row.started, row.run_id


def labels(contenders: Sequence[Contender]) -> dict[Contender, str]:
    """Name contenders as briefly as tells them apart: optimizer, options that differ, and `on 4` for 4 workers."""
    named = {}
    for contender in contenders:
        rivals = [json.loads(other.options) for other in contenders if other.optimizer == contender.optimizer]
        own = json.loads(contender.options)
        differing = [key for key in own if any(key not in other or other[key] != own[key] for other in rivals)]
        parts = [contender.optimizer, *(f"{key}={_short(own[key])}" for key in differing)]
        named[contender] = " ".join(parts) + (f" on {contender.workers}" if contender.workers != 1 else "")
    return named


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
