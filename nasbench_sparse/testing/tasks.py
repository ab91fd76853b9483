"""Conformance tests of tasks, for plug-in authors to run on their own.

    class TestMyTask(TaskSuite):
        def task(self) -> Task:
            return MyTask(...)

Pytest collects the subclass with every test below. It must live in a file that a fresh process can import by its
path, since results are compared with those of a second process.
"""

from __future__ import annotations

import inspect
import math
import os
import subprocess
import sys
from abc import ABC, abstractmethod
from functools import cached_property
from itertools import pairwise

import numpy as np
import orjson

from nasbench_sparse.core.config import Config, config_key
from nasbench_sparse.core.curve import Curve
from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Evaluation, Status, Trial

CHILD = """
import importlib.util, sys
file, name = sys.argv[1:]
sys.path.insert(0, file.rpartition("/")[0])
spec = importlib.util.spec_from_file_location("task_suite", file)
module = importlib.util.module_from_spec(spec)
sys.modules["task_suite"] = module
spec.loader.exec_module(module)
from nasbench_sparse.testing.tasks import outcome
sys.stdout.buffer.write(outcome(getattr(module, name)()))
"""


class TaskSuite(ABC):
    """Tests that every task must pass. Subclass it, and build the task in `task`.

    Attributes:
        longest: units of fidelity trained at most, so that the tests stay short (`fidelity.min` is always trained).
        seed: of the config that is trained; its training must not diverge.
    """

    longest = 2
    seed = 0

    @abstractmethod
    def task(self) -> Task:
        """Return the task to test."""

    @property
    def fidelity(self) -> int:
        """Units of fidelity of the longest training here."""
        bounds = self.task().fidelity
        return max(bounds.min, min(bounds.max, self.longest))

    @cached_property
    def config(self) -> Config:
        """The config that is trained."""
        return self.task().space.sample(np.random.default_rng(self.seed))

    def trial(self, fidelity: int | None = None, replicate: int = 0, config: Config | None = None) -> Trial:
        """Return a trial, by default the longest one of the suite's config."""
        chosen = self.config if config is None else config
        return Trial(0, chosen, config_key(chosen), fidelity or self.fidelity, replicate)

    def test_declaration_is_plain_data_with_a_stable_fingerprint(self) -> None:
        task = self.task()
        orjson.dumps(task.declaration)
        assert task.fingerprint == self.task().fingerprint
        assert len(task.fingerprint) == 16

    def test_evaluation_has_a_whole_curve_for_each_fold(self) -> None:
        task = self.task()
        evaluation, _ = task.evaluate(self.trial())
        assert evaluation.status is Status.OK
        assert evaluation.error is None
        assert len(evaluation.curves) == task.folds
        assert evaluation.seconds > 0.0
        for curve in evaluation.curves:
            assert [point.step for point in curve] == list(range(1, self.fidelity + 1))
            assert all(earlier.seconds < later.seconds for earlier, later in pairwise(curve))
            for point in curve:
                assert math.isfinite(point.train_loss)
                assert math.isfinite(point.val_loss)
                assert 0.0 <= point.val_accuracy <= 1.0
                assert 0.0 <= point.density <= 1.0
        assert task.objective.loss(evaluation.curve[-1]) <= task.objective.worst

    def test_evaluation_does_not_depend_on_what_was_evaluated_before(self) -> None:
        task = self.task()
        first, _ = task.evaluate(self.trial())
        task.evaluate(self.trial(config=task.space.neighbour(self.config, np.random.default_rng(1))))
        again, _ = self.task().evaluate(self.trial())
        assert timeless(again) == timeless(first)

    def test_shorter_training_is_a_prefix_and_continues_to_the_same(self) -> None:
        task = self.task()
        whole, end = task.evaluate(self.trial())
        assert end is None or self.fidelity < task.fidelity.max, "a training at fidelity.max leaves no checkpoint"
        for fidelity in range(task.fidelity.min, self.fidelity):
            part, checkpoint = task.evaluate(self.trial(fidelity))
            assert checkpoint is not None, (
                f"a training cut at fidelity {fidelity} leaves a checkpoint to continue from; a task whose "
                "training cannot be cut declares fidelity.min = fidelity.max"
            )
            assert timeless(part) == [curve[:fidelity] for curve in timeless(whole)]
            continued, _ = task.evaluate(self.trial(), checkpoint)
            assert timeless(continued) == timeless(whole)

    def test_replicates_differ(self) -> None:
        task = self.task()
        curves = [timeless(task.evaluate(self.trial(replicate=replicate))[0]) for replicate in range(2)]
        assert task.replicates == 1 or curves[0] != curves[1]

    def test_evaluation_is_the_same_in_another_process(self) -> None:
        file = inspect.getfile(type(self))
        environment = {**os.environ, "PYTHONHASHSEED": "1"}
        run = subprocess.run(
            [sys.executable, "-c", CHILD, file, type(self).__name__],
            env=environment,
            capture_output=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr.decode()
        assert run.stdout == outcome(self)


def timeless(evaluation: Evaluation) -> list[Curve]:
    """Return an evaluation's curves without what a clock measured."""
    return [tuple(point._replace(seconds=0.0) for point in curve) for curve in evaluation.curves]


def outcome(suite: TaskSuite) -> bytes:
    """Return a task's fingerprint and the suite's evaluation as bytes that print floats exactly."""
    task = suite.task()
    evaluation, _ = task.evaluate(suite.trial())
    curves = [[[repr(value) for value in point[:8]] for point in curve] for curve in timeless(evaluation)]
    return orjson.dumps([task.fingerprint, evaluation.status, curves])
