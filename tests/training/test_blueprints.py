"""What a blueprint refuses, and how its declaration grows without changing older ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from nasbench_sparse.core.blueprint import (
    ActivatePrune,
    ActivationPenalty,
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
from nasbench_sparse.core.declaration import declare
from nasbench_sparse.core.methods import ap_lite, ap_pro, iterative
from nasbench_sparse.errors import NbsError, TaskError, UnknownName
from nasbench_sparse.training.validation import validate
from tests.training.phased import MAGNITUDE, METHODS, MLP, SGD, task_of
from tests.training.small import small_trial

TRAIN = Train(2, SGD)


def test_declarations_leave_out_fields_that_came_later_while_they_hold_their_default() -> None:
    assert declare(Train(2, Recipe())) == {
        "type": "Train",
        "epochs": 2,
        "activations": None,
        "recipe": {
            "type": "Recipe",
            "optimizer": "sgd",
            "learning_rate": 0.1,
            "schedule": "constant",
            "momentum": 0.0,
            "weight_decay": 0.0,
            "batch_size": 64,
            "evaluation_batch_size": 500,
        },
    }
    assert declare(Prune("magnitude", (0.5,))) == {"type": "Prune", "score": "magnitude", "densities": [0.5]}


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (Recipe(label_smoothing=0.1), "label_smoothing"),
        (Recipe(warmup_epochs=1), "warmup_epochs"),
        (Recipe(gradient_clip=1.0), "gradient_clip"),
        (Train(1, SGD, measures=("egf_2",)), "measures"),
        (Train(1, SGD, sparsify=Sigmoid(50.0)), "sparsify"),
        (Prune("magnitude", fraction=0.5), "fraction"),
        (Prune("magnitude", (0.5,), "global"), "distribution"),
    ],
)
def test_declarations_hold_fields_that_differ_from_their_default(value: Any, name: str) -> None:
    assert name in declare(value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Prune("magnitude", (1.5,)), r"density 1.5 lies outside \[0, 1\]"),
        (lambda: Prune("magnitude", fraction=-0.1), r"fraction -0.1 lies outside"),
        (lambda: Prune("magnitude"), "exactly one of densities, fraction and pattern"),
        (lambda: Prune("magnitude", (0.5,), fraction=0.5), "exactly one of densities, fraction and pattern"),
        (lambda: Prune("magnitude", (0.5,), "globl"), "'globl' is unknown; allowed are layerwise, global"),
        (lambda: Prune("magnitude", (0.5, 0.4), "global"), "spreads one density over the layers, and got 2"),
        (lambda: Prune("magnitude", distribution="global", pattern=(2, 4)), "contradicts distribution 'global'"),
        (lambda: Prune("magnitude", pattern=(4, 4)), "needs 0 < n < m"),
        (lambda: Prune("taylor", (0.5,), batches=0), "batches that a score looks at is 0; allowed"),
        (lambda: Prune("magnitude", ("a",)), "density 'a' lies outside"),  # type: ignore[arg-type]
        (lambda: Prune("magnitude", pattern=(0, 4)), "a number of pattern 0:4 is 0; allowed are whole"),
        (lambda: ActivatePrune(2.0), "fraction 2.0 lies outside"),
        (lambda: ActivatePrune(0.1, batches=0), "batches that the AP step looks at is 0"),
        (lambda: ActivatePrune(0.1, bias=math.nan), "bias of the AP step is nan; allowed are finite numbers"),
        (lambda: ActivatePrune(0.1, locate="input"), "allowed are 'movement' and 'output'"),  # type: ignore[arg-type]
        (lambda: Rewind(-1), "rewound to is -1; allowed are whole numbers from 0"),
        (lambda: Rewind(1, what="learning_rate"), "learning_rate to 1: allowed is 0"),
        (lambda: Train(0, SGD), "epochs of a training is 0; allowed are whole numbers from 1"),
        (lambda: Train(2, SGD, measure_at="start"), "allowed are 'end', 'epochs' and 'eleven'"),  # type: ignore[arg-type]
        (lambda: Train(2, SGD, sparsify=Gradual(0.5, 0, 3)), "beyond the training's 2 epochs"),
        (lambda: Gradual(0.5, 0, 5, frequency=2), "never reaches its end 5"),
        (lambda: Gradual(0.9, 0, 4, initial=0.5), "needs density <= initial, got density 0.9"),
        (lambda: Sigmoid(101.0), "no percentage"),
        (lambda: Sigmoid(50.0, gamma=0.0), "gamma of sigmoid pruning is 0.0; allowed are finite numbers above 0"),
        (lambda: Sigmoid(50.0, beta=math.nan), "beta of sigmoid pruning is nan"),
        (lambda: Sigmoid(math.nan), "alpha of sigmoid pruning is nan"),
        (lambda: Regrow("grow"), "allowed are 'set' and 'rigl'"),
        (lambda: Regrow("set", 1.0), "regrowth drops is 1.0; allowed are numbers from 0 and below 1"),
        (lambda: Regrow("set", frequency=0), "frequency of a sparsification is 0; allowed"),
        (lambda: Regrow("set", begin=9, end=3), "begins at 9 and ends at 3; it needs begin <= end"),
        (lambda: ActivationPenalty("l2", 1.0), "allowed are 'l1' and 'hoyer'"),
        (lambda: ActivationPenalty("l1", math.nan), "strength is nan; allowed are finite numbers"),
        (lambda: Recipe(batch_size=0), "batch_size is 0; allowed are whole numbers from 1"),
        (lambda: Recipe(batch_size=-1), "batch_size is -1"),
        (lambda: Recipe(batch_size=1.5), "batch_size is 1.5"),  # type: ignore[arg-type]
        (lambda: Recipe(evaluation_batch_size=0), "evaluation_batch_size is 0"),
        (lambda: Recipe(learning_rate=-1.0), "learning_rate is -1.0; allowed are finite numbers above 0"),
        (lambda: Recipe(learning_rate=math.nan), "learning_rate is nan"),
        (lambda: Recipe(learning_rate="a"), "learning_rate is 'a'"),  # type: ignore[arg-type]
        (lambda: Recipe(weight_decay=-1.0), "weight_decay is -1.0; allowed are finite numbers from 0"),
        (lambda: Recipe(momentum=2.0), "momentum is 2.0; allowed are numbers from 0 and below 1"),
        (lambda: Recipe(warmup_epochs=-1), "warmup_epochs is -1; allowed are whole numbers from 0"),
        (lambda: Recipe(label_smoothing=1.0), "label_smoothing is 1.0; allowed are numbers from 0 and below 1"),
        (lambda: Recipe(gradient_clip=0.0), "gradient_clip is 0.0; allowed are finite numbers above 0"),
        (lambda: Recipe(accumulate=0), "accumulate is 0; allowed are whole numbers from 1"),
        (lambda: Recipe(schedule_every="batch"), "allowed are 'epoch' and 'step'"),
        (lambda: Cycles((TRAIN,), 0), "the count of cycles is 0; allowed are whole numbers from 1"),
        (lambda: Cycles((TRAIN, MAGNITUDE), 2), "the body of cycles must end with a training"),
        (lambda: Cycles((TRAIN,), 2, fork=(MAGNITUDE,)), "the fork of cycles must end with a training"),
        (lambda: Cycles((Cycles((TRAIN,), 1), TRAIN), 2), "cannot hold cycles"),  # type: ignore[arg-type]
        (lambda: Cycles((Prune("magnitude", (0.5,)), TRAIN), 2), "declares a fraction of the weights alive"),
        (lambda: ap_pro(MAGNITUDE, 0.3, TRAIN, 2), "q = 0.3 of p = 0.2; allowed is 0 <= q <= p"),
        (lambda: ap_lite(Prune("magnitude", (0.5,)), 0.1, TRAIN, 2), "prunes q = 0.1 of p = None"),
        (lambda: Blueprint(MLP, (TRAIN, MAGNITUDE)), "last phase is the training that is searched over"),
        (lambda: Blueprint(MLP, (METHODS["ap-lite"][1], TRAIN)), "no saved start|a fork only reports"),
        (lambda: Blueprint(MLP, (Rewind(), TRAIN)), "rewinding needs a training before it: there is no"),
        (lambda: Blueprint(MLP, (TRAIN, Rewind(3), TRAIN)), "to epoch 3: the first training has 2 epochs"),
        (lambda: Blueprint(MLP, (ActivatePrune(0.1), TRAIN)), "the AP step needs a training before it"),
        (lambda: Blueprint(MLP, (Quantise(), TRAIN)), "quantising needs a training before it"),
        (lambda: Blueprint(MLP, (Cycles((MAGNITUDE, Rewind(), TRAIN), 2),)), "no saved start"),
        (
            lambda: Blueprint(MLP, (TRAIN, Prune("magnitude", fraction=0.9), ActivatePrune(0.2), TRAIN)),
            "add up to 1.1, more than all",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_where_it_is_declared(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(TaskError, match=message):
        make()


@pytest.mark.parametrize(
    ("phases", "error", "message"),
    [
        ((Prune("magnitud", (0.5,)), TRAIN), UnknownName, "did you mean 'magnitude'"),
        ((Prune("magnitude", (0.5,), options=(("rounds", 3),)), TRAIN), UnknownName, "option of pruning score"),
        (
            (Prune("magnitude", (0.5, 0.5)), TRAIN),
            TaskError,
            r"2 densities for 3 prunable layers \(layers.0, layers.1",
        ),
        ((Prune("magnitude", pattern=(1, 5)), TRAIN), TaskError, "layers.0"),
        ((Train(2, Recipe("sgdd")),), UnknownName, "unknown optimizer 'sgdd'"),
        ((Train(2, Recipe(optimizer_options=(("betas", (0.9, 0.9)),))),), UnknownName, "option of optimizer 'sgd'"),
        ((Train(2, Recipe(schedule="cosin")),), UnknownName, "unknown schedule 'cosin'"),
        ((Train(2, Recipe(schedule_options=(("final", 0.0),))),), UnknownName, "option of schedule 'constant'"),
        ((Train(2, Recipe(schedule="multistep")),), TaskError, "needs the option 'milestones'"),
        (
            (Train(2, Recipe(schedule="multistep", schedule_options=(("milestones", "ab"),))),),
            TaskError,
            "option 'milestones' of schedule 'multistep' is 'ab'; allowed is a tuple of finite numbers from 0",
        ),
        (
            (Train(2, Recipe(schedule="cosine", schedule_options=(("final", math.nan),))),),
            TaskError,
            "option 'final' of schedule 'cosine' is nan",
        ),
        (
            (Train(2, Recipe("adam", optimizer_options=(("betas", (0.9,)),))),),
            TaskError,
            r"option 'betas' of optimizer 'adam' is \(0.9,\); allowed are two numbers",
        ),
        (
            (Train(2, Recipe("adam", optimizer_options=(("eps", "a"),))),),
            TaskError,
            "option 'eps' of optimizer 'adam' is 'a'",
        ),
        (
            (Train(2, Recipe(optimizer_options=(("nesterov", 1),))),),
            TaskError,
            "option 'nesterov' of optimizer 'sgd' is 1; allowed are True and False",
        ),
        (
            (Train(2, Recipe(optimizer_options=(("nesterov", True),))),),
            TaskError,
            "'nesterov' of optimizer 'sgd' needs a momentum above 0",
        ),
        ((Train(2, Recipe(warmup_epochs=2)),), TaskError, "fills the whole training"),
        ((Train(2, SGD, measures=("egf",)),), UnknownName, "egf_2"),
        ((TRAIN, Rewind(35, "steps"), TRAIN), TaskError, "the first training has 34 steps"),
        ((Train(2, SGD, sparsify=Gradual(0.5, 0, 35, unit="steps")),), TaskError, "ends in epoch 3, beyond"),
        (
            (Train(2, SGD, sparsify=Gradual(0.5, 0, 18, unit="steps")),),
            TaskError,
            "fidelity.min must be at least 2",
        ),
    ],
)
def test_what_does_not_fit_network_or_data_is_refused_before_training(
    phases: tuple[Any, ...], error: type[NbsError], message: str
) -> None:
    with pytest.raises(error, match=message):
        task_of(phases).evaluate(small_trial(1))


def test_validate_accepts_every_method() -> None:
    for phases in METHODS.values():
        validate(task_of(phases).blueprint, "digits")


def test_validate_refuses_a_network_with_nothing_to_prune(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nasbench_sparse.training.validation.prunable_layers", lambda network: [])
    with pytest.raises(TaskError, match="pruning needs a convolution or a linear layer"):
        validate(task_of((Prune("magnitude", (0.5,)), TRAIN)).blueprint, "digits")


def test_validate_refuses_what_a_language_model_lacks() -> None:
    gpt = Network("mini_gpt", (("depth", 1), ("heads", 2), ("width", 16), ("vocabulary", 256), ("context", 64)))
    with pytest.raises(TaskError, match="'synflow' sends ones through the network, and texts are tokens"):
        validate(Blueprint(gpt, (Prune("synflow", (0.5,)), TRAIN)), "python-docs")
    vit = Network("vit_ti", (("size", 8), ("patch", 4), ("channels", 1), ("depth", 1), ("width", 12)))
    with pytest.raises(TaskError, match="'synflow' means nothing in a network that normalises each"):
        validate(Blueprint(vit, (Prune("synflow", (0.5,)), TRAIN)), "digits")
    with pytest.raises(TaskError, match="AP-bias-k adds to biases, and network 'mini_gpt' has none"):
        validate(Blueprint(gpt, (TRAIN, ActivatePrune(0.1, bias=1.0), TRAIN)), "python-docs")


def test_a_sparsification_that_cannot_be_cut_short_needs_a_fidelity_that_does_not() -> None:
    with pytest.raises(TaskError, match="ends with epoch 4 and cannot be cut short, so fidelity"):
        task_of((Train(4, SGD, sparsify=Sigmoid(90.0)),))
    with pytest.raises(TaskError, match="ends with epoch 3"):
        task_of((Train(4, SGD, sparsify=Gradual(0.5, 0, 3)),), shortest=2)
    task_of((Train(4, SGD, sparsify=Gradual(0.5, 0, 3)),), shortest=3)


def test_a_task_of_cycles_counts_cycles() -> None:
    task = task_of(METHODS["lottery"])
    assert (task.fidelity.unit, task.fidelity.max) == ("cycles", 3)
    assert task.blueprint.recipe == SGD
    assert not task.searchable
    other = task.blueprint.with_recipe(learning_rate=0.5)
    search = other.search
    assert isinstance(search, Cycles)
    assert isinstance(search.body[-1], Train)
    assert search.body[-1].recipe.learning_rate == 0.5
    assert other.phases[0] == task.blueprint.phases[0]


def test_methods_write_the_published_cycles() -> None:
    prune = Prune("magnitude", distribution="global", fraction=0.2)
    rest = Prune("magnitude", distribution="global", fraction=0.18)
    assert iterative(prune, TRAIN, 3) == Cycles((prune, Rewind(), TRAIN), 3)
    pro = (rest, ActivatePrune(0.02), Rewind(), TRAIN)
    assert ap_pro(prune, 0.02, TRAIN, 3) == Cycles(pro, 3)
    assert ap_lite(prune, 0.02, TRAIN, 3) == Cycles((prune, Rewind(), TRAIN), 3, fork=pro)


def test_densities_of_a_config_go_to_phases_that_declare_densities() -> None:
    blueprint = Blueprint(Network("mlp"), (Prune("random", (0.5,)), TRAIN, MAGNITUDE, TRAIN))
    changed = blueprint.with_densities((0.1,))
    assert changed.phases == (Prune("random", (0.1,)), TRAIN, MAGNITUDE, TRAIN)
    with pytest.raises(TaskError, match="no pruning phase"):
        Blueprint(Network("mlp"), (TRAIN, MAGNITUDE, TRAIN)).with_densities((0.1,))
