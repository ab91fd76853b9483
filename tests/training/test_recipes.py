"""What a recipe adds to plain training, each against a loop written out."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from nasbench_sparse.core.blueprint import ActivationPenalty, Cycles, Operator, Recipe, Rewind, Train
from nasbench_sparse.data.batches import Sources, TensorBatches
from nasbench_sparse.errors import TaskError
from nasbench_sparse.measures import eleven_points
from nasbench_sparse.training import phases
from nasbench_sparse.training.loop import Training, evaluate, steps_per_epoch
from nasbench_sparse.training.losses import batch_loss, correct
from nasbench_sparse.training.penalty import penalty_of, site_outputs
from nasbench_sparse.training.repetition import Repetition
from tests.training.phased import MAGNITUDE, SGD, task_of
from tests.training.small import MLP, small_trial, without_seconds

HERE = Repetition("digits", 1, 0, 0)
PLAIN = Recipe("sgd", 0.1)


def training_with(recipe: Recipe, epochs: int = 2) -> Training:
    blueprint = task_of((Train(epochs, recipe),), network=MLP).blueprint
    state, _ = phases.prepare(blueprint, blueprint, HERE)
    return phases.set_up(blueprint, -1, state, HERE)


def stepped(recipe: Recipe, loss_of: Any, steps: int = 3) -> tuple[Training, nn.Module]:
    """Train `steps` steps by the loop, and by hand with plain SGD on `loss_of(network, x, y)`."""
    training = training_with(replace(recipe, steps_per_epoch=steps))
    training.run(1)
    twin = training_with(PLAIN)
    network = twin.network.train()
    for ((x, y),), _ in zip(twin._steps(0), range(steps), strict=False):
        network.zero_grad()
        loss_of(network, x, y).backward()
        for p in network.parameters():
            p.data -= recipe.learning_rate * p.grad
    return training, network


def assert_same(training: Training, network: nn.Module) -> None:
    for (name, a), (_, b) in zip(training.network.named_parameters(), network.named_parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6, msg=name)


def test_label_smoothing_spreads_the_target() -> None:
    def loss(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        log = network(x).log_softmax(1)
        return -(0.8 * log.gather(1, y[:, None]).squeeze(1) + 0.2 * log.mean(1)).mean()

    assert_same(*stepped(replace(PLAIN, label_smoothing=0.2), loss))


def test_gradient_clip_limits_the_norm_of_each_step() -> None:
    training = training_with(replace(PLAIN, gradient_clip=0.05, steps_per_epoch=1))
    before = {name: p.detach().clone() for name, p in training.network.named_parameters()}
    training.run(1)
    moved = torch.cat([(p.detach() - before[name]).flatten() for name, p in training.network.named_parameters()])
    assert float(moved.norm()) == pytest.approx(0.1 * 0.05, rel=1e-3)


def test_accumulated_batches_make_one_step_of_their_mean_gradient() -> None:
    training = training_with(replace(PLAIN, batch_size=32, accumulate=4, steps_per_epoch=3))
    training.run(1)
    whole = training_with(replace(PLAIN, batch_size=128, steps_per_epoch=3))
    whole.run(1)
    assert_same(training, whole.network)
    assert training.curve[0].train_loss == pytest.approx(whole.curve[0].train_loss, rel=1e-5)


@pytest.mark.parametrize(
    ("recipe", "steps"),
    [
        (Recipe(batch_size=64), 17),
        (Recipe(batch_size=64, accumulate=4), 5),
        (Recipe(batch_size=64, steps_per_epoch=6), 6),
        (Recipe(batch_size=64, steps_per_epoch=60), 17),
    ],
)
def test_steps_of_an_epoch(recipe: Recipe, steps: int) -> None:
    assert steps_per_epoch(recipe, 1078) == steps
    assert len(list(training_with(recipe)._steps(0))) == steps


@pytest.mark.parametrize("kind", ["l1", "hoyer"])
def test_penalty_adds_its_gradient_and_leaves_the_reported_loss_alone(kind: str) -> None:
    def loss(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        first = network.layers[0](x.flatten(1)).relu()
        second = network.layers[1](first).relu()
        extra: Any = 0.0
        for a in (first, second):
            for sample in a:
                if kind == "l1":
                    extra = extra + sample.abs().sum() / sample.numel() / len(x)
                elif bool((sample > 0).any()):
                    ratio = sample.abs().sum() ** 2 / (sample**2).sum()
                    extra = extra + ratio / sample.numel() / len(x)
        return cross_entropy(network.layers[2](second), y) - 0.3 * extra

    training, network = stepped(replace(PLAIN, penalty=ActivationPenalty(kind, -0.3)), loss, steps=2)
    assert_same(training, network)
    plain = training_with(replace(PLAIN, steps_per_epoch=1))
    with_penalty = training_with(replace(PLAIN, steps_per_epoch=1, penalty=ActivationPenalty(kind, -0.3)))
    plain.run(1)
    with_penalty.run(1)
    assert plain.curve[0].train_loss == with_penalty.curve[0].train_loss
    assert plain.curve[0].val_loss != with_penalty.curve[0].val_loss


def test_penalties_of_hand_computed_activations() -> None:
    """l1: (mean of 3/2, 0) + 2; hoyer: (9 / (2 * 5) + 0) / 2 + 1."""
    outputs = [torch.tensor([[1.0, -2.0], [0.0, 0.0]]), torch.tensor([[2.0], [2.0]])]
    assert penalty_of(ActivationPenalty("l1", 2.0), outputs).item() == pytest.approx(2.0 * (0.75 + 2.0))
    assert penalty_of(ActivationPenalty("hoyer", 2.0), outputs).item() == pytest.approx(2.0 * (0.45 + 1.0))


def test_site_outputs_leaves_no_hook() -> None:
    network = training_with(PLAIN).network
    with site_outputs(network) as outputs:
        network(torch.zeros(3, 1, 8, 8))
    assert [tuple(output.shape) for output in outputs] == [(3, 12), (3, 8)]
    network(torch.zeros(3, 1, 8, 8))
    assert len(outputs) == 2


def test_rates_change_within_an_epoch_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    training = training_with(
        Recipe("sgd", 1e-3, "cosine", schedule_every="step", steps_per_epoch=4, warmup_epochs=1), 3
    )
    rates: list[float] = []
    step = training.optimizer.step
    monkeypatch.setattr(
        training.optimizer, "step", lambda: (rates.append(training.optimizer.param_groups[0]["lr"]), step())[1]
    )
    training.run(3)
    warm = [1e-3 * s / 4 for s in range(4)]
    cosine = [0.5e-3 * (1 + math.cos(math.pi * s / 8)) for s in range(8)]
    assert rates == pytest.approx(warm + cosine)


def test_loss_of_a_language_model_is_the_mean_over_tokens() -> None:
    torch.manual_seed(0)
    logits, targets = torch.randn(3, 5, 7), torch.randint(7, (3, 5))
    by_hand = -logits.log_softmax(-1).gather(-1, targets[..., None]).mean()
    torch.testing.assert_close(batch_loss(logits, targets), by_hand)
    assert correct(logits, targets) == sum(
        int(logits[n, t].argmax()) == int(targets[n, t]) for n in range(3) for t in range(5)
    )
    loss, accuracy = evaluate(nn.Identity(), logits, targets, 2)
    assert loss == pytest.approx(by_hand.item(), rel=1e-5)
    assert accuracy == correct(logits, targets) / 15


def test_augmentation_changes_training_inputs_by_streams_of_phase_and_epoch() -> None:
    training = training_with(replace(PLAIN, augmentation="flip"))
    seen: list[float] = []

    def noisy(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        seen.append(float(torch.rand((), generator=generator)))
        return x + 1.0

    plain = [x for ((x, _),) in training_with(PLAIN)._steps(1)]
    training.augment = noisy
    changed = [x for ((x, _),) in training._steps(1)]
    assert all(torch.equal(a + 1.0, b) for a, b in zip(plain, changed, strict=True))
    again = [x for ((x, _),) in training._steps(1)]
    assert len(again) == 17
    assert seen[:17] == seen[17:]
    assert len(set(seen[:17])) == 17
    list(training._steps(0))
    assert not set(seen[34:]) & set(seen[:17])


def test_examples_decoded_batch_by_batch_train_like_those_in_memory() -> None:
    kept, streamed = training_with(SGD), training_with(SGD)
    streamed.data = Sources(*(TensorBatches(*part) for part in HERE.data))
    for training in (kept, streamed):
        training.run(2)
    assert [p[1:6] for p in kept.curve] == [pytest.approx(p[1:6], rel=1e-5) for p in streamed.curve]
    with pytest.raises(TaskError, match="wanted in memory"):
        _ = streamed.split


@pytest.mark.parametrize("when", ["end", "epochs", "eleven"])
def test_measures_are_recorded_when_declared_and_change_nothing(when: Any) -> None:
    train = Train(13, SGD, measures=("egf_2[2]", "density"), measure_at=when)
    curve = task_of((train,)).evaluate(small_trial(13))[0].curves
    plain = task_of((Train(13, SGD),)).evaluate(small_trial(13))[0].curves
    epochs = {"end": (12,), "epochs": tuple(range(13)), "eleven": eleven_points(13)}[when]
    assert tuple(point.step - 1 for point in curve[0] if point.metrics) == epochs
    last = curve[0][-1].metrics
    assert last["egf_2[2]"] > 0.0
    assert last["density/layers.0"] == 1.0
    assert last["measure_seconds"] > 0.0
    bare = tuple(tuple(point._replace(metrics={}) for point in one) for one in without_seconds(curve))
    assert bare == without_seconds(plain)


def test_measures_of_a_cycle_are_those_of_its_last_training() -> None:
    measured = Train(1, SGD, measures=("density",))
    curve = task_of((Train(1, SGD), Cycles((MAGNITUDE, Rewind(), measured), 2))).evaluate(small_trial(2))[0].curve
    assert [point.metrics["density/layers.0"] < 1.0 for point in curve] == [True, True]
    assert curve[0].metrics["density/layers.0"] > curve[1].metrics["density/layers.0"]


def test_a_recipe_with_everything_is_the_same_shorter_and_continued() -> None:
    recipe = Recipe(
        "adamw", 5e-3, "cosine", weight_decay=0.1, schedule_options=(("final", 5e-4),), schedule_every="step",
        optimizer_options=(("betas", (0.9, 0.95)),), warmup_epochs=1, steps_per_epoch=7, accumulate=2,
        label_smoothing=0.1, gradient_clip=1.0, penalty=ActivationPenalty("hoyer", -1e-2),
    )  # fmt: skip
    blueprint = task_of((Train(4, recipe),)).blueprint.with_activations((Operator("swish", learn_scales=True),))
    task = replace(task_of((Train(4, recipe),)), blueprint=blueprint)
    whole, _ = task.evaluate(small_trial(4))
    checkpoint: bytes | None = None
    for fidelity in (1, 3, 4):
        part, checkpoint = task.evaluate(small_trial(fidelity), checkpoint)
        assert without_seconds(part.curves)[0] == without_seconds(whole.curves)[0][:fidelity]
