"""Search spaces, one file each."""

from nasbench_sparse.search_spaces.activation_cell import ActivationCell
from nasbench_sparse.search_spaces.density_budget import DensityBudget
from nasbench_sparse.search_spaces.density_levels import DensityLevels
from nasbench_sparse.search_spaces.factorial import Factor, Factorial, Level
from nasbench_sparse.search_spaces.hpo_config import (
    HyperparameterConfig,
    safs_stage2,
    safs_stage2_grid,
    thesis_training,
)
from nasbench_sparse.search_spaces.layer_density import LayerDensity
from nasbench_sparse.search_spaces.operator_chromosome import OperatorChromosome
from nasbench_sparse.search_spaces.parameters import Categorical, Float, Integer, Ordinal
from nasbench_sparse.search_spaces.product import Product
from nasbench_sparse.search_spaces.uniform_density import UniformDensity

__all__ = [
    "ActivationCell",
    "Categorical",
    "DensityBudget",
    "DensityLevels",
    "Factor",
    "Factorial",
    "Float",
    "HyperparameterConfig",
    "Integer",
    "LayerDensity",
    "Level",
    "OperatorChromosome",
    "Ordinal",
    "Product",
    "UniformDensity",
    "safs_stage2",
    "safs_stage2_grid",
    "thesis_training",
]
