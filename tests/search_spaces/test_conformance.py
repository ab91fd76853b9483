"""The conformance suite on every built-in space."""

from __future__ import annotations

from nasbench_sparse.core.blueprint import Cell
from nasbench_sparse.core.space import SearchSpace
from nasbench_sparse.search_spaces import (
    ActivationCell,
    Categorical,
    DensityBudget,
    DensityLevels,
    Float,
    HyperparameterConfig,
    Integer,
    LayerDensity,
    OperatorChromosome,
    Product,
    UniformDensity,
    safs_stage2,
    safs_stage2_grid,
    thesis_training,
)
from nasbench_sparse.testing.spaces import SpaceSuite

LENET = (235_200, 30_000, 1_000)


class TestLayerDensity(SpaceSuite):
    def space(self) -> SearchSpace:
        return LayerDensity(LENET)


class TestLayerDensityOfTinyLayers(SpaceSuite):
    def space(self) -> SearchSpace:
        return LayerDensity((1, 2, 3), budget=DensityBudget(max_weights=4))


class TestLayerDensityInBudget(SpaceSuite):
    def space(self) -> SearchSpace:
        return LayerDensity(LENET, minimum=0.01, budget=DensityBudget(max_density=0.05))


class TestDensityLevels(SpaceSuite):
    def space(self) -> SearchSpace:
        return DensityLevels((4096, 3072, 640), (0.02, 0.05, 0.1, 0.4))


class TestDensityLevelsInBudget(SpaceSuite):
    def space(self) -> SearchSpace:
        return DensityLevels((4096, 3072, 640), (0.02, 0.05, 0.1, 0.4), DensityBudget(max_density=0.06))


class TestUniformDensity(SpaceSuite):
    def space(self) -> SearchSpace:
        return UniformDensity((7, 100, 33), minimum=0.04)


class TestUniformDensityInBudget(SpaceSuite):
    def space(self) -> SearchSpace:
        return UniformDensity(LENET, budget=DensityBudget(max_weights=2_000))


class TestOperatorChromosome(SpaceSuite):
    def space(self) -> SearchSpace:
        return OperatorChromosome(13)


class TestOperatorChromosomeOfFormulas(SpaceSuite):
    def space(self) -> SearchSpace:
        cell = Cell(("silu", "relu", "identity", "tanh"), ("add", "left"))
        return OperatorChromosome(3, ("relu", "grafs-rn-4", "mine"), cells=(("mine", cell),))


class TestOperatorChromosomeOfOneSite(SpaceSuite):
    def space(self) -> SearchSpace:
        return OperatorChromosome(1, ("relu", "prelu", "swish"), learn_scales=True)


class TestActivationCell(SpaceSuite):
    def space(self) -> SearchSpace:
        return ActivationCell()


class TestActivationCellOfFewOperations(SpaceSuite):
    def space(self) -> SearchSpace:
        return ActivationCell(False, ("tanh", "identity", "constant"), ("mix", "add", "left", "right"))


class TestSafsStage2(SpaceSuite):
    def space(self) -> SearchSpace:
        return safs_stage2()


class TestSafsStage2Grid(SpaceSuite):
    def space(self) -> SearchSpace:
        return safs_stage2_grid(5, 3)


class TestThesisTraining(SpaceSuite):
    def space(self) -> SearchSpace:
        return thesis_training()


class TestDeclaredHyperparameters(SpaceSuite):
    def space(self) -> SearchSpace:
        return HyperparameterConfig(
            (
                Categorical("norm", (True, False)),
                Integer("width", 4, 300, log=True),
                Integer("groups", -2, 3, active_if=("norm", (True,))),
                Categorical("kind", ("a", "b"), active_if=("norm", (True,))),
                Float("rate", 0.5, 1.5, active_if=("kind", ("b",))),
            )
        )


class TestProductOfChromosomeAndTraining(SpaceSuite):
    def space(self) -> SearchSpace:
        return Product((("operators", OperatorChromosome(3)), ("training", safs_stage2())))


class TestProductOfProductAndDensity(SpaceSuite):
    def space(self) -> SearchSpace:
        density = LayerDensity(LENET, budget=DensityBudget(max_density=0.05))
        few = OperatorChromosome(2, ("relu", "tanh"))
        return Product((("inner", Product((("few", few), ("cell", ActivationCell())))), ("density", density)))
