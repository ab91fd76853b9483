"""Asynchronous successive halving (ASHA): train many configs briefly, and continue the best."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from nasbench_sparse.core.config import Config
from nasbench_sparse.core.optimizer import Optimizer, complete_options
from nasbench_sparse.core.problem import Problem
from nasbench_sparse.core.trial import Observation, Proposal, SearchStep, Status
from nasbench_sparse.errors import NbsError, OptimizerError, UnsupportedSpace

Entry = tuple[float, int]


@dataclass(slots=True)
class Rung:
    """The finished trials of one fidelity, as (loss, trial number) in order; failed ones come last.

    `waiting` holds those that may still be promoted. Its first entry is promotable exactly if its rank among all
    entries is below floor(n / eta), so a promotion costs two bisections, however large the rung.
    """

    fidelity: int
    entries: list[Entry] = field(default_factory=list)
    waiting: list[Entry] = field(default_factory=list)

    def add(self, observation: Observation) -> None:
        """Insert a finished trial."""
        if observation.status is Status.OK:
            entry = (observation.loss, observation.number)
            insort(self.waiting, entry)
        else:
            entry = (math.inf, observation.number)
        insort(self.entries, entry)

    def promote(self, eta: int) -> int | None:
        """Take out the best trial of the top 1/eta not promoted before; return its number, or None."""
        if self.waiting and bisect_left(self.entries, self.waiting[0]) < len(self.entries) // eta:
            return self.waiting.pop(0)[1]
        return None


class SuccessiveHalving(Optimizer):
    """Promote whatever is in the top 1/eta of its rung, highest rung first; else start a new config.

    Rungs are `min_fidelity * eta ** k`, and the task's largest fidelity. Promotions need not wait for a rung to
    fill, so workers never idle. New configs come from another optimizer, which is told each of them once, after
    the lowest rung; `revise` later hands it the observation of each higher rung. A failed trial counts in its rung
    and is never promoted.

    Args:
        sampler: name of the optimizer that proposes new configs; any that sets no fidelity of its own.
        sampler_options: its options. It is seeded with this optimizer's seed, so that ASHA over random search draws
            the configs that random search draws.
        eta: one in eta is promoted (3 in the paper).
        min_fidelity: the lowest rung, or None for the task's smallest fidelity.
    Raises:
        NbsError: an option out of range, or unknown to the sampler.
        UnsupportedSpace: the sampler cannot serve the problem.
    References:
        Li et al. (2020), A system for massively parallel hyperparameter tuning, algorithm 2.
    """

    name: ClassVar[str] = "asha"

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        sampler: str = "random",
        sampler_options: Mapping[str, Any] | None = None,
        eta: int = 3,
        min_fidelity: int | None = None,
    ) -> None:
        super().__init__(problem, seed=seed)
        lowest = problem.fidelity.min if min_fidelity is None else min_fidelity
        if eta < 2:
            raise NbsError(f"asha: eta must be at least 2, not {eta}")
        if lowest not in problem.fidelity:
            raise NbsError(
                f"asha: min_fidelity must be in {problem.fidelity.min}..{problem.fidelity.max}, not {lowest}"
            )
        self.eta = eta
        self.rungs = [Rung(fidelity) for fidelity in _fidelities(lowest, problem.fidelity.max, eta)]
        self.sampler = _make_sampler(sampler, dict(sampler_options or {}), problem, seed)
        self._configs: dict[int, Config] = {}

    @classmethod
    def supports(cls, problem: Problem) -> str | None:
        """Refuse a problem of a single fidelity."""
        if problem.fidelity.min == problem.fidelity.max:
            return f"its training cannot be cut short (the only fidelity is {problem.fidelity.max})"
        return None

    def ask(self) -> Proposal | None:
        """Return a promotion, else a new config at the lowest rung; None if the sampler gives none."""
        for rung, higher in reversed(list(zip(self.rungs, self.rungs[1:], strict=False))):
            number = rung.promote(self.eta)
            if number is not None:
                return Proposal(self._configs[number], higher.fidelity, parent=number)
        config = self.sampler.ask()
        if config is None:
            return None
        if isinstance(config, Proposal | SearchStep):
            raise OptimizerError(f"asha: its sampler {self.sampler.name!r} sets fidelities of its own")
        return Proposal(config, self.rungs[0].fidelity)

    def tell(self, observation: Observation) -> None:
        """Enter the trial into its rung and pass the observation on to the sampler."""
        rung = next(rung for rung in self.rungs if rung.fidelity == observation.fidelity)
        rung.add(observation)
        self._configs[observation.number] = observation.config
        if rung is self.rungs[0]:
            self.sampler.tell(observation)
        else:
            self.sampler.revise(observation)


def _fidelities(lowest: int, highest: int, eta: int) -> list[int]:
    fidelities = []
    while lowest < highest:
        fidelities.append(lowest)
        lowest *= eta
    return [*fidelities, highest]


def _make_sampler(name: str, options: dict[str, Any], problem: Problem, seed: int) -> Optimizer:
    from nasbench_sparse.registry import load_optimizer

    cls = load_optimizer(name).cls
    if issubclass(cls, SuccessiveHalving):
        raise NbsError(f"asha: sampler {name!r} sets fidelities of its own; choose one that proposes configs alone")
    plain = replace(problem, relaxation=None)
    reason = cls.supports(plain)
    if reason is not None:
        raise UnsupportedSpace(f"asha: sampler {name!r} cannot serve this task: {reason}")
    return cls(plain, seed=seed, **complete_options(cls, options))
