"""Walks a seed of a chain through its stages, as far as their outcomes are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nasbench_sparse.core.record import Recording
from nasbench_sparse.core.task import Task
from nasbench_sparse.registry import load_optimizer
from nasbench_sparse.runner.chain import Chain, Fixed, Stage
from nasbench_sparse.runner.chain_derive import derive_task, final_of
from nasbench_sparse.runner.chain_incumbent import Incumbent, incumbent
from nasbench_sparse.runner.plan import PlannedRun, already_done, plan_run


@dataclass(frozen=True, slots=True)
class Placement:
    """Where runs are carried out: the executor's kind, the trials of a run in flight, what simulated runs meet."""

    executor: str = "serial"
    workers: int = 1
    conditions: Mapping[str, Any] = field(default_factory=dict)

    def plan(self, task: Task, stage: Stage, chain: Chain, seed: int, study: str) -> PlannedRun:
        """Plan a run of a chain's stage.

        Raises:
            NbsError: see `plan_run`.
        """
        return plan_run(
            task,
            load_optimizer(stage.optimizer.optimizer),
            stage.budget,
            seed=seed,
            options=stage.optimizer.options,
            replicate=chain.replicate_of(seed),
            workers=self.workers,
            executor=self.executor,
            study=study,
            conditions=self.conditions,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of a stage's run.

    Args:
        incumbent: None until its budget is spent, and where no trial succeeded.
        seconds: of training, charged to the run.
    """

    run_id: str
    status: str
    incumbent: Incumbent | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of a path."""

    stage: Stage
    plan: PlannedRun
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Path:
    """How far a seed of a chain has come: the stages begun, or about to; and what is confirmed, after the last."""

    chain: Chain
    seed: int
    steps: tuple[Step, ...]
    final: Fixed | None


def walk_all(
    chain: Chain, seeds: Sequence[int], placement: Placement, outcome: Callable[[PlannedRun], Outcome]
) -> list[Path]:
    """Follow every seed of a chain, then of each baseline that is searched too, as runs of the chain's study."""
    return [walk(search, seed, placement, outcome, study=chain.name) for search in chain.searches for seed in seeds]


def walk(
    chain: Chain, seed: int, placement: Placement, outcome: Callable[[PlannedRun], Outcome], study: str
) -> Path:
    """Follow a seed from stage to stage, until one has no incumbent.

    Raises:
        NbsError: a stage that cannot be planned.
    """
    task, steps = chain.task, []
    best: Incumbent | None = None
    for stage in chain.stages:
        if stage.derive is not None and best is not None:
            task = derive_task(stage.derive, stage.name, task, best.config)
        plan = placement.plan(task, stage, chain, seed, study)
        found = outcome(plan)
        steps.append(Step(stage, plan, found))
        best = found.incumbent
        if best is None:
            return Path(chain, seed, tuple(steps), None)
    assert best is not None
    return Path(chain, seed, tuple(steps), final_of(chain.final, chain.name, task, best.config))


def outcome_of(run_id: str, recording: Recording, plan: PlannedRun) -> Outcome:
    """Return what is recorded of a run, its incumbent once it has spent the plan's budget."""
    done = already_done(recording, plan.budget)
    best = incumbent(recording, plan.budget, plan.task.fidelity.max) if done else None
    seconds = sum(told.evaluation.seconds for told in recording.told)
    return Outcome(run_id, recording.status, best, seconds)
