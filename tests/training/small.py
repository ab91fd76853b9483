"""A small training task and a one-field space for the tests of the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nasbench_sparse.core.blueprint import Blueprint, Network, Operator, Prune, Recipe, Train
from nasbench_sparse.core.config import Config, Value, config_key
from nasbench_sparse.core.curve import Curve
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.space import SearchSpace
from nasbench_sparse.core.trial import Trial
from nasbench_sparse.training.task import TrainingTask

MLP = Network("mlp", (("inputs", 64), ("hidden", (12, 8))))


@dataclass(frozen=True)
class Rates(SearchSpace):
    """Learning rates in [1e-4, 1e9], and on request the density of a pruning phase."""

    density: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        return ("rate", "density") if self.density else ("rate",)

    def sample(self, rng: np.random.Generator) -> dict[str, Value]:
        return {"rate": float(rng.uniform(1e-3, 1e-1))} | ({"density": 0.5} if self.density else {})

    def neighbour(self, config: Config, rng: np.random.Generator) -> dict[str, Value]:
        return self.sample(rng)

    def canonical(self, config: Config) -> dict[str, Value]:
        return dict(config)

    def validate(self, config: Config) -> None:
        return

    def configure(self, blueprint: Blueprint, config: Config) -> Blueprint:
        if self.density:
            blueprint = blueprint.with_densities((float(config["density"]),))
        return blueprint.with_recipe(learning_rate=float(config["rate"]))

    @property
    def coordinates(self) -> Any:
        raise NotImplementedError

    def decode(self, point: Mapping[str, Any]) -> dict[str, Value]:
        return dict(point)

    def encode(self, config: Config) -> dict[str, Any]:
        return dict(config)

    @property
    def size(self) -> int | None:
        return None

    def grid(self, resolution: int) -> Iterator[dict[str, Value]]:
        return iter(())


def small_task(
    recipe: Recipe | None = None,
    activations: tuple[Operator, ...] = (Operator("swish", learn_scales=True),),
    folds: int = 1,
    epochs: int = 4,
    network: Network = MLP,
    density: bool = False,
) -> TrainingTask:
    """Return a task on digits: a dense epoch with ReLU, magnitude pruning to 30 %, then the searched training."""
    pretraining = Train(1, Recipe("adam", 3e-3), (Operator("relu"),))
    search = Train(epochs, recipe or Recipe("sgd", 0.05, momentum=0.9, weight_decay=1e-3))
    return TrainingTask(
        name="small",
        family="digits-mlp",
        space=Rates(density),
        dataset="digits",
        folds=folds,
        fidelity=Fidelity("epochs", 1, epochs),
        blueprint=Blueprint(network, (pretraining, Prune("magnitude", (0.3,)), search), activations),
    )


def small_trial(fidelity: int = 4, replicate: int = 0, resumes_at: int = 0, **config: Value) -> Trial:
    """Return a trial of a small task."""
    config = config or {"rate": 0.05}
    return Trial(0, config, config_key(config), fidelity, replicate, resumes_at=resumes_at)


def without_seconds(curves: tuple[Curve, ...]) -> tuple[Curve, ...]:
    """Return the curves without what a clock measured."""
    return tuple(tuple(point._replace(seconds=0.0) for point in curve) for curve in curves)


def with_recipe(task: TrainingTask, **changes: Any) -> TrainingTask:
    """Return the task with another recipe of its searched training."""
    return replace(task, blueprint=task.blueprint.with_recipe(**changes))
