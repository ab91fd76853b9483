"""Tasks on 5,000 images of MNIST: a perceptron, a small CNN, and LeNet-5."""

from __future__ import annotations

from nasbench_sparse.core.blueprint import Network
from nasbench_sparse.core.task import Signal
from nasbench_sparse.tasks.family import Family
from nasbench_sparse.training.task import TrainingTask

MLP = Family(
    name="mnist5k-mlp",
    dataset="mnist5k",
    network=Network("mlp", (("inputs", 784), ("hidden", (64, 48, 32)))),
    layer_sizes=(50176, 3072, 1536, 320),
    sites=3,
    epochs=8,
    pretraining=8,
)

CNN = Family(
    name="mnist5k-cnn",
    dataset="mnist5k",
    network=Network("small_cnn"),
    layer_sizes=(72, 1152, 25088, 320),
    sites=3,
    epochs=4,
    pretraining=8,
)

LENET5 = Family(
    name="mnist5k-lenet5",
    dataset="mnist5k",
    network=Network("lenet5"),
    layer_sizes=(150, 2400, 30720, 10080, 840),
    sites=4,
    epochs=4,
    pretraining=8,
)


def tasks() -> tuple[TrainingTask, ...]:
    """Return the tasks on MNIST-5k."""
    return (
        MLP.densities(signal=Signal(0.69, (0.54, 0.8), 0.06), seconds=0.26),
        MLP.operators(signal=Signal(0.86, (0.79, 0.91), 0.67), seconds=0.31),
        MLP.cells(Signal(0.77, (0.65, 0.87), 0.44), seconds=0.45),
        MLP.hyperparameters(signal=Signal(0.81, (0.66, 0.94), 0.68), seconds=0.30),
        CNN.densities(signal=Signal(0.77, (0.67, 0.85), 0.45), seconds=0.32),
        CNN.operators(signal=Signal(0.75, (0.57, 0.89), 0.63), seconds=0.46),
        CNN.cells(Signal(0.84, (0.77, 0.9), 0.69), seconds=0.66),
        CNN.hyperparameters(signal=Signal(0.94, (0.88, 0.97), 0.81), seconds=0.39),
        LENET5.densities(signal=Signal(0.58, (0.41, 0.71), 0.08), seconds=0.86),
        LENET5.operators(signal=Signal(0.85, (0.77, 0.92), 0.52), seconds=1.06),
        LENET5.cells(Signal(0.86, (0.78, 0.92), 0.78), seconds=1.79),
        LENET5.hyperparameters(signal=Signal(0.89, (0.83, 0.94), 0.71), seconds=0.94),
    )
