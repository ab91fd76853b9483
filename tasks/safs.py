"""SAFS: sparse activation function search, as chains of two stages with their baselines.

A dense network is trained and pruned by magnitude, layer by layer. Stage 1 searches one operator for each site by
the training loss, with scaling factors of 1. Stage 2 searches the hyperparameters of training that network by the
validation accuracy, while the scaling factors train with the weights. Three folds make a trial, each with a dense
training and masks of its own; the test split is looked at in the confirmation alone.

Where the paper is silent: fine-tuning is as long as the dense training (and stage 1 no longer than that, where the
paper's 80 epochs are more), stage 2 has 20 trials, batches hold 256 examples for LeNet-5 (as the implementation it
builds on) and 128 otherwise, and nothing is augmented, which fits its dense accuracies.

References:
    Loni et al. (2023), "Learning activation functions for sparse neural networks", sections 4.2 and 5, tables 1, 2,
    and 4 to 7, figure 4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from nasbench_sparse.core.blueprint import Blueprint, Network, Operator, Phase, Prune, Recipe, Train
from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.config import Config
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.objective import Objective
from nasbench_sparse.core.space import SearchSpace
from nasbench_sparse.core.task import Task
from nasbench_sparse.errors import TaskError
from nasbench_sparse.runner.chain import Chain, Confirmation, Fixed, Stage
from nasbench_sparse.runner.suite import Contender
from nasbench_sparse.search_spaces.edits import SetActivations, SetDensities, SetPhases
from nasbench_sparse.search_spaces.factorial import Factor, Factorial, Level
from nasbench_sparse.search_spaces.hpo_config import HyperparameterConfig, safs_stage2
from nasbench_sparse.search_spaces.operator_chromosome import OperatorChromosome
from nasbench_sparse.training.task import TrainingTask

FOLDS = 3
LAHC = Contender("lahc")
DENSITIES = (0.1, 0.05, 0.01)
ACTIVATIONS = ("relu", "srelu", "prelu", "falu", "swish", "tanh", "srs", "symlog")
"""The baselines of table 1 and figure 4a."""

ONE_CONFIG = HyperparameterConfig(())
"""The space of a training in which nothing is left to search."""

ACCURACY = Objective("val_accuracy", "maximize", worst=1.0)
FLOW = ("egf_2[8]",)
"""Effective gradient flow on eight batches, eleven times in a training: what figure 7 shows."""


@dataclass(frozen=True)
class Tune:
    """Derives stage 2: the operators chosen, their scales learnt, and the hyperparameters to search."""

    epochs: int

    def __call__(self, parent: Task, config: Config) -> Task:
        """Return the task; the parent is a `TrainingTask`."""
        task = _trained(parent)
        blueprint = task.space.configure(task.blueprint, config)
        operators = [a for a in blueprint.activations if isinstance(a, Operator)]
        scaled = blueprint.with_activations(tuple(replace(a, learn_scales=True) for a in operators))
        return _remade(task, _ended(scaled, self.epochs), safs_stage2(), shortest=1)


@dataclass(frozen=True)
class Settle:
    """Derives what is confirmed: the training with everything chosen, at full length, gradient flow measured."""

    epochs: int

    def __call__(self, parent: Task, config: Config) -> Task:
        """Return the task, of one config; the parent is a `TrainingTask`."""
        task = _trained(parent)
        whole = _ended(task.space.configure(task.blueprint, config), self.epochs, FLOW)
        return _remade(task, whole, ONE_CONFIG, shortest=self.epochs)


@dataclass(frozen=True)
class Preset:
    """A network on a data set, with its dense training and the budgets of both stages.

    Args:
        sites: number of activation sites of the network.
        dense: recipe of the dense training, which is also that of fine-tuning where it is not searched.
        epochs: of the dense training, and of the fine-tuning.
        stage1_epochs: length of a training in stage 1.
        iterations: of stage 1, after its first trial.
        trials: of stage 2, `first_trials` of them SMAC's initial design.
        first, second: optimizers of the stages; the paper's are LAHC with a history of 3, and SMAC (None).
        default: activation of the dense network, which vanilla pruning keeps.
        worst: training loss told of a failure, above that of a network that knows nothing.
        epoch_seconds: measured seconds of an epoch of one fold on one core, for estimates only.
    """

    name: str
    dataset: str
    network: Network
    sites: int
    dense: Recipe
    epochs: int
    stage1_epochs: int
    iterations: int = 20
    trials: int = 20
    first_trials: int = 10
    default: str = "relu"
    worst: float = 2.5
    replicates: tuple[int, ...] = (1, 2, 3, 4, 5)
    seeds: tuple[int, ...] = (0, 1, 2)
    first: Contender = LAHC
    second: Contender | None = None
    epoch_seconds: float | None = None

    def chain(self, density: float) -> Chain:
        """Return SAFS at a density, confirmed against every baseline of the paper."""
        operators = Stage("operators", self.first, Budget("trials", self.iterations + 1))
        second = self.second or Contender("smac", {"n_initial": self.first_trials})
        tuning = Stage("hyperparameters", second, Budget("trials", self.trials), Tune(self.epochs))
        alone = replace(tuning, derive=None)
        sparsity, stage1, stage2 = _sparsity(density), self.operators(density), self.hyperparameters(density)
        chain = partial(Chain, final=Settle(self.epochs), seeds=self.seeds)
        known = self.activations()
        baselines: tuple[Chain | Fixed, ...] = (
            Fixed("dense", known, {"pruning": "dense", "activation": self.default}),
            Fixed("vanilla pruning", known, {"pruning": sparsity, "activation": self.default}),
            *(
                Fixed(name, known, {"pruning": sparsity, "activation": name})
                for name in ACTIVATIONS
                if name != self.default
            ),
            chain(name="stage 1 only", task=stage1, stages=(operators,)),
            chain(name="stage 2 only", task=stage2, stages=(alone,)),
        )
        return chain(
            name=f"safs-{self.name}-{sparsity}",
            task=stage1,
            stages=(operators, tuning),
            confirm=Confirmation(self.replicates, baselines),
            description=f"both stages of SAFS on {self.dataset}, {self.network.name} pruned by {sparsity} %",
        )

    def operators(self, density: float) -> TrainingTask:
        """Return the task of stage 1: operators, by the training loss after a part of the training."""
        return self._task(
            f"operators-{_sparsity(density)}",
            OperatorChromosome(self.sites),
            (*self._pruned(density), Train(self.stage1_epochs, self.dense)),
            Objective("train_loss", "minimize", self.worst),
            "stage 1 of SAFS: one operator for each site, by the training loss",
        )

    def hyperparameters(self, density: float) -> TrainingTask:
        """Return the task of stage 2 without stage 1: the dense network's activation, its scales learnt."""
        return self._task(
            f"hyperparameters-{_sparsity(density)}",
            safs_stage2(),
            (*self._pruned(density), Train(self.epochs, self.dense)),
            ACCURACY,
            f"stage 2 of SAFS on its own: hyperparameters, {self.default} throughout",
            scales=True,
        )

    def activations(self) -> TrainingTask:
        """Return the task of figure 4a: known activations at every density, trained by the dense recipe."""
        dense = Level("dense", (SetPhases(()),))
        pruned = (Level(_sparsity(density), (SetDensities((density,)),)) for density in DENSITIES)
        names = tuple(dict.fromkeys((self.default, *ACTIVATIONS)))
        activations = tuple(Level(name, (SetActivations((Operator(name),)),)) for name in names)
        other = tuple((("pruning", "dense"), ("activation", name)) for name in names if name != self.default)
        space = Factorial((Factor("pruning", (dense, *pruned)), Factor("activation", activations)), other)
        searched = Train(self.epochs, self.dense, measures=FLOW, measure_at="eleven")
        return self._task(
            "activations",
            space,
            (*self._pruned(DENSITIES[0]), searched),
            ACCURACY,
            "known activations in the pruned network, trained by the dense network's recipe",
            shortest=self.epochs,
        )

    def _pruned(self, density: float) -> tuple[Phase, ...]:
        return Train(self.epochs, self.dense, (Operator(self.default),)), Prune("magnitude", (density,))

    def _task(
        self,
        name: str,
        space: SearchSpace,
        phases: tuple[Phase, ...],
        objective: Objective,
        description: str,
        shortest: int = 1,
        scales: bool = False,
    ) -> TrainingTask:
        blueprint = Blueprint(self.network, phases, (Operator(self.default, scales),))
        return TrainingTask(
            name=f"safs-{self.name}-{name}",
            family=f"safs-{self.name}",
            space=space,
            dataset=self.dataset,
            fidelity=Fidelity("epochs", shortest, blueprint.length),
            objective=objective,
            blueprint=blueprint,
            replicates=max(self.replicates) + 1,
            folds=FOLDS,
            seconds=None if self.epoch_seconds is None else FOLDS * self.epoch_seconds * blueprint.length,
            description=f"{self.dataset}, {self.network.name}: {description}",
        )


SMOKE = Preset(
    name="digits-mlp",
    dataset="digits",
    network=Network("mlp", (("inputs", 64), ("hidden", (64, 48, 32)))),
    sites=3,
    dense=Recipe("sgd", 0.1, momentum=0.9),
    epochs=6,
    stage1_epochs=4,
    iterations=4,
    trials=4,
    first_trials=2,
    replicates=(1, 2),
    epoch_seconds=0.01,
)
"""Everything once, in a minute."""

CHECK = Preset(
    name="mnist5k-lenet5",
    dataset="mnist5k",
    network=Network("lenet5"),
    sites=4,
    dense=Recipe("sgd", 0.1, batch_size=64),
    epochs=12,
    stage1_epochs=10,
    replicates=tuple(range(1, 9)),
    epoch_seconds=0.27,
)
"""LeNet-5 on 5,000 images: the paper's shortest case, shortened by as much again."""


def _sgd(rate: float, schedule: str) -> Recipe:
    """Return a recipe of tables 6 and 7."""
    return Recipe("sgd", rate, schedule, momentum=0.9, weight_decay=5e-4, batch_size=128)


_THOUSAND = (("classes", 1000),)

PAPER = (
    Preset("mnist-lenet5", "mnist", Network("lenet5"), 4, Recipe("sgd", 0.1, batch_size=256), 100, 80),
    Preset("cifar10-vgg16", "cifar10", Network("vgg16"), 13, _sgd(0.001, "halving"), 200, 80),
    Preset("cifar10-resnet18", "cifar10", Network("resnet18"), 17, _sgd(0.01, "plateau"), 200, 80),
    Preset(
        "imagenet16-resnet18",
        "imagenet16",
        Network("resnet18", _THOUSAND),
        17,
        _sgd(0.1, "warm_restarts"),
        50,
        50,
        worst=7.5,
    ),
    Preset(
        "imagenet16-efficientnet-b0",
        "imagenet16",
        Network("efficientnet_b0", _THOUSAND),
        49,
        _sgd(0.01, "warm_restarts"),
        50,
        50,
        default="swish",
        worst=7.5,
    ),
)
"""Tables 5 to 7; EfficientNet-B0 has Swish, as the note of table 2 says (the caption of table 7 says ReLU)."""

PRESETS = (SMOKE, CHECK, *PAPER)


def chains() -> tuple[Chain, ...]:
    """Return SAFS for each preset and density."""
    return tuple(preset.chain(density) for preset in PRESETS for density in DENSITIES)


def _trained(parent: Task) -> TrainingTask:
    if not isinstance(parent, TrainingTask):
        raise TaskError(f"task {parent.name!r} trains nothing, so no stage of SAFS can be derived from it")
    return parent


def _ended(blueprint: Blueprint, epochs: int, measures: tuple[str, ...] = ()) -> Blueprint:
    """Return the blueprint with a searched training of so many epochs, measured at eleven points."""
    last = Train(epochs, blueprint.recipe, measures=measures, measure_at="eleven" if measures else "end")
    return replace(blueprint, phases=(*blueprint.phases[:-1], last))


def _remade(task: TrainingTask, blueprint: Blueprint, space: SearchSpace, shortest: int) -> TrainingTask:
    fidelity = Fidelity("epochs", shortest, blueprint.length)
    return replace(task, blueprint=blueprint, space=space, fidelity=fidelity, objective=ACCURACY, description="")


def _sparsity(density: float) -> str:
    """Return the pruned share in percent as names write it: 99 for a density of 0.01."""
    return f"{100 * (1 - density):g}"
