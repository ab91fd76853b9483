"""ASNI: dense networks, ASNI-I, ASNI-II and the original initialisation, and the methods it is compared with."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from nasbench_sparse.core.blueprint import (
    Blueprint,
    Cycles,
    Gradual,
    Network,
    Prune,
    Quantise,
    Recipe,
    Regrow,
    Rewind,
    Sigmoid,
    Train,
)
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.data.catalogue import base_name, dataset_info
from nasbench_sparse.runner.design import Contrast, Design
from nasbench_sparse.search_spaces.edits import Edit, SetPhases, SetSearched
from nasbench_sparse.search_spaces.factorial import Factor, Factorial, Level
from nasbench_sparse.tasks.papers.artefact import SCALES, Artefact, Claim, Scale, Setting
from nasbench_sparse.tasks.papers.whole import SAYS_WHOLE, whole
from nasbench_sparse.training.task import TrainingTask

RENDER = "nasbench_sparse.leaderboard.papers.asni"
FIGURES = "nasbench_sparse.leaderboard.papers.asni_figures"
DENSITY = 0.2
"""Of the comparison in tables 3 and 4."""


@dataclass(frozen=True)
class Bench:
    """A combination of tables 1 and 2.

    Args:
        alpha, gamma: of the sigmoid, beta being 0.5.
        every: steps between two changes of RigL's mask.
        measures: taken at the end of each training.
        seconds: measured for one training on one core.
    """

    dataset: str
    network: Network
    recipe: Recipe
    epochs: int
    alpha: float
    gamma: float
    seeds: int = 5
    every: int = 100
    measures: tuple[str, ...] = ("weight_quantiles", "density")
    seconds: float | None = None

    def train(self, *, sparse: bool = False) -> Train:
        """Return a training, with ASNI-I's pruning if sparse."""
        schedule = Sigmoid(self.alpha, gamma=self.gamma) if sparse else None
        return Train(self.epochs, self.recipe, sparsify=schedule, measures=self.measures)


def _adam(rate: float) -> Recipe:
    return Recipe("adam", rate, batch_size=60)


def _sgd(rate: float, decay: float, batch_size: int = 128, delta: float = 0.05, warmup: int = 0) -> Recipe:
    return Recipe(
        "sgd",
        rate,
        "asni_cosine",
        0.9,
        decay,
        batch_size,
        schedule_options=(("delta", delta),),
        warmup_epochs=warmup,
    )


def _network(name: str, **options: object) -> Network:
    return Network(name, tuple({"initialisation": "kaiming_normal", **options}.items()))


IMAGENET = replace(_sgd(0.35, 1e-4, 820, 0.04, 10), augmentation="crop-flip")
PAPER = {
    "1 MNIST FC": Bench(whole("mnist"), _network("lenet_300_100"), _adam(1.2e-3), 50, 98, 5),
    "2 MNIST Conv2": Bench(whole("mnist"), _network("conv2", channels=1, size=28), _adam(2e-4), 20, 99.2, 2),
    "3 MNIST Conv4": Bench(whole("mnist"), _network("conv4", channels=1, size=28), _adam(3e-4), 25, 98.5, 2),
    "4 MNIST Conv6": Bench(whole("mnist"), _network("conv6", channels=1, size=28), _adam(3e-4), 30, 98.5, 3),
    "5 CIFAR-10 Conv2": Bench(whole("cifar10"), _network("conv2"), _adam(2e-4), 20, 98.5, 2),
    "6 CIFAR-10 Conv4": Bench(whole("cifar10"), _network("conv4"), _adam(3e-4), 25, 95, 2),
    "7 CIFAR-10 Conv6": Bench(whole("cifar10"), _network("conv6"), _adam(3e-4), 30, 94, 3),
    "8 CIFAR-10 VGG-11": Bench(whole("cifar10"), _network("vgg11"), _sgd(0.05, 5e-4), 160, 97, 16),
    "9 CIFAR-10 VGG-13": Bench(whole("cifar10"), _network("vgg13"), _sgd(0.05, 5e-4), 160, 98, 16),
    "10 CIFAR-10 VGG-16": Bench(whole("cifar10"), _network("vgg16"), _sgd(0.05, 5e-4), 160, 99, 16),
    "11 CIFAR-10 ResNet-18": Bench(
        whole("cifar10"), _network("resnet18", stem="7x7"), _sgd(0.08, 5e-4), 160, 97, 16
    ),
    "12 ImageNet ResNet-50": Bench(whole("imagenet"), _network("resnet50"), IMAGENET, 90, 81.04, 10),
    "12 ImageNet ResNet-50, 90%": Bench(whole("imagenet"), _network("resnet50"), IMAGENET, 90, 91.05, 10),
}

SMALL = {
    "FC": (_network("lenet_300_100", inputs=64), 0.5),
    "Conv2": (_network("conv2", channels=1, size=8, width=8, hidden=64), 1.3),
    "Conv4": (_network("conv4", channels=1, size=8, width=8, hidden=64), 1.8),
    "Conv6": (_network("conv6", channels=1, size=8, width=8, hidden=64), 2.4),
    "VGG-11": (_network("vgg11", channels=1, width=8), 3.3),
    "VGG-13": (_network("vgg13", channels=1, width=8), 4.7),
    "VGG-16": (_network("vgg16", channels=1, width=8), 5.7),
    "ResNet-18": (_network("resnet18", channels=1, width=8, blocks=(1, 1, 1, 1)), 5.3),
    "ResNet-50": (_network("resnet50", channels=1, width=8, blocks=(1, 1, 1), classes=10, stem="3x3"), 8.0),
}
"""What stands for each network at scale check, and measured seconds of a variant on one core."""


def _small(name: str, bench: Bench) -> Bench:
    """Return the combination on digits: a small network of the same family, 20 epochs, gamma a tenth of them."""
    rate = 5e-3 if bench.recipe.optimizer == "adam" else 0.05
    recipe = replace(bench.recipe, learning_rate=rate, batch_size=60, warmup_epochs=0, augmentation="none")
    network, seconds = SMALL[name.split()[2].rstrip(",")]
    return replace(
        bench, dataset="digits", network=network, recipe=recipe, epochs=20, gamma=2, every=20,
        seconds=seconds,
    )  # fmt: skip


CHECK = {name: _small(name, bench) for name, bench in PAPER.items()}
SMOKE = {
    name: replace(CHECK[name], epochs=4, gamma=0.5, seeds=1, seconds=0.5, network=SMALL["FC"][0])
    for name in ("1 MNIST FC", "12 ImageNet ResNet-50")
}
BENCHES: dict[Scale, dict[str, Bench]] = {"paper": PAPER, "check": CHECK, "smoke": SMOKE}

SAYS: dict[Scale, str] = {
    "paper": "hyperparameters of tables 1 and 2, 5 seeds; random crops and flips on ImageNet, none elsewhere; "
    f"{SAYS_WHOLE}",
    "check": "small networks of the same families on digits, 20 epochs, each combination's alpha, gamma 2, 5 seeds",
    "smoke": "a perceptron on digits in the place of combinations 1 and 12, 4 epochs, 1 seed",
}


DRAWN = "12 ImageNet ResNet-50"
"""The combination whose weights figures 2 and 4 show."""


def variants(scale: Scale, name: str) -> Design:
    """Return the four variants of a row of table 2."""
    bench = BENCHES[scale][name]
    if name == DRAWN:
        bench = replace(bench, measures=(*bench.measures, "weight_histogram"))
    first = bench.train(sparse=True)
    edits: dict[str, tuple[Edit, ...]] = {
        "dense": (),
        "ASNI-I": (SetSearched(first),),
        "ASNI-II": (SetPhases((first, Quantise())),),
        "original": (SetPhases((first, Rewind())),),
    }
    contrasts = (("ASNI-II", "original"), ("ASNI-I", "dense"), ("ASNI-II", "dense"))
    return _design(f"{scale}-asni-{name.replace(' ', '-').rstrip('%').replace(',', '')}", bench, edits, contrasts)


def comparison(scale: Scale) -> Design:
    """Return the methods of tables 3 and 4, all at a density of 20 %."""
    bench = BENCHES[scale][DRAWN]
    bench = replace(bench, seconds=bench.seconds and 2 * bench.seconds)  # one of eight trains eight times
    train, first, epochs = bench.train(), bench.train(sparse=True), bench.epochs
    cubic = Gradual(DENSITY, begin=max(1, epochs // 10), end=3 * epochs // 4)
    cycle = Cycles(
        (Prune("magnitude", distribution="global", fraction=0.2), Rewind(1), train),
        6 if epochs > 4 else 1,
        share=True,
    )
    edits: dict[str, tuple[Edit, ...]] = {
        "gradual magnitude": (SetSearched(replace(train, sparsify=cubic)),),
        "RigL": (
            SetPhases((Prune("random", (DENSITY,), distribution="erk"),)),
            SetSearched(replace(train, sparsify=Regrow("rigl", 0.3, bench.every, _steps(bench), bench.every))),
        ),
        "ASNI-I": (SetSearched(first),),
        "iterative magnitude": (SetPhases((train, cycle, _pruned("magnitude"), Rewind(1))),),
        "magnitude after training": (SetPhases((train, _pruned("magnitude"))),),
        "SNIP": (SetPhases((_at_start("snip", bench),)),),
        "GraSP": (SetPhases((_at_start("grasp", bench),)),),
        "ASNI-II": (SetPhases((first, Quantise())),),
    }
    contrasts = tuple(("ASNI-II", name) for name in list(edits)[3:7])
    return _design(f"{scale}-asni-comparison", bench, edits, contrasts)


def _pruned(score: str) -> Prune:
    """Prune the whole network to the comparison's density."""
    return Prune(score, (DENSITY,), distribution="global")


def _at_start(score: str, bench: Bench) -> Prune:
    """Prune before training by a score of ten examples a class, as GraSP does (its section 5)."""
    prune = _pruned(score)
    return replace(prune, batches=math.ceil(10 * dataset_info(bench.dataset).classes / prune.batch_size))


def _steps(bench: Bench) -> int:
    """Return about three quarters of a training's steps, after which RigL changes no more masks (its section 4)."""
    info = dataset_info(bench.dataset)
    assert info.examples is not None
    left = info.examples - (info.test_examples or info.examples // 5)
    return 3 * bench.epochs * math.ceil(left * (1 - info.validation_share) / bench.recipe.batch_size) // 4


def _design(name: str, bench: Bench, edits: dict[str, tuple[Edit, ...]], contrasts: tuple[Contrast, ...]) -> Design:
    levels = tuple(Level(label, changes) for label, changes in edits.items())
    task = TrainingTask(
        name=name,
        family=f"{base_name(bench.dataset)}-{bench.network.name}",
        space=Factorial((Factor("method", levels),)),
        dataset=bench.dataset,
        fidelity=Fidelity("epochs", bench.epochs, bench.epochs),
        blueprint=Blueprint(bench.network, (bench.train(),)),
        seconds=bench.seconds,
        description="ASNI-I, ASNI-II and what they are compared with",
    )
    return Design(
        name=name,
        task=task,
        factor="method",
        contrasts=contrasts,
        metric="test_accuracy",
        alternative="greater",
        replicates=bench.seeds,
    )


def artefacts() -> tuple[Artefact, ...]:
    """Return the tables and figures of the paper."""
    rows = {s: {name: (variants(s, name),) for name in BENCHES[s]} for s in SCALES}
    last = {s: {"": (variants(s, DRAWN),)} for s in SCALES}
    both = {s: {"": (comparison(s),)} for s in SCALES}
    shown = (
        ("table-2", "dense, ASNI-I, ASNI-II, original initialisation", f"{RENDER}:combinations", rows),
        ("table-3", "sparse networks of one training, at 80 % sparsity", f"{RENDER}:first_task", both),
        ("table-4", "sparse networks trained again, at 80 % sparsity", f"{RENDER}:second_task", both),
        ("figure-2", "distribution of each layer's weights after ASNI-I", f"{FIGURES}:layer_weights", last),
        ("figure-4", "distribution of all weights", f"{FIGURES}:all_weights", last),
        ("figure-5", "sparsity of each layer after ASNI-I", f"{FIGURES}:layer_sparsity", last),
    )
    return tuple(
        Artefact(f"asni-{name}", "asni", name.replace("-", " ").capitalize(), caption, render,
                 {s: Setting(groups[s], SAYS[s]) for s in SCALES})
        for name, caption, render, groups in shown
    )  # fmt: skip


def claims() -> tuple[Claim, ...]:
    """Return the headline claim of the paper."""
    return (
        Claim(
            "asni-2-over-original",
            "asni",
            "The sparse network of ASNI-I trains better from ASNI-II's two numbers a layer than from its original "
            "initialisation.",
            "ASNI-II above the original initialisation in 13 rows of 13, table 2",
            "asni-table-2",
            f"{RENDER}:second_over_original",
        ),
    )
