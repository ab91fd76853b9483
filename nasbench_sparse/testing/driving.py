"""Drive an optimizer against a synthetic task without an executor, and keep a transcript that can be replayed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nasbench_sparse.core.config import config_key, plain
from nasbench_sparse.core.declaration import digest
from nasbench_sparse.core.optimizer import Ask, Optimizer, complete_options
from nasbench_sparse.core.problem import Problem
from nasbench_sparse.core.trial import Observation, Proposal, SearchStep, Status, Trial
from nasbench_sparse.errors import OptimizerError
from nasbench_sparse.registry import load_optimizer
from nasbench_sparse.testing.problems import SyntheticTask


@dataclass(slots=True)
class Transcript:
    """The calls made to an optimizer, in order (None for an ask, an observation for a tell), and the answers."""

    calls: list[Observation | None] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)

    @property
    def observations(self) -> list[Observation]:
        """What was told, in order."""
        return [call for call in self.calls if call is not None]

    @property
    def digest(self) -> str:
        """Hash of all answers, equal in every process if the answers are."""
        return digest(self.answers)


def make_optimizer(name: str, options: Mapping[str, Any], problem: Problem, *, seed: int) -> Optimizer:
    """Make an optimizer by registered name, `module:Class` or `file.py:Class`, its defaults filled in."""
    cls = load_optimizer(name).cls
    return cls(problem, seed=seed, **complete_options(cls, dict(options)))


def drive(
    optimizer: Optimizer,
    task: SyntheticTask,
    *,
    asks: int,
    workers: int = 1,
    statuses: Sequence[Status] = (Status.OK,),
    repeat_none: int = 1,
) -> Transcript:
    """Let `workers` evaluate up to `asks` trials, finishing in an order drawn from a fixed generator.

    Args:
        statuses: trial i ends with statuses[i % len(statuses)].
        repeat_none: how often an ask that was answered by None is made; more than once must change nothing.
    Raises:
        OptimizerError: an ask that is invalid.
        InvalidConfig: a config outside the space.
    """
    order = np.random.default_rng(0)
    transcript = Transcript()
    trials: list[Trial] = []
    outstanding: list[Trial] = []
    told: dict[int, Trial] = {}
    while True:
        while len(outstanding) < workers and len(trials) < asks:
            answer = _ask(optimizer, transcript, repeat_none)
            if answer is None:
                break
            trials.append(to_trial(task, answer, len(trials), told))
            outstanding.append(trials[-1])
        if not outstanding:
            return transcript
        trial = outstanding.pop(int(order.integers(len(outstanding))))
        observation = observe(task, trial, statuses[trial.number % len(statuses)])
        told[trial.number] = trial
        transcript.calls.append(observation)
        optimizer.tell(observation)


def replay(optimizer: Optimizer, recorded: Transcript) -> Transcript:
    """Make the recorded calls of a fresh optimizer, as a resumed run does, and record its answers."""
    again = Transcript(calls=list(recorded.calls))
    for call in recorded.calls:
        if call is None:
            again.answers.append(_as_data(optimizer.ask()))
        else:
            optimizer.tell(call)
    return again


def to_trial(task: SyntheticTask, answer: Ask, number: int, told: Mapping[int, Trial]) -> Trial:
    """Number an ask, as a run does, and check it against the contract.

    Raises:
        OptimizerError: a search step, a fidelity outside the task's, or a parent that does not fit.
        InvalidConfig: a config outside the space.
    """
    if answer is None or isinstance(answer, SearchStep):
        raise OptimizerError(f"a config or a Proposal is asked for here, not {answer!r}")
    proposal = answer if isinstance(answer, Proposal) else Proposal(answer)
    config = plain(proposal.config)
    task.space.validate(config)
    if task.space.canonical(config) != config:
        raise OptimizerError(f"config {config} is not canonical")
    fidelity = task.fidelity.max if proposal.fidelity is None else proposal.fidelity
    if fidelity not in task.fidelity:
        raise OptimizerError(f"fidelity {fidelity} lies outside {task.fidelity.min}..{task.fidelity.max}")
    key = config_key(config)
    resumes_at = 0
    if proposal.parent is not None:
        parent = told.get(proposal.parent)
        if parent is None or parent.config_key != key or parent.fidelity >= fidelity:
            raise OptimizerError(f"trial {number} cannot continue trial {proposal.parent} at fidelity {fidelity}")
        resumes_at = parent.fidelity
    return Trial(number, config, key, fidelity, 0, proposal.parent, resumes_at)


def observe(task: SyntheticTask, trial: Trial, status: Status = Status.OK) -> Observation:
    """Evaluate a trial and return what an optimizer is told of it; any status but OK comes with the worst loss."""
    evaluation, _ = task.evaluate(trial)
    loss = task.objective.loss(evaluation.curve[-1]) if status is Status.OK else task.objective.worst
    curve = evaluation.curve if status.reusable else ()
    return Observation(trial.number, trial.config, trial.fidelity, loss, status, evaluation.seconds, None, curve)


def _ask(optimizer: Optimizer, transcript: Transcript, repeat_none: int) -> Ask:
    answer = optimizer.ask()
    transcript.calls.append(None)
    transcript.answers.append(_as_data(answer))
    for _ in range(repeat_none - 1 if answer is None else 0):
        again = optimizer.ask()
        if again is not None:
            raise OptimizerError(f"None was followed by {again!r} although nothing was told in between")
    return answer


def _as_data(answer: Ask) -> Any:
    if answer is None or isinstance(answer, SearchStep):
        return None if answer is None else answer.step
    if isinstance(answer, Proposal):
        return [plain(answer.config), answer.fidelity, answer.parent]
    return plain(answer)
