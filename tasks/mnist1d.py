"""Tasks on MNIST-1D (5,000 generated signals of length 40): a 1-D CNN."""

from __future__ import annotations

from nasbench_sparse.core.blueprint import Network
from nasbench_sparse.core.task import Signal
from nasbench_sparse.tasks.family import Family
from nasbench_sparse.training.task import TrainingTask

CNN = Family(
    name="mnist1d-cnn",
    dataset="mnist1d",
    network=Network("cnn1d"),
    layer_sizes=(125, 1875, 1875, 1250),
    sites=3,
    epochs=8,
    pretraining=12,
)


def tasks() -> tuple[TrainingTask, ...]:
    """Return the tasks on MNIST-1D."""
    return (
        CNN.densities(budget=0.1, signal=Signal(0.67, (0.53, 0.78), 0.21), seconds=0.40),
        CNN.operators(signal=Signal(0.71, (0.57, 0.82), 0.24), seconds=0.63),
        CNN.cells(Signal(0.69, (0.57, 0.8), 0.2), seconds=0.74),
        CNN.hyperparameters(signal=Signal(0.89, (0.8, 0.95), 0.6), seconds=0.66),
        CNN.densities_and_operators(Signal(0.75, (0.63, 0.84), 0.63), seconds=0.63),
    )
