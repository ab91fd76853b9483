"""Runs a chain: stage after stage for all seeds at once, then the confirmation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.errors import NbsError
from nasbench_sparse.runner.chain import Chain, Fixed
from nasbench_sparse.runner.chain_confirm import plan_confirmation
from nasbench_sparse.runner.chain_incumbent import Incumbent
from nasbench_sparse.runner.chain_walk import Outcome, Path, Placement, outcome_of, walk_all
from nasbench_sparse.runner.loop import Resume
from nasbench_sparse.runner.plan import PlannedRun, check_data, check_optimizers
from nasbench_sparse.runner.recorded import Recorded
from nasbench_sparse.runner.resources import Resources, conditions
from nasbench_sparse.runner.study import Study, StudyReport, Unwatched, Watcher

if TYPE_CHECKING:
    from nasbench_sparse.store import Store

Watch = Callable[[str], Watcher]
"""Is told the name of each step before it begins, and returns what watches it."""


def unwatched(title: str) -> Watcher:
    """Return a watcher that shows nothing."""
    return Unwatched()


def run_chain(
    chain: Chain,
    store: Store,
    *,
    seeds: Sequence[int] | None = None,
    placement: Placement | None = None,
    resources: Resources | None = None,
    resume: Resume = "strict",
    recorded: Recorded | None = None,
    watch: Watch = unwatched,
) -> StudyReport:
    """Carry out what the store lacks of a chain and of its baselines; a killed call is resumed by the same one.

    Where a stage fails, or no trial of it succeeds, its seed stops there and the others go on.

    Args:
        seeds: the chain's own if None.
    Returns:
        How the runs ended, over all steps.
    Raises:
        NbsError: a step that could not be started whatever the incumbents, before anything is trained.
    """
    place = replace(placement or Placement(), conditions=conditions(resources, recorded))
    chosen, whole = tuple(chain.seeds if seeds is None else seeds), StudyReport()
    if not chosen or len(set(chosen)) < len(chosen):
        raise NbsError(f"chain {chain.name!r} needs distinct seeds, not {list(chosen)}")
    _rehearse(chain, chosen, place)
    for title, plans in _steps(chain, store, chosen, place):
        study = Study(store, resources, resume=resume, watcher=watch(title), recorded=recorded)
        _add(whole, study.run(plans))
    return whole


def finals_of(chain: Chain, paths: Sequence[Path]) -> list[Fixed]:
    """Return everything that is confirmed: what each path ended with, and the baselines that are not searched."""
    fixed = [baseline for baseline in chain.baselines if isinstance(baseline, Fixed)]
    return [*(path.final for path in paths if path.final is not None), *fixed]


def _steps(
    chain: Chain, store: Store, seeds: Sequence[int], placement: Placement
) -> Iterator[tuple[str, list[PlannedRun]]]:
    """Yield each step's runs when those of the step before have ended."""
    ended: dict[tuple[str, Budget], Outcome] = {}
    outcome = partial(_recorded, store, ended)
    last = max(len(search.stages) for search in chain.searches)
    for depth in range(last):
        paths = sorted(walk_all(chain, seeds, placement, outcome), key=lambda path: seeds.index(path.seed))
        steps = [path.steps[depth] for path in paths if len(path.steps) > depth]
        if steps:
            names = " and ".join(dict.fromkeys(step.stage.name for step in steps))
            for plans in _waves(step.plan for step in steps):
                yield f"stage {depth + 1} of {last}: {names}", plans
    if chain.confirm is not None:
        finals = finals_of(chain, walk_all(chain, seeds, placement, outcome))
        yield (
            f"confirmation on {len(chain.confirm.replicates)} replicates",
            plan_confirmation(finals, chain.confirm, placement),
        )


def _recorded(store: Store, ended: dict[tuple[str, Budget], Outcome], plan: PlannedRun) -> Outcome:
    """Return a run's outcome; one that has its incumbent is read once."""
    key = plan.spec.run_id, plan.budget
    if key in ended:
        return ended[key]
    outcome = outcome_of(plan.spec.run_id, store.recorded(plan.spec.run_id), plan)
    if outcome.incumbent is not None:
        ended[key] = outcome
    return outcome


def _rehearse(chain: Chain, seeds: Sequence[int], placement: Placement) -> None:
    """Walk all stages with made-up incumbents, so that every mistake shows before anything is trained."""
    paths = walk_all(chain, seeds[:1], placement, _made_up)
    plans = [step.plan for path in paths for step in path.steps]
    if chain.confirm is not None:
        plans += plan_confirmation(finals_of(chain, paths), chain.confirm, placement)
    check_optimizers(plans)
    check_data(plans)


def _made_up(plan: PlannedRun) -> Outcome:
    config = plan.task.space.sample(np.random.default_rng(0))
    return Outcome(plan.spec.run_id, "finished", Incumbent(config, 0.0, plan.task.fidelity.max))


def _waves(plans: Iterable[PlannedRun]) -> list[list[PlannedRun]]:
    """Leave out what several methods share; a run that they extend to different budgets comes once in each wave."""
    waves: list[dict[str, PlannedRun]] = []
    for (run_id, _), plan in {(plan.spec.run_id, plan.budget): plan for plan in plans}.items():
        wave = next((wave for wave in waves if run_id not in wave), None)
        if wave is None:
            wave = {}
            waves.append(wave)
        wave[run_id] = plan
    return [list(wave.values()) for wave in waves]


def _add(whole: StudyReport, part: StudyReport) -> None:
    whole.reused += part.reused
    whole.finished += part.finished
    whole.failed |= part.failed
