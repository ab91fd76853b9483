"""Masks that change while a network trains."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from nasbench_sparse.core.blueprint import Gradual, Prune, Recipe, Regrow, Sigmoid, Train
from nasbench_sparse.sparsity.masks import alive_counts
from nasbench_sparse.training import phases
from nasbench_sparse.training.loop import Training
from nasbench_sparse.training.optimizers import OPTIMIZERS
from nasbench_sparse.training.repetition import Repetition
from nasbench_sparse.training.sparsifying import Sparsifier
from tests.training.phased import ADAM, ASNI, ORIGINAL, RIGL, SGD, task_of
from tests.training.small import small_trial, without_seconds

HERE = Repetition("digits", 1, 0, 0)
WEIGHTS = 64 * 12 + 12 * 8 + 8 * 10
SPARSE = Prune("random", (0.3,), distribution="erk")


def searched(*before: Prune, train: Train) -> Training:
    blueprint = task_of((*before, train), shortest=train.whole_after).blueprint
    state, _ = phases.prepare(blueprint, blueprint, HERE)
    return phases.set_up(blueprint, -1, state, HERE)


def assert_pruned_is_zero(training: Training) -> None:
    for weight, mask in zip(training.masks.weights, training.masks.masks, strict=True):
        assert torch.all(weight[~mask] == 0.0)
        for value in training.optimizer.state[weight].values():
            if value.shape == weight.shape:
                assert torch.all(value[~mask] == 0.0)


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
@pytest.mark.parametrize("schedule", ["gradual", "rigl", "set"])
def test_pruned_weights_and_their_optimizer_state_stay_zero(optimizer: str, schedule: str) -> None:
    recipe = Recipe(optimizer, 0.01, "cosine", momentum=0.9, weight_decay=1e-2)
    sparsify = {
        "gradual": Gradual(0.1, begin=5, end=25, frequency=5, unit="steps"),
        "rigl": RIGL,
        "set": Regrow("set", 0.3, begin=4, frequency=4),
    }[schedule]
    before = () if schedule == "gradual" else (SPARSE,)
    training = searched(*before, train=Train(2, recipe, sparsify=sparsify))
    masks = training.masks.masks
    training.run(2)
    assert not training.diverged
    assert_pruned_is_zero(training)
    assert any(not torch.equal(a, b) for a, b in zip(masks, training.masks.masks, strict=True))
    if schedule == "gradual":
        assert sum(alive_counts(training.masks.masks)) == round(0.1 * WEIGHTS)
    else:
        assert alive_counts(masks) == alive_counts(training.masks.masks)


@pytest.mark.parametrize(
    "phases_of",
    [
        (Train(4, SGD, sparsify=Gradual(0.2, begin=1, end=2)),),
        (SPARSE, Train(4, ADAM, sparsify=RIGL)),
        (SPARSE, Train(4, SGD, sparsify=Regrow("set", 0.2, begin=1, frequency=1, unit="epochs"))),
    ],
    ids=["gradual", "rigl", "set"],
)
def test_sparsified_training_is_the_same_shorter_and_continued(phases_of: tuple[Train, ...]) -> None:
    task = task_of(phases_of, shortest=2)
    whole, _ = task.evaluate(small_trial(4))
    checkpoint: bytes | None = None
    for fidelity in (2, 3, 4):
        part, checkpoint = task.evaluate(small_trial(fidelity), checkpoint)
        assert without_seconds(part.curves)[0] == without_seconds(whole.curves)[0][:fidelity]


def test_gradual_pruning_follows_the_cubic_schedule() -> None:
    """d(t) = 0.2 + 0.8 (1 - (t - 1) / 3)^3 at epochs 1 to 4: 1, 0.4370, 0.2296, 0.2."""
    training = searched(train=Train(5, SGD, sparsify=Gradual(0.2, begin=1, end=4)))
    training.run(5)
    expected = [0.2 + 0.8 * (1 - t / 3) ** 3 for t in (0, 1, 2, 3, 3)]
    assert [point.density for point in training.curve] == [round(d * WEIGHTS) / WEIGHTS for d in expected]


def test_asni_prunes_all_weights_by_a_sigmoid_after_each_epoch() -> None:
    """p = 90 sigmoid((e - 2) / 0.4) percent at e = 1..4, of all weights, zeros included."""
    training = searched(train=Train(4, ADAM, sparsify=Sigmoid(90.0)))
    training.run(4)
    percents = [90.0 / (1.0 + math.exp(-(e - 2.0) / 0.4)) for e in (1, 2, 3, 4)]
    assert [p.density for p in training.curve] == [round((1 - p / 100) * WEIGHTS) / WEIGHTS for p in percents]


def test_asni_prunes_the_smallest_magnitudes_of_the_whole_network() -> None:
    training = searched(train=Train(1, ADAM, sparsify=Sigmoid(50.0, gamma=1e-3)))
    training.run(1)
    weights = torch.cat([w.flatten() for w in training.masks.weights]).detach()
    plain = searched(train=Train(1, ADAM))
    plain.run(1)
    free = torch.cat([w.flatten() for w in plain.masks.weights]).detach()
    smallest = free.abs().sort().values[WEIGHTS // 2 - 1]
    assert torch.equal(weights, torch.where(free.abs() <= smallest, 0.0, free))


def test_quantised_start_has_two_numbers_a_layer_and_keeps_the_mask() -> None:
    blueprint = task_of(ASNI).blueprint
    trained = phases._state_after(blueprint, blueprint, 1, HERE, [])
    state, _ = phases.prepare(blueprint, blueprint, HERE)
    for i, mask in enumerate(state.masks):
        before, after = trained.weights[f"layers.{i}.weight"], state.weights[f"layers.{i}.weight"]
        assert torch.equal(mask, trained.masks[i])
        for chosen in (mask & (before > 0), mask & (before < 0)):
            assert torch.allclose(after[chosen], before[chosen].double().mean().float())
        assert set(after.unique().tolist()) - {0.0} == set(after[mask].unique().tolist())
        assert len(after[mask].unique()) == 2
    assert all(torch.all(t == 0.0) for name, t in state.weights.items() if name.endswith(".bias"))
    assert all(
        torch.all(t == 1.0) for name, t in state.weights.items() if name.startswith("norms.") and "weight" in name
    )


def test_asni_ii_and_its_control_train_the_same_mask() -> None:
    a, b = (task_of(p).evaluate(small_trial(2))[0].curve for p in (ASNI, ORIGINAL))
    assert [point.density for point in a] == [point.density for point in b]
    assert a[0].density == pytest.approx(1.0 - 0.9 / (1.0 + math.exp(-1.5 / 0.3)), abs=1e-3)
    assert a[0].train_loss != b[0].train_loss


def test_rigl_grows_where_the_dense_gradient_is_largest() -> None:
    """The first change, at step 4, worked out from a copy of the network after three steps."""
    sparsify = Regrow("rigl", 0.5, begin=4, end=17, frequency=100)
    training = searched(SPARSE, train=Train(1, SGD, sparsify=sparsify))
    twin = searched(SPARSE, train=Train(1, SGD))
    steps = list(twin._steps(0))
    loss_of = torch.nn.functional.cross_entropy
    twin.network.train()
    for group in twin.optimizer.param_groups:
        group["lr"] = SGD.learning_rate
    for ((x, y),) in steps[:3]:
        twin.optimizer.zero_grad()
        loss_of(twin.network(x), y).backward()
        twin.masks.mask_gradients()
        twin.optimizer.step()
        twin.masks.mask_weights()
    ((x, y),) = steps[3]
    twin.optimizer.zero_grad()
    loss_of(twin.network(x), y).backward()
    fraction = 0.25 * (1 + math.cos(math.pi * 4 / 17))
    expected = []
    for weight, mask in zip(twin.masks.weights, twin.masks.masks, strict=True):
        alive = int(mask.sum())
        drop = int(fraction * alive)
        size, slope = weight.detach().abs().flatten(), weight.grad.abs().flatten()
        order = sorted(mask.flatten().nonzero().squeeze(1).tolist(), key=lambda i: (-size[i].item(), i))
        kept = set(order[: alive - drop])
        rest = sorted((i for i in range(mask.numel()) if i not in kept), key=lambda i: (-slope[i].item(), i))
        expected.append(sorted(kept | set(rest[:drop])))
    training.train = replace(training.train, recipe=replace(SGD, steps_per_epoch=4))
    training._train(0)
    assert [mask.flatten().nonzero().squeeze(1).tolist() for mask in training.masks.masks] == expected


def test_set_grows_otherwise_in_each_replicate_and_repeats_itself() -> None:
    train = Train(1, SGD, sparsify=Regrow("set", 0.5, begin=4, frequency=100))
    blueprint = task_of((SPARSE, train)).blueprint
    masks = []
    for replicate in (0, 0, 1):
        here = replace(HERE, replicate=replicate)
        state, _ = phases.prepare(blueprint, blueprint, HERE)
        training = phases.set_up(blueprint, -1, state, here)
        training.run(1)
        masks.append(torch.cat([m.flatten() for m in training.masks.masks]))
    assert torch.equal(masks[0], masks[1])
    assert not torch.equal(masks[0], masks[2])


@pytest.mark.parametrize(
    ("schedule", "steps"),
    [
        (Gradual(0.5, begin=2, end=6, frequency=2, unit="steps"), [2, 4, 6]),
        (Gradual(0.5, begin=1, end=2), [5, 10]),
        (Sigmoid(50.0), [5, 10]),
        (Regrow("set", begin=3, end=9, frequency=3), [3, 6]),
        (Regrow("set", begin=1, frequency=1, unit="epochs"), [5]),
    ],
)
def test_masks_change_at_the_declared_steps(schedule: Gradual, steps: list[int]) -> None:
    sparsifier = Sparsifier(schedule, ("a",), epochs=2, steps=5, stream=lambda name: None)  # type: ignore[arg-type, return-value]
    assert [step for step in range(1, 11) if sparsifier.due(step)] == steps
