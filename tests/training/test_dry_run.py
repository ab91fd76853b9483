"""Counts found from shapes alone, against what the phases really leave, and what is refused before any training."""

from __future__ import annotations

from typing import Any

import pytest

from nasbench_sparse.core.blueprint import (
    RELU,
    ActivatePrune,
    Blueprint,
    Cycles,
    Gradual,
    Network,
    Prune,
    Recipe,
    Regrow,
    Rewind,
    Sigmoid,
    Train,
)
from nasbench_sparse.errors import TaskError
from nasbench_sparse.nn.networks.build import on_meta, prunable_layers
from nasbench_sparse.training.dry_run import Alive, after
from nasbench_sparse.training.validation import validate
from tests.training.phased import METHODS

MLP = Network("mlp", (("inputs", 64), ("hidden", (30, 20))))
SHAPES = tuple(weight.shape for _, weight in prunable_layers(on_meta(MLP.name, dict(MLP.options))))
SIZES = (1920, 600, 200)
SGD = Recipe(momentum=0.9)
TRAIN = Train(2, SGD)
SPARSE = Prune("random", (0.05,), distribution="erk")


def left(*phases: Any) -> Alive:
    alive = Alive(SIZES, sum(SIZES))
    for phase in phases:
        alive = after(phase, alive, SHAPES)
    return alive


def test_counts_worked_out_by_hand() -> None:
    assert left(Prune("magnitude", (0.5, 0.1, 1.0))).layers == (960, 60, 200)
    assert left(Prune("magnitude", (0.1,), distribution="uniform")).layers == (192, 60, 20)
    assert left(Prune("magnitude", (0.1,), distribution="global")) == Alive(None, 272)
    assert left(Prune("magnitude", pattern=(1, 2))).layers == (960, 300, 100)


def test_successive_fractions_add_up_as_they_do_when_pruned() -> None:
    """0.18 and then 0.02 of 2,720 leave what 0.2 leaves: 2,176; after a training a fifth of those goes: 1,741."""
    part, rest = Prune("magnitude", distribution="global", fraction=0.18), ActivatePrune(0.02)
    assert left(part, rest).total == 2_176
    assert left(part, rest, TRAIN, part, rest).total == 1_741
    layered = Prune("magnitude", fraction=0.1)
    assert left(layered, layered).layers == (1536, 480, 160)


@pytest.mark.parametrize(
    ("phases", "message"),
    [
        ((Prune("movement", (0.5,)), TRAIN), "'movement' compares with the initial weights, and no training"),
        ((TRAIN, Rewind(), Prune("magnitude_increase", (0.5,)), TRAIN), "all scores would be 0"),
        (
            (Prune("grasp", (0.5,), options=(("temperature", 0.0),)), TRAIN),
            "'temperature' .* is 0.0; allowed are",
        ),
        (
            (Prune("synflow", (0.5,), options=(("rounds", 0),)), TRAIN),
            "'rounds' of .* 'synflow' is 0",
        ),
        ((Prune("grasp", (0.5,), options=(("temperature", "a"),)), TRAIN), "'temperature' .* is 'a'"),
        ((Prune("synflow", (0.5,), options=(("rounds", 1.5),)), TRAIN), "'rounds' .* is 1.5"),
        (
            (TRAIN, Prune("magnitude", (0.5,), "lap", distribution_options=(("rates", "abc"),)), TRAIN),
            "'rates' of distribution 'lap' is 'abc'; allowed is a tuple of numbers from 0 and below 1",
        ),
        (
            (TRAIN, Prune("magnitude", (0.5,), "smart", distribution_options=(("linear_density", 2),)), TRAIN),
            r"'linear_density' of distribution 'smart' 2 lies outside \[0, 1\]",
        ),
        (
            (Prune("magnitude", pattern=(1, 2)), Train(2, SGD, sparsify=Regrow("set", begin=1))),
            "regrowth 'set' grows weights anywhere in a layer, which would break the pattern 1:2",
        ),
        (
            (SPARSE, Train(2, SGD, sparsify=Regrow("rigl"))),
            "'rigl' would do nothing: .* first after 100, and ends before 34, of the training's 34 steps",
        ),
        (
            (SPARSE, Train(2, SGD, sparsify=Regrow("rigl", begin=2, unit="epochs"))),
            "first after 2, and ends before 2, of the training's 2 epochs",
        ),
        (
            (SPARSE, Train(2, SGD, sparsify=Regrow("set", begin=9, end=9))),
            "first after 9, and ends before 9, of the training's 34 steps",
        ),
        (
            (Train(2, SGD, sparsify=Regrow("rigl", begin=1)),),
            "'rigl' drops and grows weights of a sparse network",
        ),
        ((Train(2, SGD, sparsify=Regrow("set", begin=1)),), "prune it first"),
        ((Prune("magnitude", (0.1,)), TRAIN, Prune("magnitude", (0.5,)), TRAIN), "keep 960 weights of layer 1"),
        (
            (Prune("snip", (0.1,), "global"), TRAIN, Prune("magnitude", (0.5,), "global"), TRAIN),
            r"keep 1,360 weights of the network \(density 0.5\), where 272 are alive",
        ),
        ((Prune("snip", (0.1,), "global"), Prune("snip", (0.5,)), TRAIN), "keep 1,360 weights of the network"),
        ((SPARSE, Train(4, SGD, sparsify=Gradual(0.1, 0, 4))), "gradual pruning would keep 272 weights"),
        ((SPARSE, Train(4, SGD, sparsify=Sigmoid(50.0))), "sigmoid pruning would keep"),
        (
            (TRAIN, Prune("magnitude", (0.5,), "lap", distribution_options=(("rates", (0.1,)),)), TRAIN),
            "'lap' takes a rate in",
        ),
        ((TRAIN, Prune("random", (0.05,), "smart"), TRAIN), "'smart' keeps 816 weights of linear layers"),
        ((TRAIN, Train(4, SGD, sparsify=Gradual(0.3, 0, 4, distribution="smart"))), "'smart' keeps 816 weights"),
        (
            (TRAIN, Cycles((Prune("magnitude", distribution="smart", fraction=0.2), TRAIN), 2)),
            "'smart' keeps 816 weights of linear layers; the other 1360 of 2176 do not fit",
        ),
    ],
)
def test_what_could_not_be_or_would_do_nothing_is_refused(phases: tuple[Any, ...], message: str) -> None:
    with pytest.raises(TaskError, match=message):
        validate(Blueprint(MLP, phases, (RELU,)), "digits")


@pytest.mark.parametrize(
    "phases",
    [
        (SPARSE, Train(2, SGD, sparsify=Regrow("rigl", begin=33))),
        (SPARSE, Train(2, SGD, sparsify=Regrow("rigl", begin=0, frequency=34, end=99))),
        (Prune("magnitude", pattern=(1, 2)), Train(4, SGD, sparsify=Gradual(0.1, 0, 4))),
        (Prune("magnitude", (0.5,)), TRAIN, Prune("magnitude", (0.5,)), TRAIN),
        (TRAIN, Prune("movement", (0.5,)), TRAIN),
        (TRAIN, Rewind(what="learning_rate"), Prune("movement", (0.5,)), TRAIN),
        (SPARSE, Train(4, SGD, sparsify=Gradual(0.01, 0, 4, distribution="layerwise"))),
        (SPARSE, Train(4, SGD, sparsify=Sigmoid(98.0))),
        (TRAIN, Prune("magnitude", (0.5,), "lap", distribution_options=(("rates", (0.1, 0.2, 0.3)),)), TRAIN),
        (TRAIN, Prune("magnitude", (0.3,), "smart"), TRAIN),
        *METHODS.values(),
    ],
)
def test_what_can_be_is_accepted(phases: tuple[Any, ...]) -> None:
    blueprint = Blueprint(MLP, phases, (RELU,))
    validate(blueprint, "digits", shortest=blueprint.length)
