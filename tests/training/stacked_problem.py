"""A stacked task whose configs choose among everything that may vary between the slots of a stack."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nasbench_sparse.core.blueprint import Activation, Blueprint, Cell, Network, Operator
from nasbench_sparse.core.config import Config, Value, config_key
from nasbench_sparse.core.operations import BASELINE_OPERATORS, OPERATORS
from nasbench_sparse.core.trial import Evaluation, Trial
from nasbench_sparse.training.encoding import unpack
from nasbench_sparse.training.task import TrainingTask
from tests.training.small import Rates, small_task, without_seconds

CELLS: dict[str, Cell] = {
    "cell": Cell(("scale", "sinh", "tanh", "shift"), ("multiply", "mix")),
    "frozen cell": Cell(("scale", "sinh", "tanh", "shift"), ("add", "gate"), (("u1", 0.7), ("u4", -0.3))),
    "frozen cell 2": Cell(("scale", "sinh", "tanh", "shift"), ("add", "gate"), (("u1", 1.3), ("u4", 0.1))),
    "unbounded cell": Cell(("arctan", "square", "erf", "elu"), ("left", "maximum"), bounded=False),
}
ACTIVATIONS: dict[str, Activation] = {
    **{name: Operator(name) for name in (*OPERATORS, *BASELINE_OPERATORS)},
    **{f"scaled {name}": Operator(name, learn_scales=True) for name in (*OPERATORS, *BASELINE_OPERATORS)},
    **CELLS,
}
OPTIMIZERS = {
    "sgd": 0.05,
    "adam": 3e-3,
    "adamw": 3e-3,
    "adagrad": 1e-2,
    "rmsprop": 1e-3,
    "fromage": 1e-2,
    "tadam": 3e-3,
}


@dataclass(frozen=True)
class Everything(Rates):
    """Fields first, second (activations of the two sites), density, and any of the recipe's."""

    def configure(self, blueprint: Blueprint, config: Config) -> Blueprint:
        recipe = dict(config)
        activations = tuple(ACTIVATIONS[str(recipe.pop(field))] for field in ("first", "second"))
        density = float(recipe.pop("density"))
        return blueprint.with_activations(activations).with_densities((density,)).with_recipe(**recipe)


def stacked_task(size: int = 4, network: Network | None = None, folds: int = 1, epochs: int = 3) -> TrainingTask:
    """Return the task, for stacks of `size`; its layers have 12 and 8 units, no multiples of a vector."""
    task = small_task(folds=folds, epochs=epochs, **({} if network is None else {"network": network}))
    return replace(task, name="stacked", space=Everything(), numerics=f"stacked({size})")


def config(**fields: Value) -> dict[str, Value]:
    """Return a config, its learning rate fitting its optimizer."""
    optimizer = str(fields.get("optimizer", "adam"))
    given: dict[str, Value] = {"first": "tanh", "second": "relu", "density": 0.4, "optimizer": optimizer}
    return given | {"learning_rate": OPTIMIZERS[optimizer]} | fields


def trial(fields: dict[str, Value], fidelity: int = 3, replicate: int = 0, resumes_at: int = 0) -> Trial:
    """Return a trial of a config."""
    return Trial(0, fields, config_key(fields), fidelity, replicate, resumes_at=resumes_at)


def bits(outcome: tuple[Evaluation, bytes | None]) -> tuple[object, ...]:
    """Return everything of an outcome but times, such that it equals another's if all bits do."""
    evaluation, state = outcome
    tensors = {} if state is None else unpack(state)[0]
    raw = {name: tensor.numpy().tobytes() for name, tensor in tensors.items()}
    return evaluation.status, without_seconds(evaluation.curves), raw
