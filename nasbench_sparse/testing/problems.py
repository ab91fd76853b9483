"""Synthetic tasks: cheap deterministic functions of config, fidelity and replicate, with made-up seconds.

Conformance suites, benchmarks and tests share them. Nothing is trained; everything a task may do to its executor
(raise, sleep, diverge, end the process) can be had on demand by declaring a `Fault`.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal

import numpy as np
import orjson

from nasbench_sparse.core.config import Config, Value, config_key
from nasbench_sparse.core.curve import Curve, CurvePoint
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.objective import Objective
from nasbench_sparse.core.streams import generator
from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Evaluation, SearchStep, Status, Trial
from nasbench_sparse.testing.synthetic_spaces import ChromosomeSpace, ContinuousSpace, MixedSpace, SyntheticSpace


@dataclass(frozen=True, slots=True)
class Fault:
    """What a synthetic task does wrong, for the configs that match all pairs of `where` (none: every config).

    Args:
        kind: "raise" a RuntimeError; "memory": raise a MemoryError; "exit": end the process; "sleep" for `seconds`
            of wall time, then go on; "diverge" half-way; "nan": be OK with a last validation loss of NaN.
        where: pairs of field and value.
    """

    kind: Literal["raise", "memory", "exit", "sleep", "diverge", "nan"]
    where: tuple[tuple[str, Value], ...] = ()
    seconds: float = 0.0

    def matches(self, config: Config) -> bool:
        """Whether the fault strikes this config."""
        return all(name in config and config[name] == value for name, value in self.where)


@dataclass(frozen=True, kw_only=True)
class SyntheticTask(Task):
    """After `step` units the validation loss is `0.1 + distance(config) + 0.5 / step + noise * u`.

    `distance` is the space's, 0 at its optimum and at most 1; u in [-1, 1) is a hash of config, replicate and fold,
    so replicates disagree as those of a real task do. A unit takes 1 to 2 seconds, by a hash of the config.

    Args:
        noise: half the width of the replicates' disagreement.
        faults: what goes wrong, for which configs.
        search_steps: whether the task carries out search steps; each derives a config by a hash of the step.
    """

    name: str = "synthetic"
    family: str = "synthetic"
    dataset: str = "none"
    space: SyntheticSpace = field(default_factory=ChromosomeSpace)
    fidelity: Fidelity = field(default_factory=lambda: Fidelity("epochs", 1, 9))
    objective: Objective = field(default_factory=lambda: Objective("val_loss", "minimize", worst=10.0))
    noise: float = 0.01
    faults: tuple[Fault, ...] = ()
    search_steps: bool = False

    @property
    def engine(self) -> str:
        """The synthetic functions' version."""
        return "synthetic-1"

    @property
    def searchable(self) -> bool:
        """As declared by `search_steps`."""
        return self.search_steps

    @property
    def optimal_loss(self) -> float:
        """The loss at the space's optimum and the largest fidelity, the noise left out."""
        return 0.1 + 0.5 / self.fidelity.max

    def evaluate(self, trial: Trial, checkpoint: bytes | None = None) -> tuple[Evaluation, bytes | None]:
        """Compute the curves; see `Task.evaluate`.

        Raises:
            RuntimeError: a fault of kind "raise", or a checkpoint of another training.
            MemoryError: a fault of kind "memory".
        """
        identity = [trial.config_key, trial.replicate]
        if checkpoint is not None and orjson.loads(checkpoint)[:2] != identity:
            raise RuntimeError(f"checkpoint {checkpoint!r} belongs to another training than {identity}")
        kinds = [self._strike(fault) for fault in self.faults if fault.matches(trial.config)]
        curves = tuple(self._curve(trial, fold) for fold in range(self.folds))
        status = Status.OK
        if "diverge" in kinds:
            curves, status = tuple(curve[: trial.fidelity // 2] for curve in curves), Status.DIVERGED
        if "nan" in kinds:
            curves = tuple((*curve[:-1], curve[-1]._replace(val_loss=float("nan"))) for curve in curves)
        units = (trial.fidelity - trial.resumes_at) * self.folds
        evaluation = Evaluation(status, curves, seconds=units * self._unit_seconds(trial.config_key))
        if status is Status.DIVERGED or trial.fidelity == self.fidelity.max:
            return evaluation, None
        return evaluation, orjson.dumps([*identity, trial.fidelity])

    def advance(
        self, step: SearchStep, replicate: int, checkpoint: bytes | None = None
    ) -> tuple[Evaluation, bytes | None]:
        """Derive a config for the step in one made-up second; see `Task.advance`.

        Raises:
            RuntimeError: the checkpoint is not what the step before left.
            NotImplementedError: the task was declared without search steps.
        """
        if not self.search_steps:
            return super().advance(step, replicate, checkpoint)
        expected = None if step.step == 0 else orjson.dumps([step.seed, replicate, step.step - 1])
        if checkpoint != expected:
            raise RuntimeError(f"search step {step.step} needs the state {expected!r}, not {checkpoint!r}")
        rng = generator("search", replicate, step.seed, f"step {step.step}")
        evaluation = Evaluation(Status.OK, seconds=1.0, config=self.space.sample(rng))
        return evaluation, orjson.dumps([step.seed, replicate, step.step])

    @staticmethod
    def _strike(fault: Fault) -> str:
        if fault.kind == "raise":
            raise RuntimeError("a synthetic fault")
        if fault.kind == "memory":
            raise MemoryError("a synthetic fault")
        if fault.kind == "exit":
            os._exit(17)
        if fault.kind == "sleep":
            time.sleep(fault.seconds)
        return fault.kind

    def _curve(self, trial: Trial, fold: int) -> Curve:
        offset = self.noise * (2.0 * _fraction(f"{trial.config_key}|{trial.replicate}|{fold}") - 1.0)
        final = 0.1 + self.space.distance(trial.config) + offset
        unit_seconds = self._unit_seconds(trial.config_key)
        return tuple(self._point(final, step, unit_seconds) for step in range(1, trial.fidelity + 1))

    @staticmethod
    def _point(final: float, step: int, unit_seconds: float) -> CurvePoint:
        loss = final + 0.5 / step
        accuracy = 1.0 / (1.0 + loss)
        return CurvePoint(
            step=step,
            train_loss=0.9 * loss,
            val_loss=loss,
            val_accuracy=accuracy,
            test_loss=1.1 * loss,
            test_accuracy=0.98 * accuracy,
            density=0.1,
            seconds=step * unit_seconds,
        )

    @staticmethod
    def _unit_seconds(key: str) -> float:
        """A multiple of 1/64, so that sums are exact in any order."""
        return 1.0 + round(64 * _fraction(key)) / 64


def synthetic_tasks() -> dict[str, SyntheticTask]:
    """Return one task for each synthetic space, by the space's kind."""
    spaces: dict[str, SyntheticSpace] = {
        "chromosome": ChromosomeSpace(),
        "continuous": ContinuousSpace(),
        "mixed": MixedSpace(),
    }
    return {kind: SyntheticTask(name=f"synthetic-{kind}", space=space) for kind, space in spaces.items()}


def make_trial(task: Task, config: Config, *, number: int = 0, fidelity: int | None = None) -> Trial:
    """Return a trial of replicate 0 at a fidelity (the largest by default)."""
    return Trial(number, config, config_key(config), fidelity or task.fidelity.max, replicate=0)


def _fraction(text: str) -> float:
    """Hash a text to [0, 1)."""
    value = int.from_bytes(blake2b(text.encode(), digest_size=6).digest(), "little")
    return float(np.ldexp(value, -48))
