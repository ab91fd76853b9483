"""The contract of an optimizer: `ask` and `tell`."""

from __future__ import annotations

import inspect
import json
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from nasbench_sparse.core.config import Config
from nasbench_sparse.core.declaration import digest
from nasbench_sparse.core.problem import Problem
from nasbench_sparse.core.trial import Observation, Proposal, SearchStep
from nasbench_sparse.errors import NbsError, unknown

Ask = Config | Proposal | SearchStep | None


class Optimizer(ABC):
    """Proposes configs and is told what came of them. A subclass needs `ask` and `tell` only.

    An optimizer is driven by one thread. It must be deterministic: given the same seed and the same sequence
    of calls it asks the same, in any process and for any hash seed, since a killed run is resumed by replaying
    its calls. Random numbers come from `self.rng` (or another generator made from the seed).

    Options are keyword-only arguments, with defaults, of the subclass's `__init__`, which passes `problem` and
    `seed` on to this one.

    Attributes:
        space: the search space; `space.sample(rng)` and `space.neighbour(config, rng)` are the usual tools.
        rng: numpy generator seeded with the run's seed.
        objective, fidelity: see `Problem`.
    """

    name: ClassVar[str] = ""

    def __init__(self, problem: Problem, *, seed: int) -> None:
        self.problem = problem
        self.space = problem.space
        self.objective = problem.objective
        self.fidelity = problem.fidelity
        self.seed = seed
        self.rng = np.random.default_rng(seed)

    @abstractmethod
    def ask(self) -> Ask:
        """Return what to try next: a config (at full fidelity), a `Proposal`, a `SearchStep`, or None.

        Never blocks. None means "waiting for a tell", or, when nothing is outstanding, "exhausted"; a call that
        returns None must leave the optimizer as it was.
        """

    @abstractmethod
    def tell(self, observation: Observation) -> None:
        """Take the outcome of one asked trial. With several workers, outcomes come in any order."""

    def revise(self, observation: Observation) -> None:  # noqa: B027 - optional by contract
        """Take a better measurement of a config already told (a higher rung); by default the first one stays.

        Its number is that of the trial which measured it, so the earlier one is found by its config.
        """

    @classmethod
    def supports(cls, problem: Problem) -> str | None:
        """Return None if this optimizer can serve the problem, else the reason why not, in one clause."""
        return None


def option_defaults(cls: type[Optimizer]) -> dict[str, Any]:
    """Return the options of an optimizer class and their defaults."""
    parameters = inspect.signature(cls.__init__).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "seed"}


def complete_options(cls: type[Optimizer], options: dict[str, Any]) -> dict[str, Any]:
    """Fill in defaults, so that a changed default is a changed run.

    Raises:
        UnknownName: an option the class does not take, naming the nearest ones.
        NbsError: a value that JSON cannot hold, as a run's identity must.
    """
    defaults = option_defaults(cls)
    takes_any = any(p.kind is p.VAR_KEYWORD for p in inspect.signature(cls.__init__).parameters.values())
    for name in options:
        if name not in defaults and not takes_any:
            raise unknown(f"option of {cls.name or cls.__name__}", name, defaults)
    complete = {**{k: v for k, v in defaults.items() if v is not inspect.Parameter.empty}, **options}
    complete = {name: v.item() if isinstance(v, np.generic) else v for name, v in complete.items()}
    for name, value in complete.items():
        try:
            digest(value)
            json.dumps(value, allow_nan=False)  # the digest takes NaN and infinities for null
        except (TypeError, ValueError) as error:
            raise NbsError(
                f"option {name!r} of {cls.name or cls.__name__} is {value!r} of type {type(value).__name__}; "
                "allowed is what JSON holds: finite numbers, texts, true, false, null, lists and mappings of these"
            ) from error
    return complete
