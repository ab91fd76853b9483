"""From a command line to planned runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nasbench_sparse.cli.arguments import DEFAULT_BUDGET, parse_budget, parse_seeds, split_options
from nasbench_sparse.errors import NbsError
from nasbench_sparse.registry import load_optimizer, load_suite, load_task
from nasbench_sparse.runner.plan import PlannedRun, plan_run, plan_suite
from nasbench_sparse.runner.suite import Block, Suite


@dataclass(frozen=True, slots=True)
class Request:
    """What `run` was asked for, as written on the command line; None and empty mean "not given"."""

    suite: str | None = None
    tasks: Sequence[str] = field(default_factory=tuple)
    optimizers: Sequence[str] = field(default_factory=tuple)
    options: Sequence[str] = field(default_factory=tuple)
    seeds: str | None = None
    trials: float | None = None
    epochs: float | None = None
    evaluations: float | None = None
    seconds: float | None = None
    replicate: int | None = None
    workers: int | None = None
    executor: str | None = None
    slots: int = 1


def make_plans(request: Request, conditions: Mapping[str, Any] | None = None) -> list[PlannedRun]:
    """Plan the runs of a suite, or of every combination of tasks, optimizers and seeds.

    Args:
        conditions: of those that are simulated; see `plan_run`.
    Raises:
        NbsError: anything that could not be started, before anything is.
    """
    make = _own_plans if request.suite is None else _suite_plans
    plans = make(request, conditions or {})
    if request.slots > 1 and all(plan.spec.executor == "serial" for plan in plans):
        raise NbsError(
            f"--slots {request.slots} needs --executor processes, ray or simulated; serial runs one by one"
        )
    return plans


def _suite_plans(request: Request, conditions: Mapping[str, Any]) -> list[PlannedRun]:
    given = {
        "--task": request.tasks,
        "--optimizer": request.optimizers,
        "--option": request.options,
        "--trials": request.trials,
        "--epochs": request.epochs,
        "--evaluations": request.evaluations,
        "--seconds": request.seconds,
        "--replicate": request.replicate,
    }
    refused = [name for name, value in given.items() if value not in (None, (), [])]
    if refused:
        raise NbsError(
            f"suite {request.suite!r} declares what is run, so {' and '.join(refused)} cannot be given with it; "
            "allowed are --seeds, --workers, --executor and --slots"
        )
    suite = load_suite(request.suite or "")
    if not isinstance(suite, Suite):
        raise NbsError(f"{request.suite!r} is a {type(suite).__name__}, not a suite")
    return plan_suite(_adjusted(suite, request), conditions)


def _adjusted(suite: Suite, request: Request) -> Suite:
    blocks = suite.blocks
    if request.seeds is not None:
        seeds = parse_seeds(request.seeds)
        blocks = tuple(replace(block, seeds=seeds) for block in blocks)
    if request.workers is not None or request.executor is not None or request.slots > 1:
        blocks = tuple(_placed(block, request) for block in blocks)
    return replace(suite, blocks=blocks)


def _placed(block: Block, request: Request) -> Block:
    """Return a block with other workers, on another executor: several of them need one that has several."""
    workers = block.workers if request.workers is None else request.workers
    executor = request.executor or block.executor
    if request.executor is None and executor == "serial" and (workers > 1 or request.slots > 1):
        executor = "processes"
    return replace(block, workers=workers, executor=executor)


def _own_plans(request: Request, conditions: Mapping[str, Any]) -> list[PlannedRun]:
    if not request.tasks or not request.optimizers:
        raise NbsError(
            "nothing to run: name a suite, or at least one --task and one --optimizer "
            "(`list suites`, `list tasks` and `list optimizers` show what there is)"
        )
    given = parse_budget(
        trials=request.trials,
        epochs=request.epochs,
        evaluations=request.evaluations,
        seconds=request.seconds,
    )
    budget = given or DEFAULT_BUDGET
    tasks = [load_task(name) for name in dict.fromkeys(request.tasks)]
    entries = [load_optimizer(name) for name in dict.fromkeys(request.optimizers)]
    options = split_options(request.options, entries)
    return [
        plan_run(
            task,
            entry,
            budget,
            seed=seed,
            options=own,
            replicate=request.replicate or 0,
            workers=1 if request.workers is None else request.workers,
            executor=_executor(request),
            conditions=conditions,
        )
        for seed in parse_seeds(request.seeds or "0")
        for task in tasks
        for entry, own in zip(entries, options, strict=True)
    ]


def _executor(request: Request) -> str:
    """Serial for one trial at a time and processes for several, unless one is named."""
    return request.executor or ("serial" if request.workers in (None, 1) and request.slots <= 1 else "processes")
