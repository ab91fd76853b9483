"""Tasks with a table: small perceptrons, trained in stacks, each family with a network and data of its own."""

from __future__ import annotations

import itertools

from nasbench_sparse.core.blueprint import Network
from nasbench_sparse.core.task import Signal
from nasbench_sparse.search_spaces.hpo_config import safs_stage2_grid
from nasbench_sparse.tasks.family import Family
from nasbench_sparse.training.task import TrainingTask

STACKED = "stacked(32)"

INPUTS = {"digits": 64, "mnist1d": 40, "mnist5k": 784}


def perceptron(
    dataset: str,
    name: str,
    hidden: tuple[int, ...],
    epochs: int,
    pretraining: int = 8,
    residual: bool = False,
    numerics: str = STACKED,
) -> Family:
    """Return the family of a perceptron; `residual` adds batch normalisation and a skip every two layers."""
    widths = (INPUTS[dataset], *hidden, 10)
    switches = (("batch_norm", True), ("skip", True)) if residual else ()
    return Family(
        name=f"{dataset}-{name}",
        dataset=dataset,
        network=Network("mlp", (("inputs", widths[0]), ("hidden", hidden), *switches)),
        layer_sizes=tuple(a * b for a, b in itertools.pairwise(widths)),
        sites=len(hidden),
        epochs=epochs,
        pretraining=pretraining,
        numerics=numerics,
    )


FINE_LEVELS = (0.01, 0.014, 0.02, 0.028, 0.04, 0.056, 0.08, 0.11, 0.16, 0.22, 0.32, 0.45, 0.64, 0.9)
COARSE_LEVELS = (0.02, 0.04, 0.08, 0.16, 0.32, 0.64)

CHROMOSOMES = perceptron("mnist5k", "taper", (64, 48, 32), epochs=8)
CHROMOSOMES_1D = perceptron("mnist1d", "taper", (64, 48, 32), epochs=12)
DENSITIES = perceptron("mnist5k", "shallow", (64, 32), epochs=8)
DENSITIES_RESIDUAL = perceptron("digits", "deep", (48, 48, 48, 48), epochs=12)
DENSITIES_1D = perceptron("mnist1d", "wide", (96, 96), epochs=12)
HYPERPARAMETERS = perceptron("digits", "taper", (64, 48, 32), epochs=12)
HYPERPARAMETERS_1D = perceptron("mnist1d", "shallow", (64, 64), epochs=12)
CELLS = perceptron("mnist5k", "pair", (40, 40), epochs=8, numerics="single")
CELLS_DIGITS = perceptron("digits", "pair", (48, 48), epochs=12, numerics="single")


def tasks() -> tuple[TrainingTask, ...]:
    """Return the tasks whose tables are shipped."""
    return (
        CHROMOSOMES.operators(0.1, Signal(0.76, (0.74, 0.77), 0.33, 2197), seconds=0.15),
        CHROMOSOMES.operators(0.05, Signal(0.78, (0.77, 0.79), 0.48, 2197), seconds=0.16),
        CHROMOSOMES.operators(0.02, Signal(0.77, (0.76, 0.78), 0.58, 2197), seconds=0.16),
        CHROMOSOMES_1D.operators(0.1, Signal(0.73, (0.72, 0.75), 0.24, 2197), seconds=0.11),
        DENSITIES.density_levels(FINE_LEVELS, 0.05, Signal(0.85, (0.84, 0.86), 0.78, 875), seconds=0.12),
        DENSITIES_RESIDUAL.density_levels(COARSE_LEVELS, 0.1, Signal(0.5, (0.47, 0.53), 0.31, 1240), seconds=0.02),
        DENSITIES_1D.density_levels(FINE_LEVELS, 0.2, Signal(0.85, (0.84, 0.86), 0.8, 1615), seconds=0.09),
        HYPERPARAMETERS.hyperparameters(safs_stage2_grid(), Signal(0.95, (0.94, 0.96), 0.85, 1812), seconds=0.03),
        HYPERPARAMETERS_1D.hyperparameters(
            safs_stage2_grid(), Signal(0.97, (0.96, 0.97), 0.89, 1812), seconds=0.07
        ),
        CELLS.cells(Signal(0.82, (0.81, 0.84), 0.71, 1024), seconds=0.37),
        CELLS_DIGITS.cells(Signal(0.84, (0.83, 0.86), 0.67, 1024), seconds=0.17),
    )
