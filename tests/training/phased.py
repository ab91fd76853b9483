"""Small blueprints of every kind of phase on digits, and a task made of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nasbench_sparse.core.blueprint import (
    ActivatePrune,
    Blueprint,
    Cycles,
    Network,
    Phase,
    Prune,
    Quantise,
    Recipe,
    Regrow,
    Rewind,
    Sigmoid,
    Train,
)
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.methods import ap_lite, ap_pro, iterative
from nasbench_sparse.training.task import TrainingTask
from tests.training.small import MLP, Rates

SGD = Recipe("sgd", 0.05, "cosine", momentum=0.9, weight_decay=1e-3)
ADAM = Recipe("adam", 5e-3, "cosine", weight_decay=1e-3)
NORMED = Network("mlp", (("inputs", 64), ("hidden", (12, 8)), ("batch_norm", True)))
MAGNITUDE = Prune("magnitude", distribution="global", fraction=0.2)

METHODS: dict[str, tuple[Phase, ...]] = {
    "lottery": (Train(1, SGD), iterative(MAGNITUDE, Train(1, SGD), 3)),
    "stabilised": (Train(2, SGD), iterative(MAGNITUDE, Train(1, SGD), 3, rewind=Rewind(5, "steps"))),
    "learning-rate": (Train(1, SGD), iterative(MAGNITUDE, Train(1, ADAM), 3, rewind=Rewind(what="learning_rate"))),
    "ap-pro": (Train(1, SGD), ap_pro(Prune("lamp", distribution="global", fraction=0.2), 0.02, Train(1, SGD), 3)),
    "ap-lite": (
        Train(1, SGD),
        ap_lite(Prune("taylor", distribution="global", fraction=0.2), 0.05, Train(1, SGD), 3),
    ),
    "ap-output": (
        Train(1, SGD),
        ap_pro(MAGNITUDE, 0.05, Train(1, SGD), 2, step=ActivatePrune(0.0, locate="output")),
    ),
    "ap-bias": (
        Train(1, SGD),
        Cycles((MAGNITUDE, ActivatePrune(0.05, bias=0.5), Rewind(), Train(1, SGD)), 2),
    ),
    "train-first": (Cycles((Train(1, SGD), MAGNITUDE, Rewind(), Train(1, SGD)), 2),),
}
"""Phases that end with cycles, by name."""

RIGL = Regrow("rigl", 0.3, begin=4, end=40, frequency=4)


def task_of(
    phases: Sequence[Phase], network: Network = NORMED, folds: int = 1, shortest: int = 1, **fields: Any
) -> TrainingTask:
    """Return a task on digits with these phases."""
    blueprint = Blueprint(network, tuple(phases))
    return TrainingTask(
        name="phased",
        family="digits-mlp",
        space=Rates(),
        dataset="digits",
        folds=folds,
        fidelity=Fidelity(blueprint.unit, shortest, blueprint.length),
        blueprint=blueprint,
        **fields,
    )


ASNI = (
    Train(3, ADAM, sparsify=Sigmoid(90.0)),
    Quantise(),
    Train(2, Recipe("sgd", 0.05, "asni_cosine", momentum=0.9)),
)
ORIGINAL = (*ASNI[:1], Rewind(), *ASNI[2:])
__all__ = ["ADAM", "ASNI", "MAGNITUDE", "METHODS", "MLP", "NORMED", "ORIGINAL", "RIGL", "SGD", "task_of"]
