"""Families of sparse training tasks: one network on one data set, and each space over it."""

from __future__ import annotations

from dataclasses import dataclass

from nasbench_sparse.core.blueprint import Activation, Blueprint, Network, Operator, Phase, Prune, Recipe, Train
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.objective import Objective
from nasbench_sparse.core.space import SearchSpace
from nasbench_sparse.core.task import Signal
from nasbench_sparse.search_spaces.activation_cell import ActivationCell
from nasbench_sparse.search_spaces.density_budget import DensityBudget
from nasbench_sparse.search_spaces.density_levels import DensityLevels
from nasbench_sparse.search_spaces.hpo_config import HyperparameterConfig, safs_stage2
from nasbench_sparse.search_spaces.layer_density import LayerDensity
from nasbench_sparse.search_spaces.operator_chromosome import OperatorChromosome
from nasbench_sparse.search_spaces.product import Product
from nasbench_sparse.training.task import TrainingTask

DENSITY = 0.05
"""What pruning leaves, and the budget of searched densities: a sparsity of 95 %."""

VALIDATION_LOSS = Objective("val_loss", "minimize", worst=2.5)
"""Mean cross-entropy in nats; a network that knows nothing of ten classes has ln 10 = 2.303."""

SWISH = (Operator("swish", learn_scales=True),)


@dataclass(frozen=True)
class Family:
    """A network on a data set, with the training its tasks share.

    Args:
        layer_sizes: weights of each prunable layer, in forward order.
        sites: number of activation sites.
        epochs: length of the searched training.
        pretraining: length of the dense training before it.
        numerics: of its trainings; "stacked(K)" where tables are built from it.
    """

    name: str
    dataset: str
    network: Network
    layer_sizes: tuple[int, ...]
    sites: int
    epochs: int
    pretraining: int
    numerics: str = "single"

    def densities(
        self, budget: float = DENSITY, signal: Signal | None = None, seconds: float | None = None
    ) -> TrainingTask:
        """One density for each layer under a budget; random masks, trained from scratch (SNAS)."""
        phases = (Prune("random", (budget,)), Train(self.epochs, Recipe("adam", 5e-3, "cosine")))
        return self.task(
            "densities",
            self._budgeted(budget),
            phases,
            signal=signal,
            seconds=seconds,
            description=f"densities of the layers under a budget of {budget:.0%}, random masks, from scratch",
        )

    def density_levels(
        self,
        levels: tuple[float, ...],
        budget: float,
        signal: Signal | None = None,
        seconds: float | None = None,
    ) -> TrainingTask:
        """One density out of a few levels for each layer under a budget; random masks, trained from scratch."""
        phases = (Prune("random", (budget,)), Train(self.epochs, Recipe("adam", 5e-3, "cosine")))
        return self.task(
            "density-levels",
            DensityLevels(self.layer_sizes, levels, DensityBudget(max_density=budget)),
            phases,
            signal=signal,
            seconds=seconds,
            description=f"{len(levels)} densities for each layer, a budget of {budget:.0%}, random masks",
        )

    def operators(
        self, density: float = DENSITY, signal: Signal | None = None, seconds: float | None = None
    ) -> TrainingTask:
        """One operator for each site, in a dense ReLU network pruned by magnitude (SAFS, stage 1)."""
        return self.task(
            f"operators-{_sparsity(density)}",
            OperatorChromosome(sites=self.sites),
            (*self._pruned(density), self._fine_tuning()),
            signal=signal,
            seconds=seconds,
            description=f"activation operator of each site, dense training pruned by {_sparsity(density)} %",
        )

    def cells(self, signal: Signal | None = None, seconds: float | None = None) -> TrainingTask:
        """One activation cell for all sites, in a dense ReLU network pruned to 5 % by magnitude (GRAFS)."""
        return self.task(
            "cell-95",
            ActivationCell(),
            (*self._pruned(), self._fine_tuning()),
            signal=signal,
            seconds=seconds,
            description="activation cell of the network, dense training pruned by 95 %",
        )

    def hyperparameters(
        self,
        space: HyperparameterConfig | None = None,
        signal: Signal | None = None,
        seconds: float | None = None,
    ) -> TrainingTask:
        """Hyperparameters of training the pruned network, with Swish of trained scales (SAFS, stage 2)."""
        return self.task(
            "hyperparameters-95",
            space or safs_stage2(),
            (*self._pruned(), self._fine_tuning()),
            SWISH,
            signal=signal,
            seconds=seconds,
            description="optimizer and schedule of training a network pruned by 95 %, Swish with trained scales",
        )

    def operators_and_hyperparameters(
        self, signal: Signal | None = None, seconds: float | None = None
    ) -> TrainingTask:
        """Both stages of SAFS at once."""
        activations = OperatorChromosome(sites=self.sites, learn_scales=True)
        return self.task(
            "operators-hyperparameters-95",
            Product((("activations", activations), ("training", safs_stage2()))),
            (*self._pruned(), self._fine_tuning()),
            signal=signal,
            seconds=seconds,
            description="activation operators and training hyperparameters at once, pruned by 95 %",
        )

    def densities_and_operators(self, signal: Signal | None = None, seconds: float | None = None) -> TrainingTask:
        """Densities of magnitude pruning under a budget of 5 %, and the operators trained with afterwards."""
        activations = OperatorChromosome(sites=self.sites)
        return self.task(
            "densities-operators",
            Product((("sparsity", self._budgeted(DENSITY)), ("activations", activations))),
            (*self._pruned(), self._fine_tuning()),
            signal=signal,
            seconds=seconds,
            description="densities that magnitude pruning leaves under a budget of 5 %, and activation operators",
        )

    def task(
        self,
        name: str,
        space: SearchSpace,
        phases: tuple[Phase, ...],
        activations: tuple[Activation, ...] = (Operator("relu"),),
        signal: Signal | None = None,
        seconds: float | None = None,
        description: str = "",
    ) -> TrainingTask:
        """Return the task of a space over this family."""
        return TrainingTask(
            name=f"{self.name}-{name}",
            family=self.name,
            space=space,
            dataset=self.dataset,
            fidelity=Fidelity("epochs", 1, self.epochs),
            objective=VALIDATION_LOSS,
            numerics=self.numerics,
            blueprint=Blueprint(self.network, phases, activations),
            signal=signal,
            seconds=seconds,
            description=f"{self.dataset}, {self.network.name}: {description}",
        )

    def _pruned(self, density: float = DENSITY) -> tuple[Phase, ...]:
        dense = Train(self.pretraining, Recipe("adam", 2e-3, "cosine"), (Operator("relu"),))
        return dense, Prune("magnitude", (density,))

    def _fine_tuning(self) -> Train:
        return Train(self.epochs, Recipe("adam", 2e-3, "cosine"))

    def _budgeted(self, density: float) -> LayerDensity:
        return LayerDensity(self.layer_sizes, budget=DensityBudget(max_density=density))


def _sparsity(density: float) -> str:
    """Return the pruned share in percent as names write it: 95 for a density of 0.05."""
    return f"{100 * (1 - density):g}"
