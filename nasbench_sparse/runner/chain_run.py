"""Runs a chain: stage after stage for all seeds at once, then the confirmation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.errors import NbsError
from nasbench_sparse.runner.chain import Chain, Fixed
from nasbench_sparse.runner.chain_confirm import plan_confirmation
from nasbench_sparse.runner.chain_incumbent import Incumbent
from nasbench_sparse.runner.chain_walk import Outcome, Path, Placement, outcome_of, walk
from nasbench_sparse.runner.loop import Resume
from nasbench_sparse.runner.plan import PlannedRun, check_data, check_optimizers
from nasbench_sparse.runner.recorded import Recorded
from nasbench_sparse.runner.study import Resources, Study, StudyReport, Watcher

if TYPE_CHECKING:
    from nasbench_sparse.store import Store

Announce = Callable[[str], None]


def silent(title: str) -> None:
    """Announce nothing."""


def run_chain(
    chain: Chain,
    store: Store,
    *,
    seeds: Sequence[int] | None = None,
    placement: Placement | None = None,
    resources: Resources | None = None,
    resume: Resume = "strict",
    watcher: Watcher | None = None,
    recorded: Recorded | None = None,
    announce: Announce = silent,
) -> StudyReport:
    """Carry out what the store lacks of a chain and of its baselines; a killed call is resumed by the same one.

    Where a stage fails, or no trial of it succeeds, its seed stops there and the others go on.

    Args:
        seeds: the chain's own if None.
        announce: is told the name of each step before it begins.
    Returns:
        How the runs ended, over all steps.
    Raises:
        NbsError: a step that could not be started whatever the incumbents, before anything is trained.
    """
    place, chosen, whole = placement or Placement(), tuple(chain.seeds if seeds is None else seeds), StudyReport()
    if not chosen or len(set(chosen)) < len(chosen):
        raise NbsError(f"chain {chain.name!r} needs distinct seeds, not {list(chosen)}")
    _rehearse(chain, chosen, place)
    for title, plans in _steps(chain, store, chosen, place):
        announce(title)
        study = Study(store, resources, resume=resume, watcher=watcher, recorded=recorded)
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
    outcome = partial(_recorded, store)
    last = max(len(search.stages) for search in chain.searches)
    for depth in range(last):
        paths = _paths(chain, seeds, placement, outcome)
        steps = [path.steps[depth] for path in paths if len(path.steps) > depth]
        if steps:
            names = " and ".join(dict.fromkeys(step.stage.name for step in steps))
            yield f"stage {depth + 1} of {last}: {names}", _unique(step.plan for step in steps)
    if chain.confirm is not None:
        finals = finals_of(chain, _paths(chain, seeds, placement, outcome))
        yield f"confirmation on {len(chain.confirm.replicates)} replicates", plan_confirmation(
            finals, chain.confirm, placement
        )


def _paths(
    chain: Chain, seeds: Sequence[int], placement: Placement, outcome: Callable[[PlannedRun], Outcome]
) -> list[Path]:
    """Walk every seed of the chain and of the baselines that are searched."""
    return [walk(search, seed, placement, outcome) for seed in seeds for search in chain.searches]


def _recorded(store: Store, plan: PlannedRun) -> Outcome:
    return outcome_of(plan.spec.run_id, store.recorded(plan.spec.run_id), plan)


def _rehearse(chain: Chain, seeds: Sequence[int], placement: Placement) -> None:
    """Walk all stages with made-up incumbents, so that every mistake shows before anything is trained."""
    paths = _paths(chain, seeds[:1], placement, _made_up)
    plans = [step.plan for path in paths for step in path.steps]
    if chain.confirm is not None:
        plans += plan_confirmation(finals_of(chain, paths), chain.confirm, placement)
    check_optimizers(plans)
    check_data(plans)


def _made_up(plan: PlannedRun) -> Outcome:
    config = plan.task.space.sample(np.random.default_rng(0))
    return Outcome(plan.spec.run_id, "finished", Incumbent(config, 0.0, plan.task.fidelity.max))


def _unique(plans: Iterator[PlannedRun]) -> list[PlannedRun]:
    """Leave out runs that another method shares."""
    return list({plan.spec.run_id: plan for plan in plans}.values())


def _add(whole: StudyReport, part: StudyReport) -> None:
    whole.reused += part.reused
    whole.finished += part.finished
    whole.failed |= part.failed
