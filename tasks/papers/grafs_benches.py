"""GRAFS: what is searched and what is evaluated, at three scales (tables 8 to 15).

Where the paper is silent or contradicts itself, this package has chosen:

- ResNets: images cropped and mirrored, of SVHN cropped only; in the search a constant rate.
- ViT-tiny and ViT-small: evaluation starts at the schedule's 1e-4 and not at the optimizer's 1e-3 (table 13).
- ViT-Ti and ViT-S: 500 epochs of AdamW at 5e-4 with weight decay 0.05, batches of 128, 20 epochs of warm-up, a
  cosine to zero, labels smoothed by 0.1, and TrivialAugment.
- GPTs: 256 tokens of context, GPT-2's vocabulary rounded up to 50,304, no biases, dropout or clipped gradients,
  every weight decayed; tinyGPT 384 wide as in table 9, where the text has 392, which its six heads do not divide.
- miniGPT's search: weights train as in table 15, without a warm-up.
- A tenth of the training split validates, and 0.005 of TinyStories, since that is measured after every 100 steps.
- The derived cell's own trial, which ends a search, is an epoch, of GPT a step.
- The anchor of the architecture at concentration 1 has strength 1e-3.

TinyStories has two editions, and the paper names none: this package reads TinyStoriesV2-GPT4, whose stories GPT-4
wrote, where the paper that introduced the data has TinyStories-train and -valid, of GPT-3.5 and GPT-4. Losses of
the two cannot be compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nasbench_sparse.core.blueprint import Network, Recipe
from nasbench_sparse.tasks.papers.artefact import Scale


@dataclass(frozen=True)
class Bench:
    """A training of a network on a data set; `seconds` measured for one on one core."""

    dataset: str
    network: Network
    recipe: Recipe
    epochs: int
    seconds: float | None = None


@dataclass(frozen=True)
class Family:
    """A family of networks that share a search.

    Args:
        formulas: what the paper calls the functions found on it: "RN", "ViT" or "GPT".
        default: activation of the published networks, which the search replaces.
        search: network, data and recipe of the search; its epochs are those of the derived cell's own trial.
        options: DrNAS's.
        steps: search steps that those make.
        benches: evaluations, by "<network> <data set>".
        named: how many of the five formulas, and of the baselines beside the default, are evaluated.
    """

    formulas: str
    default: str
    search: Bench
    options: Mapping[str, Any]
    steps: int
    benches: Mapping[str, Bench] = field(default_factory=dict)
    named: int = 5


SGD = Recipe(
    "sgd",
    0.1,
    "multistep",
    0.9,
    1e-4,
    128,
    schedule_options=(("milestones", (100, 150)),),
    augmentation="crop-flip",
)
SGD_SEARCH = Recipe("sgd", 0.1, "constant", 0.9, 1e-4, 32, accumulate=16, augmentation="crop-flip")
ADAM = Recipe("adam", 1e-4, "cosine", batch_size=512, augmentation="trivial")
ADAM_SEARCH = Recipe("adam", 1e-3, "cosine", batch_size=128, accumulate=4, augmentation="trivial")
DEIT = Recipe(
    "adamw",
    5e-4,
    "cosine",
    weight_decay=0.05,
    batch_size=128,
    augmentation="trivial",
    warmup_epochs=20,
    label_smoothing=0.1,
)
_GPT = Recipe(
    "adamw", 6e-4, "cosine", weight_decay=0.1, batch_size=16, schedule_every="step",
    schedule_options=(("final", 6e-5),), optimizer_options=(("betas", (0.9, 0.95)),),
)  # fmt: skip
ADAMW = replace(_GPT, accumulate=40, steps_per_epoch=100, warmup_epochs=1)
ADAMW_SEARCH = replace(_GPT, batch_size=4, accumulate=40, steps_per_epoch=1)

DATASETS = {
    "CIFAR-10": "cifar10:validation=0.1",
    "CIFAR-100": "cifar100:validation=0.1",
    "SVHN": "svhn:validation=0.1",
}
STORIES = "tinystories:validation=0.005"
"""2.7 million tokens validate; the training split has about 540 million."""


def _images(names: Mapping[str, str], recipe: Recipe, epochs: int, **options: Any) -> dict[str, Bench]:
    """Return networks x the three image data sets."""
    return {
        f"{label} {data}": Bench(
            dataset,
            Network(name, tuple({**({"classes": 100} if data == "CIFAR-100" else {}), **options}.items())),
            replace(recipe, augmentation="crop")
            if (data, recipe.augmentation) == ("SVHN", "crop-flip")
            else recipe,
            epochs,
        )
        for label, name in names.items()
        for data, dataset in DATASETS.items()
    }


_CIFAR = DATASETS["CIFAR-10"]
_ENLARGED = tuple({"classes": 10, "enlarged_from": 32}.items())
"""CIFAR's images enlarged to the 224 pixels of table 8, after their augmentation."""
PAPER = {
    "RN": Family(
        "RN", "ReLU",
        Bench(_CIFAR, Network("resnet20"), SGD_SEARCH, 1),
        {"epochs": 50, "learning_rate": 6e-4}, 50,
        _images({"ResNet-20": "resnet20", "ResNet-32": "resnet32"}, SGD, 200),
    ),
    "ViT": Family(
        "ViT", "GELU",
        Bench(_CIFAR, Network("vit_tiny"), ADAM_SEARCH, 1),
        {"epochs": 50, "learning_rate": 1e-3}, 50,
        {
            **_images({"ViT-tiny": "vit_tiny", "ViT-small": "vit_small"}, ADAM, 500),
            "ViT-Ti CIFAR-10": Bench(_CIFAR, Network("vit_ti", _ENLARGED), DEIT, 500),
            "ViT-S CIFAR-10": Bench(_CIFAR, Network("vit_s", _ENLARGED), DEIT, 500),
        },
    ),
    "GPT": Family(
        "GPT", "GELU",
        Bench(STORIES, Network("mini_gpt"), ADAMW_SEARCH, 1),
        {"epochs": 1000, "warm_start": 100, "learning_rate": 1e-3, "unit": "iterations"}, 10,
        {
            f"{label} TinyStories": Bench(STORIES, Network(name), ADAMW, 100)
            for label, name in {"miniGPT": "mini_gpt", "tinyGPT": "tiny_gpt", "smallGPT": "small_gpt"}.items()
        },
    ),
}  # fmt: skip


def _resnet(name: str, width: int = 4, **options: Any) -> Network:
    return Network(name, tuple({"channels": 1, "width": width, **options}.items()))


def _vit(name: str, depth: int, size: int = 8, patch: int = 2, **options: Any) -> Network:
    shape = {"width": 32, "depth": depth, "heads": 2, "hidden": 32, "size": size, "patch": patch, "channels": 1}
    return Network(name, tuple({**shape, **options}.items()))


def _gpt(depth: int) -> Network:
    return Network(
        "mini_gpt", (("depth", depth), ("heads", 2), ("width", 32), ("vocabulary", 256), ("context", 32))
    )


SMALL_SGD = Recipe("sgd", 0.1, "multistep", 0.9, 1e-4, 32, schedule_options=(("milestones", (5, 8)),))
SHORT_SGD = replace(SMALL_SGD, schedule_options=(("milestones", (2, 3)),))
SMALL_SEARCH = replace(SMALL_SGD, schedule="constant", schedule_options=())
SMALL_ADAM = Recipe("adam", 2e-3, "cosine", batch_size=32)
SMALL_DEIT = replace(SMALL_ADAM, optimizer="adamw", weight_decay=0.05, warmup_epochs=1, label_smoothing=0.1)
SMALL_ADAMW = replace(_GPT, learning_rate=3e-3, schedule_options=(), steps_per_epoch=60)
TEXT = "python-docs:block=32"

CHECK = {
    "RN": Family(
        "RN", "ReLU",
        Bench("digits", _resnet("resnet20"), SMALL_SEARCH, 1, 0.5),
        {"epochs": 15, "learning_rate": 6e-3}, 15,
        {
            "ResNet-20 CIFAR-10": Bench("digits", _resnet("resnet20"), SMALL_SGD, 10, 4.0),
            "ResNet-20 SVHN": Bench("mnist5k", _resnet("resnet20"), SHORT_SGD, 4, 10.0),
            "ResNet-32 CIFAR-10": Bench("digits", _resnet("resnet32"), SMALL_SGD, 10, 7.0),
        },
    ),
    "ViT": Family(
        "ViT", "GELU",
        Bench("digits", _vit("vit_tiny", 2, dimension=16), SMALL_ADAM, 1, 0.3),
        {"epochs": 15, "learning_rate": 1e-2}, 15,
        {
            "ViT-tiny CIFAR-10": Bench("digits", _vit("vit_tiny", 2, dimension=16), SMALL_ADAM, 10, 2.2),
            "ViT-tiny SVHN": Bench("mnist5k", _vit("vit_tiny", 2, 28, 7, dimension=16), SMALL_ADAM, 4, 2.5),
            "ViT-small CIFAR-10": Bench("digits", _vit("vit_tiny", 4, dimension=16), SMALL_ADAM, 10, 4.0),
            "ViT-Ti CIFAR-10": Bench("digits", _vit("vit_ti", 2, classes=10), SMALL_DEIT, 10, 2.0),
        },
    ),
    "GPT": Family(
        "GPT", "GELU",
        Bench(TEXT, _gpt(1), SMALL_ADAMW, 1, 1.0),
        {"epochs": 200, "warm_start": 20, "learning_rate": 5e-3, "unit": "iterations", "interval": 40}, 5,
        {
            f"{label} TinyStories": Bench(TEXT, _gpt(depth), SMALL_ADAMW, 6, 4.0 * depth)
            for label, depth in {"miniGPT": 1, "tinyGPT": 2, "smallGPT": 3}.items()
        },
    ),
}  # fmt: skip

SMOKE = {
    "RN": replace(
        CHECK["RN"],
        search=Bench("digits", _resnet("resnet20", 2, blocks=(1, 1)), SMALL_SEARCH, 1, 0.2),
        options={"epochs": 4, "learning_rate": 6e-3}, steps=4, named=1,
        benches={
            "ResNet-20 CIFAR-10": Bench("digits", _resnet("resnet20", 2, blocks=(1, 1)), SHORT_SGD, 2, 0.3),
            "ResNet-32 CIFAR-10": Bench("digits", _resnet("resnet32", 2, blocks=(1, 1, 1)), SHORT_SGD, 2, 0.4),
        },
    ),
    "ViT": replace(
        CHECK["ViT"], options={"epochs": 4, "learning_rate": 1e-2}, steps=4, named=1,
        benches={
            name: replace(CHECK["ViT"].benches[name], epochs=2, seconds=0.5)
            for name in ("ViT-tiny CIFAR-10", "ViT-Ti CIFAR-10")
        },
    ),
    "GPT": replace(
        CHECK["GPT"], named=1, steps=2,
        options={"epochs": 20, "warm_start": 2, "learning_rate": 5e-3, "unit": "iterations", "interval": 10},
        search=Bench(TEXT, _gpt(1), replace(SMALL_ADAMW, steps_per_epoch=5), 1, 0.5),
        benches={"miniGPT TinyStories": Bench(TEXT, _gpt(1), replace(SMALL_ADAMW, steps_per_epoch=5), 1, 0.5)},
    ),
}  # fmt: skip

FAMILIES: dict[Scale, dict[str, Family]] = {"paper": PAPER, "check": CHECK, "smoke": SMOKE}
SEEDS: dict[Scale, int] = {"paper": 5, "check": 5, "smoke": 1}
"""Of the search, and as many replicates of each evaluation."""
