"""Tasks on scikit-learn's digits (1,797 8x8 images): a perceptron of three hidden layers."""

from __future__ import annotations

from nasbench_sparse.core.blueprint import Network, Prune, Recipe, Train
from nasbench_sparse.core.task import Signal
from nasbench_sparse.search_spaces.hpo_config import thesis_training
from nasbench_sparse.tasks.family import Family
from nasbench_sparse.training.task import TrainingTask

MLP = Family(
    name="digits-mlp",
    dataset="digits",
    network=Network("mlp", (("inputs", 64), ("hidden", (64, 48, 32)))),
    layer_sizes=(4096, 3072, 1536, 320),
    sites=3,
    epochs=16,
    pretraining=12,
)

RESIDUAL = Family(
    name="digits-residual",
    dataset="digits",
    network=Network("mlp", (("inputs", 64), ("hidden", (64, 64, 64, 64)))),
    layer_sizes=(4096, 4096, 4096, 4096, 640),
    sites=4,
    epochs=12,
    pretraining=12,
)


def tasks() -> tuple[TrainingTask, ...]:
    """Return the tasks on digits."""
    return (
        MLP.densities(budget=0.1, signal=Signal(0.79, (0.72, 0.85), 0.57), seconds=0.10),
        MLP.operators(signal=Signal(0.78, (0.68, 0.86), 0.61), seconds=0.12),
        MLP.cells(Signal(0.86, (0.8, 0.92), 0.68), seconds=0.19),
        MLP.hyperparameters(signal=Signal(0.9, (0.81, 0.97), 0.64), seconds=0.14),
        MLP.operators_and_hyperparameters(Signal(0.88, (0.78, 0.95), 0.77), seconds=0.16),
        RESIDUAL.task(
            "thesis-training",
            thesis_training(),
            (Prune("random", (0.2,)), Train(RESIDUAL.epochs, Recipe())),
            signal=Signal(0.8, (0.67, 0.89), 0.66),
            seconds=0.15,
            description="training choices of the thesis, table 3.2, on a random mask of 20 %",
        ),
    )
