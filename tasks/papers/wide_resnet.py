"""Sections 3.4.2 and 3.4.3 of Tessera's thesis: wide ResNets, pruned at random and by magnitude."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nasbench_sparse.core.blueprint import Blueprint, Network, Operator, Prune, Recipe, Train
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.data.catalogue import base_name
from nasbench_sparse.search_spaces.edits import Edit, SetActivations, SetDensities, SetPhases, SetSearched
from nasbench_sparse.search_spaces.factorial import Factor, Factorial, Level
from nasbench_sparse.tasks.papers.artefact import SCALES, Artefact, Scale, Setting
from nasbench_sparse.tasks.papers.plans import Cells
from nasbench_sparse.tasks.papers.whole import SAYS_WHOLE, whole
from nasbench_sparse.training.task import TrainingTask

RENDER = "nasbench_sparse.leaderboard.papers.wide_resnet"


@dataclass(frozen=True)
class Bench:
    """How a wide ResNet is trained; `recipe` is that of SGD with momentum, whose rates all optimizers share.

    Args:
        seconds: measured for one training on one core.
    """

    dataset: str
    network: Network
    recipe: Recipe
    epochs: int
    densities: tuple[float, ...]
    optimizers: tuple[str, ...] = ("adagrad", "adam", "sgd")
    seeds: int = 3
    seconds: float | None = None


MILESTONES, FACTOR, LENGTH = (60, 120, 160), 0.2, 200
"""Epochs after which the rate drops, to so much of it, and those of the whole training."""

PUBLISHED = Recipe(
    "sgd",
    0.1,
    "multistep",
    0.9,
    5e-4,
    128,
    schedule_options=(("milestones", MILESTONES), ("factor", FACTOR)),
    augmentation="crop-flip",
)
SMALL = Network("wrn28_10", (("depth", 10), ("factor", 1), ("channels", 1), ("width", 4)))


def _small(epochs: int) -> Recipe:
    """Return the recipe of small networks, whose rate drops at the published shares of their epochs."""
    milestones = tuple(milestone * epochs / LENGTH for milestone in MILESTONES)
    steps = (("milestones", milestones), ("factor", FACTOR))
    return Recipe("sgd", 0.05, "multistep", 0.9, 5e-4, 64, schedule_options=steps)


def later(recipe: Recipe, epochs: int) -> Recipe:
    """Return the recipe of a training that goes on with a multistep schedule where it is after so many epochs."""
    steps = dict(recipe.schedule_options)
    milestones = tuple(milestone - epochs for milestone in steps["milestones"] if milestone > epochs)
    rate = recipe.learning_rate * steps["factor"] ** (len(steps["milestones"]) - len(milestones))
    return replace(recipe, learning_rate=rate, schedule_options=tuple({**steps, "milestones": milestones}.items()))


BENCHES: dict[Scale, Bench] = {
    "paper": Bench(
        whole("cifar100"),
        Network("wrn28_10", (("classes", 100),)),
        PUBLISHED,
        LENGTH,
        (0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0),
    ),
    "check": Bench("digits", SMALL, _small(8), 8, (0.05, 0.2, 0.5, 1.0), seconds=0.85),
    "smoke": Bench("digits", SMALL, _small(2), 2, (0.2, 1.0), ("adam",), 1, seconds=1.0),
}
SAYS: dict[Scale, str] = {
    "paper": "WRN-28-10 on CIFAR-100, 200 epochs, 7 densities, 3 seeds; learning rate 0.1 for every optimizer; "
    f"{SAYS_WHOLE}",
    "check": "WRN-10-1 of width 4 on digits, 8 epochs, 4 densities, 3 seeds, no augmentation; learning rate 0.05, "
    "which drops after the published shares of the epochs",
    "smoke": "WRN-10-1 of width 4 on digits, Adam alone, 2 epochs, 2 densities, 1 seed",
}
SAYS_MAGNITUDE = "magnitude pruning after half the epochs; the schedule goes on there, with a new optimizer"
NAMES = {"adagrad": "Adagrad", "adam": "Adam", "sgd": "Mom (0.9)"}


def _recipes(bench: Bench) -> dict[str, tuple[Recipe, str]]:
    """Return recipe and activation of each configuration, "<optimizer>, <variant>"."""
    found: dict[str, tuple[Recipe, str]] = {}
    for optimizer in bench.optimizers:
        momentum = bench.recipe.momentum if optimizer == "sgd" else 0.0
        decayed = replace(bench.recipe, optimizer=optimizer, momentum=momentum)
        plain = replace(decayed, weight_decay=0.0)
        name = NAMES[optimizer]
        found |= {
            f"{name}, BN": (plain, "relu"),
            f"{name}, L2_BN": (decayed, "relu"),
            f"{name}, Swish": (plain, "swish"),
        }
        if optimizer == "adam":
            found["Adam, Swish (AdamW)"] = (replace(decayed, optimizer="adamw"), "swish")
    return found


def grid(scale: Scale, magnitude: bool) -> Cells:
    """Return configurations x densities: random masks from scratch, or magnitude pruning after half the epochs."""
    bench = BENCHES[scale]
    epochs = bench.epochs // 2 if magnitude else bench.epochs
    measures = ("egf_2",)

    def edits(recipe: Recipe, activation: str) -> tuple[Edit, ...]:
        start = (Train(epochs, recipe), Prune("magnitude", (1.0,), distribution="global"))
        before = start if magnitude else (Prune("random", (1.0,)),)
        then = later(recipe, epochs) if magnitude else recipe
        train = Train(epochs, then, measures=measures, measure_at="eleven")
        return SetPhases(before), SetSearched(train), SetActivations((Operator(activation),))

    levels = tuple(Level(name, edits(*recipe)) for name, recipe in _recipes(bench).items())
    densities = tuple(Level(f"{d:.0%}", (SetDensities((d,)),)) for d in bench.densities)
    task = TrainingTask(
        name=f"{scale}-wide-resnet-{'magnitude' if magnitude else 'random'}",
        family=f"{base_name(bench.dataset)}-{bench.network.name}",
        space=Factorial((Factor("configuration", levels), Factor("density", densities))),
        dataset=bench.dataset,
        fidelity=Fidelity("epochs", epochs, epochs),
        blueprint=Blueprint(bench.network, (Prune("random", (1.0,)), Train(epochs, bench.recipe))),
        seconds=bench.seconds,
        description="wide ResNets over densities",
    )
    return Cells(task, bench.seeds)


def artefacts() -> tuple[Artefact, ...]:
    """Return figures 3.5 with A.19, and 3.6."""
    shown = (
        ("figure-3.5", "Figures 3.5 and A.19", "wide ResNets with random masks: accuracy and gradient flow", False),
        ("figure-3.6", "Figure 3.6", "wide ResNets pruned by magnitude: accuracy and gradient flow", True),
    )
    return tuple(
        Artefact(f"thesis-{name}", "thesis", place, caption, f"{RENDER}:curves",
                 {s: Setting({"": (grid(s, magnitude),)}, _says(s, magnitude)) for s in SCALES})
        for name, place, caption, magnitude in shown
    )  # fmt: skip


def _says(scale: Scale, magnitude: bool) -> str:
    return "; ".join((SAYS[scale], *((SAYS_MAGNITUDE,) if magnitude else ())))
