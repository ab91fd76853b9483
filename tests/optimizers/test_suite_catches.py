"""The conformance suite fails optimizers that break the contract, each in one way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nasbench_sparse.core.config import Config
from nasbench_sparse.core.optimizer import Ask, Optimizer
from nasbench_sparse.core.problem import Problem
from nasbench_sparse.core.trial import Observation, Proposal, Status
from nasbench_sparse.errors import InvalidConfig, OptimizerError
from nasbench_sparse.testing.optimizers import FAILURES, OptimizerSuite
from nasbench_sparse.testing.problems import synthetic_tasks


class Sound(Optimizer):
    """Keeps the contract; the others inherit from it and break it."""

    def ask(self) -> Ask:
        return self.space.sample(self.rng)

    def tell(self, observation: Observation) -> None:
        pass


class GlobalGenerator(Sound):
    def ask(self) -> Config:
        return self.space.sample(np.random.default_rng(np.random.randint(99)))  # noqa: NPY002


class InvalidConfigs(Sound):
    def ask(self) -> Config:
        return {**self.space.sample(self.rng), "gene_0": "lion"}


class FidelityOutside(Sound):
    def ask(self) -> Proposal:
        return Proposal(self.space.sample(self.rng), 10)


class ForeignParent(Sound):
    def ask(self) -> Proposal:
        return Proposal(self.space.sample(self.rng), 9, parent=0)


class HashSeeded(Sound):
    def __init__(self, problem: Problem, *, seed: int) -> None:
        super().__init__(problem, seed=abs(hash(f"seed {seed}")))


class NoneMoves(Sound):
    """Draws a number although it answers None."""

    def __init__(self, problem: Problem, *, seed: int) -> None:
        super().__init__(problem, seed=seed)
        self.waiting = False

    def ask(self) -> Ask:
        config = self.space.sample(self.rng)
        if self.waiting:
            return None
        self.waiting = True
        return config

    def tell(self, observation: Observation) -> None:
        self.waiting = False


class StopsAtFailure(Sound):
    failed = False

    def ask(self) -> Ask:
        return None if self.failed else super().ask()

    def tell(self, observation: Observation) -> None:
        self.failed = self.failed or observation.status is not Status.OK


class Seedless(Sound):
    def ask(self) -> Config:
        return next(iter(self.space.grid(2)))


class OptionWithoutDefault(Sound):
    def __init__(self, problem: Problem, *, seed: int, size: int) -> None:
        super().__init__(problem, seed=seed)


TASK = synthetic_tasks()["chromosome"]
Check = Callable[[OptimizerSuite], Any]


def suite(cls: type[Optimizer]) -> OptimizerSuite:
    """Return the suite for one of the classes above."""

    class Suite(OptimizerSuite):
        optimizer = f"{__file__}:{cls.__name__}"

    return Suite()


CHECKS: dict[str, Check] = {
    "valid": lambda s: s.test_asks_are_valid_and_replay_alike(workers=3),
    "seed": lambda s: s.test_asks_depend_on_the_seed(TASK),
    "global": lambda s: s.test_asks_leave_global_generators_alone(TASK),
    "none": lambda s: s.test_none_leaves_the_state_unchanged(TASK),
    "failures": lambda s: s.test_failures_are_survived(TASK, FAILURES),
    "small": lambda s: s.test_small_spaces_end_cleanly(),
    "single": lambda s: s.test_single_fidelity_is_served_or_refused(TASK),
    "process": lambda s: s.test_asks_are_equal_in_another_process(TASK),
    "options": lambda s: s.test_options_have_defaults_and_unknown_ones_are_refused(),
}


@pytest.mark.parametrize("check", CHECKS.values(), ids=list(CHECKS))
def test_suite_passes_a_sound_optimizer(check: Check) -> None:
    check(suite(Sound))


@pytest.mark.parametrize(
    ("cls", "check", "error"),
    [
        (GlobalGenerator, "global", AssertionError),
        (GlobalGenerator, "valid", AssertionError),
        (InvalidConfigs, "valid", InvalidConfig),
        (FidelityOutside, "valid", OptimizerError),
        (ForeignParent, "valid", OptimizerError),
        (HashSeeded, "process", AssertionError),
        (NoneMoves, "none", AssertionError),
        (StopsAtFailure, "failures", AssertionError),
        (Seedless, "seed", AssertionError),
        (OptionWithoutDefault, "options", AssertionError),
    ],
)
def test_suite_fails_a_broken_optimizer(cls: type[Optimizer], check: str, error: Any) -> None:
    with pytest.raises(error):
        CHECKS[check](suite(cls))
