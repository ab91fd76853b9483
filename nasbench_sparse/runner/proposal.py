"""Checks what an optimizer asked for and turns it into a trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nasbench_sparse.core.config import config_key, plain
from nasbench_sparse.core.declaration import declare, digest
from nasbench_sparse.core.given import is_whole
from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Proposal, SearchStep, Trial
from nasbench_sparse.errors import InvalidConfig, OptimizerError


def make_trial(
    task: Task, asked: Any, *, number: int, replicate: int, told_before: int, trials: Mapping[int, Trial]
) -> Trial:
    """Number a proposal, after checking it against the space, the fidelity and its parent.

    Args:
        asked: what `Optimizer.ask` returned, other than None.
        trials: the run's trials whose outcome has been told.
    Raises:
        OptimizerError: naming what was wrong and what is allowed.
    """
    if isinstance(asked, SearchStep):
        return _search_trial(task, asked, number, replicate, told_before)
    proposal = asked if isinstance(asked, Proposal) else Proposal(asked)
    if not isinstance(proposal.config, Mapping):
        raise OptimizerError(
            f"ask returned {asked!r:.80} ({type(asked).__name__}); "
            "allowed are a config, a Proposal, a SearchStep or None"
        )
    try:
        config = task.space.canonical(plain(proposal.config))
        task.space.validate(config)
    except InvalidConfig as error:
        raise OptimizerError(f"ask returned a config outside its space: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise OptimizerError(
            f"ask returned a config the space cannot read: {error!r} in {proposal.config!r:.120}"
        ) from error
    fidelity = task.fidelity.max if proposal.fidelity is None else proposal.fidelity
    if not is_whole(fidelity) or fidelity not in task.fidelity:
        raise OptimizerError(
            f"ask returned fidelity {fidelity!r}; allowed are whole {task.fidelity.unit} "
            f"from {task.fidelity.min} to {task.fidelity.max}"
        )
    key = config_key(config)
    trial = Trial(number, config, key, int(fidelity), replicate, None, 0, None, told_before)
    return trial if proposal.parent is None else _continuing(trial, proposal.parent, trials)


def _continuing(trial: Trial, number: Any, trials: Mapping[int, Trial]) -> Trial:
    parent = trials.get(int(number)) if is_whole(number) else None
    if parent is None:
        raise OptimizerError(f"ask named trial {number!r} as parent; allowed are trials already told")
    if parent.config_key != trial.config_key:
        raise OptimizerError(
            f"ask named trial {parent.number} as parent, whose config differs from the one proposed"
        )
    if parent.fidelity >= trial.fidelity:
        raise OptimizerError(
            f"ask continues trial {parent.number} to fidelity {trial.fidelity}, but it already reached "
            f"{parent.fidelity}"
        )
    return replace(trial, parent=parent.number, resumes_at=parent.fidelity)


def _search_trial(task: Task, step: SearchStep, number: int, replicate: int, told_before: int) -> Trial:
    if not task.searchable:
        raise OptimizerError(f"ask returned a SearchStep, but task {task.name!r} cannot carry out search steps")
    return Trial(number, {}, digest(declare(step)), task.fidelity.min, replicate, None, 0, step, told_before)
