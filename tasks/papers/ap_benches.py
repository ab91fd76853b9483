"""What Activate-while-Pruning is measured on: networks, data sets, and how each cycle trains."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nasbench_sparse.core.blueprint import ActivationPenalty, Network, Prune, Recipe, Train
from nasbench_sparse.tasks.papers.artefact import Scale
from nasbench_sparse.tasks.papers.whole import SAYS_WHOLE, whole

P, Q = 0.2, 0.02
"""Share of the weights alive that a cycle prunes, and that AP prunes of it (section 4.1)."""

DNR = ("dnr_dynamic", "dnr_static")


@dataclass(frozen=True)
class Bench:
    """A network on a data set and how it is trained in every cycle.

    Args:
        cycles: how often a method prunes.
        seconds: measured for one method through all cycles on one core.
    """

    dataset: str
    network: Network
    recipe: Recipe
    epochs: int
    cycles: int = 25
    seeds: int = 5
    activation: str = "relu"
    seconds: float | None = None

    def train(self, penalty: ActivationPenalty | None = None, measures: tuple[str, ...] = DNR) -> Train:
        """Return a cycle's training."""
        return Train(self.epochs, replace(self.recipe, penalty=penalty), measures=measures)


def _sgd(rate: float, batch_size: int, milestones: tuple[int, ...], warmup: int = 0, decay: float = 1e-4) -> Recipe:
    return Recipe(
        "sgd", rate, "multistep", 0.9, decay, batch_size, schedule_options=(("milestones", milestones),),
        warmup_epochs=warmup, augmentation="crop-flip",
    )  # fmt: skip


def _paper(
    dataset: str, network: str, recipe: Recipe, epochs: int, activation: str = "relu", **options: object
) -> Bench:
    settings = tuple({"initialisation": "kaiming_normal", **options}.items())
    return Bench(whole(dataset), Network(network, settings), recipe, epochs, activation=activation)


PAPER = {
    "ResNet-20": _paper("cifar10", "resnet20", _sgd(0.03, 128, (55, 70), warmup=10), 100),
    "VGG-19": _paper("cifar10", "vgg19", _sgd(0.1, 64, (80, 120)), 160),
    "DenseNet-40": _paper("cifar100", "densenet40", _sgd(0.1, 64, (150, 225)), 300, classes=100),
    "MobileNetV2": _paper("cifar100", "mobilenet_v2", _sgd(0.1, 128, (100, 150)), 200, classes=100),
    "ResNet-50": _paper("imagenet", "resnet50", _sgd(0.4, 1024, (30, 60, 80), warmup=5), 90),
    "ViT-B/16": _paper(
        "cifar10", "vit_b16", replace(_sgd(0.03, 128, ()), schedule="cosine", schedule_options=()), 200, "gelu",
        classes=10, size=32, patch=4,
    ),
}  # fmt: skip
"""ResNet-20 as section 3.1 prints it, VGG-19 as Frankle and Carbin (2019; 160 epochs, that is 112,480 iterations of
their 45,000 images) and ResNet-50 as Renda et al. (2020) train them, the others as their own papers do."""

SMALL = Recipe("sgd", 0.05, "cosine", 0.9, 1e-4, 64)


def _small(network: str, seconds: float, activation: str = "relu", **options: object) -> Bench:
    settings = tuple({"initialisation": "kaiming_normal", **options}.items())
    return Bench("digits", Network(network, settings), SMALL, 10, 13, 10, activation, seconds)


PERCEPTRON = Network("mlp", (("inputs", 64), ("hidden", (64, 48)), ("batch_norm", True)))
CHECK = {
    "ResNet-20": _small("resnet20", 15.0, blocks=(1, 1, 1), width=4, channels=1),
    "VGG-19": _small("vgg11", 17.0, width=4, channels=1),
    "DenseNet-40": _small("densenet40", 23.0, depth=10, growth=4, width=4, channels=1),
    "MobileNetV2": _small(
        "mobilenet_v2", 30.0, classes=10, channels=1, width=0.25,
        stages=((1, 16, 1, 1), (4, 24, 1, 2), (4, 32, 1, 2)),
    ),
    "ResNet-50": _small("resnet50", 24.0, blocks=(1, 1, 1), width=4, channels=1, classes=10, stem="3x3"),
    "ViT-B/16": _small(
        "vit_b16", 18.0, "gelu", width=16, depth=2, heads=2, hidden=32, classes=10, size=8, patch=2, channels=1
    ),
}  # fmt: skip


def _smoke(bench: Bench) -> Bench:
    return replace(bench, network=PERCEPTRON, epochs=1, cycles=2, seeds=1, seconds=0.5)


BENCHES: dict[Scale, dict[str, Bench]] = {
    "paper": PAPER,
    "check": CHECK,
    "smoke": {name: _smoke(bench) for name, bench in CHECK.items()},
}  # fmt: skip

SAYS: dict[Scale, str] = {
    "paper": "25 cycles, 5 seeds; accuracy at the end of each cycle's training, where the paper stops early; "
    "ViT-B/16 from scratch on 32 pixels in patches of 4, not pretrained and on 384, as such weights are no part of "
    f"this package; {SAYS_WHOLE}",
    "check": "small members of the same families on digits, 10 epochs a cycle, 13 cycles, 10 seeds",
    "smoke": "a perceptron on digits, 1 epoch a cycle, 2 cycles, 1 seed",
}
SAYS_RATES: dict[Scale, str] = {
    "paper": "as many cycles as first leave less than 27 % of the weights (4 to 13), 3 seeds; accuracy at the end "
    "of each cycle's training, where the paper stops early; a tenth of the training part validates",
    "check": "small members of the same families on digits, 10 epochs a cycle, 4 to 13 cycles, 3 seeds, four "
    "values of q",
    "smoke": "a perceptron on digits, 1 epoch a cycle, 6 cycles, 1 seed, two values of q",
}
"""Of figure 3."""

SCORES = {
    "Global Magnitude": Prune("magnitude", distribution="global", fraction=P),
    "Global Taylor": Prune("taylor", distribution="global", fraction=P),
    "LAMP": Prune("lamp", distribution="global", fraction=P),
    "LAP": Prune("lap", fraction=P),
    "IMP": Prune("magnitude", distribution="global", fraction=P),
}
