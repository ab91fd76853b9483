"""Conformance suite of optimizers, for plug-in authors and the built-in ones alike.

    class TestMine(OptimizerSuite):
        optimizer = "path/to/my_opt.py:Mine"

runs an optimizer against small synthetic tasks and checks the contract of `nasbench_sparse.core.optimizer`.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import orjson
import pytest

from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.optimizer import Optimizer, complete_options, option_defaults
from nasbench_sparse.core.trial import Status
from nasbench_sparse.errors import UnknownName
from nasbench_sparse.registry import load_optimizer
from nasbench_sparse.testing.driving import drive, make_optimizer, replay
from nasbench_sparse.testing.problems import SyntheticTask, synthetic_tasks
from nasbench_sparse.testing.synthetic_spaces import ChromosomeSpace

FAILURES = (Status.OK, Status.FAILED, Status.OK, Status.DIVERGED, Status.TIMEOUT, Status.OUT_OF_MEMORY)


class OptimizerSuite:
    """Subclass it as `Test...` and name the optimizer.

    Attributes:
        optimizer: a registered name, `module:Class` or `file.py:Class`.
        options: options it is made with.
        kinds: the synthetic tasks it can serve, of "chromosome", "continuous" and "mixed".
        asks: trials in each test; take few where an ask is slow.
        seed_matters: whether another seed must ask differently.
    """

    optimizer: ClassVar[str]
    options: ClassVar[Mapping[str, Any]] = {}
    kinds: ClassVar[tuple[str, ...]] = ("chromosome", "continuous", "mixed")
    asks: ClassVar[int] = 40
    seed_matters: ClassVar[bool] = True

    @pytest.fixture
    def task(self) -> SyntheticTask:
        """The first synthetic task this optimizer serves."""
        return synthetic_tasks()[self.kinds[0]]

    def make(self, task: SyntheticTask, seed: int = 0) -> Optimizer:
        """Make a fresh optimizer."""
        return make_optimizer(self.optimizer, self.options, task.problem, seed=seed)

    @pytest.mark.parametrize("workers", [1, 3])
    def test_asks_are_valid_and_replay_alike(self, workers: int) -> None:
        """Asks lie in the space and the fidelity; a fresh optimizer given the same calls answers the same."""
        for kind in self.kinds:
            task = synthetic_tasks()[kind]
            first = drive(self.make(task), task, asks=self.asks, workers=workers)
            assert first.observations, f"nothing was asked for on {task.name}"
            assert replay(self.make(task), first).answers == first.answers

    def test_asks_depend_on_the_seed(self, task: SyntheticTask) -> None:
        """Another seed asks differently, where seeds matter at all."""
        if self.seed_matters:
            digests = {drive(self.make(task, seed), task, asks=self.asks).digest for seed in (0, 1)}
            assert len(digests) == 2

    def test_asks_leave_global_generators_alone(self, task: SyntheticTask) -> None:
        """Neither Python's nor numpy's global generator is used or seeded."""
        before = random.getstate(), str(np.random.get_state())  # noqa: NPY002 - read, not used
        drive(self.make(task), task, asks=self.asks)
        assert random.getstate() == before[0]
        assert str(np.random.get_state()) == before[1]  # noqa: NPY002 - read, not used

    def test_none_leaves_the_state_unchanged(self, task: SyntheticTask) -> None:
        """Asking again after None, with nothing told, is None again and has no effect on later asks."""
        once = drive(self.make(task), task, asks=self.asks, workers=3)
        thrice = drive(self.make(task), task, asks=self.asks, workers=3, repeat_none=3)
        assert once.answers == thrice.answers

    @pytest.mark.parametrize("statuses", [FAILURES, (Status.FAILED,)], ids=["some", "all"])
    def test_failures_are_survived(self, task: SyntheticTask, statuses: tuple[Status, ...]) -> None:
        """Trials that fail in any way, even all of them, neither raise nor end the search."""
        healthy = drive(self.make(task), task, asks=self.asks, workers=2)
        ill = drive(self.make(task), task, asks=self.asks, workers=2, statuses=statuses)
        assert len(ill.observations) == len(healthy.observations)

    def test_small_spaces_end_cleanly(self) -> None:
        """On a space of four configs the optimizer repeats itself or says None; it does not raise."""
        if "chromosome" not in self.kinds:
            return
        task = SyntheticTask(space=ChromosomeSpace(2, ("relu", "tanh")))
        optimizer = self.make(task)
        assert drive(optimizer, task, asks=max(8, self.asks), workers=2).observations

    def test_single_fidelity_is_served_or_refused(self, task: SyntheticTask) -> None:
        """A task that cannot be cut short is served in full, or refused with a reason."""
        whole = SyntheticTask(space=task.space, fidelity=Fidelity("epochs", 9, 9))
        reason = load_optimizer(self.optimizer).cls.supports(whole.problem)
        if reason is not None:
            assert reason.strip()
            return
        assert drive(self.make(whole), whole, asks=2).observations[0].fidelity == 9

    def test_asks_are_equal_in_another_process(self, task: SyntheticTask) -> None:
        """A new process with another hash seed asks the same."""
        here = drive(self.make(task), task, asks=self.asks, workers=3).digest
        arguments = orjson.dumps([self.optimizer, dict(self.options), self.kinds[0], self.asks]).decode()
        hash_seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
        there = subprocess.run(
            [sys.executable, "-m", "nasbench_sparse.testing.optimizers", arguments],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
        )
        assert there.stdout.split() == [here]

    def test_options_have_defaults_and_unknown_ones_are_refused(self) -> None:
        """A run's identity holds every option, so each has a JSON default; a misspelt one is an error."""
        cls = load_optimizer(self.optimizer).cls
        complete = complete_options(cls, {})
        assert set(complete) == set(option_defaults(cls)), "an option lacks a default"
        orjson.dumps(complete)
        with pytest.raises(UnknownName):
            complete_options(cls, {"no_such_option": 1})


def main(arguments: str) -> None:
    """Print the digest of the asks that a JSON list [optimizer, options, kind, asks] describes."""
    name, options, kind, asks = orjson.loads(arguments)
    task = synthetic_tasks()[kind]
    optimizer = make_optimizer(name, options, task.problem, seed=0)
    print(drive(optimizer, task, asks=asks, workers=3).digest)


if __name__ == "__main__":
    main(sys.argv[1])
