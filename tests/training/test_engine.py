"""The prefix property, bit for bit, and what an evaluation reports."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.nn.functional import cross_entropy

from nasbench_sparse.core.blueprint import Operator, Recipe
from nasbench_sparse.core.trial import Status
from nasbench_sparse.errors import NbsError
from nasbench_sparse.nn.networks import build_network, prunable_layers
from nasbench_sparse.training.encoding import unpack
from nasbench_sparse.training.optimizers import OPTIMIZERS
from nasbench_sparse.training.repetition import Repetition
from tests.training.small import MLP, small_task, small_trial, without_seconds

RECIPES = [
    *(Recipe(name, 0.05, "cosine", momentum=0.9, weight_decay=1e-3) for name in sorted(OPTIMIZERS)),
    Recipe("sgd", 3.0, "plateau", momentum=0.9),
    Recipe("adam", 0.01, "warm_restarts"),
]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: f"{r.optimizer}-{r.schedule}")
def test_evaluate_is_the_same_at_once_shorter_and_continued(recipe: Recipe) -> None:
    # srelu and prelu have parameters of their own, swish trains its scales
    task = small_task(recipe, (Operator("srelu"), Operator("swish", learn_scales=True)))
    whole, end = task.evaluate(small_trial(4))
    assert end is None
    assert whole.status is Status.OK
    checkpoint: bytes | None = None
    for fidelity in (1, 3, 4):
        part, checkpoint = task.evaluate(small_trial(fidelity), checkpoint)
        assert without_seconds(part.curves)[0] == without_seconds(whole.curves)[0][:fidelity]


def test_evaluate_is_the_same_in_another_process(tmp_path: Path) -> None:
    task = small_task(folds=2)
    whole, _ = task.evaluate(small_trial(3))
    _, checkpoint = task.evaluate(small_trial(1))
    assert checkpoint is not None
    (tmp_path / "checkpoint").write_bytes(checkpoint)
    code = (
        "import sys, json, torch; from pathlib import Path; torch.set_num_threads(2); torch.rand(5)\n"
        "from tests.training.small import *\n"
        "data = Path(sys.argv[1]).read_bytes()\n"
        "for checkpoint in (None, data):\n"
        "    curves = small_task(folds=2).evaluate(small_trial(3), checkpoint)[0].curves\n"
        "    print(json.dumps([[p[:7] for p in curve] for curve in curves]))\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "NASBENCH_SPARSE_CACHE": str(tmp_path / "other")}
    output = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "checkpoint")],
        env=environment, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    expected = [[list(point[:7]) for point in curve] for curve in whole.curves]
    assert [json.loads(line) for line in output.stdout.splitlines()] == [expected, expected]


def test_evaluate_equals_a_plain_training_loop() -> None:
    """The last phase of the small task, written out with the masks applied by indexing."""
    recipe = Recipe("sgd", 0.05, momentum=0.9, weight_decay=1e-3)
    task = small_task(recipe, (Operator("relu"),))
    evaluation, checkpoint = task.evaluate(small_trial(1))
    assert checkpoint is not None
    (pretrained,) = (unpack(p.read_bytes()[32:])[0] for p in _states())

    repetition = Repetition("digits", 1, 0, 0)
    network = build_network(MLP, (Operator("relu"),), torch.Generator())
    network.load_state_dict(
        {k.removeprefix("weights/"): v for k, v in pretrained.items() if k.startswith("weights/")}
    )
    pruned = {}
    for name, weight in prunable_layers(network):
        order = sorted(range(weight.numel()), key=lambda i: (-abs(weight.flatten()[i].item()), i))
        pruned[name] = torch.tensor(order[round(0.3 * weight.numel()) :])
        weight.data.flatten()[pruned[name]] = 0.0
    momentum = {name: None for name, _ in network.named_parameters()}
    inputs, labels = repetition.data.train
    order, total, batches = repetition.order(2)(0), 0.0, 0
    for start in range(0, len(order), 64):
        chosen = order[start : start + 64]
        loss = cross_entropy(network(inputs[chosen]), labels[chosen])
        network.zero_grad()
        loss.backward()
        total, batches = total + loss.item(), batches + 1
        for name, parameter in network.named_parameters():
            gradient = parameter.grad + 1e-3 * parameter.data
            previous = momentum[name]
            momentum[name] = gradient if previous is None else 0.9 * previous + gradient
            parameter.data -= 0.05 * momentum[name]
        for name, weight in prunable_layers(network):
            weight.data.flatten()[pruned[name]] = 0.0
    network.eval()
    with torch.no_grad():
        val_loss = cross_entropy(network(repetition.data.val[0]), repetition.data.val[1]).item()
    assert evaluation.curve[0].train_loss == pytest.approx(total / batches, rel=1e-5)
    assert evaluation.curve[0].val_loss == pytest.approx(val_loss, rel=1e-5)
    assert evaluation.curve[0].density == pytest.approx(0.3, abs=1e-3)


def _states() -> list[Path]:
    return list(Path(os.environ["NASBENCH_SPARSE_CACHE"]).glob("*.state"))


def test_evaluate_keeps_pruned_weights_at_zero_in_the_checkpoint() -> None:
    _, checkpoint = small_task().evaluate(small_trial(2))
    assert checkpoint is not None
    tensors, _ = unpack(checkpoint)
    layers = [f"0/state/weights/layers.{i}.weight" for i in range(3)]
    for i, layer in enumerate(layers):
        weight, mask = tensors[layer], tensors[f"0/state/masks/{i}"]
        assert int(mask.sum()) == round(0.3 * mask.numel())
        assert torch.equal(weight == 0.0, ~mask)


def test_evaluate_reports_divergence_with_an_empty_curve() -> None:
    task = small_task(Recipe("sgd", momentum=0.9))
    evaluation, checkpoint = task.evaluate(small_trial(4, rate=1e6))
    assert evaluation.status is Status.DIVERGED
    assert evaluation.curves == ((),)
    assert evaluation.seconds > 0.0
    assert checkpoint is None


def test_evaluate_keeps_the_curve_up_to_the_last_finite_epoch() -> None:
    # A weight decay of 40.5 at a rate of 0.05 multiplies weights by about -1.025 a step: they overflow in time.
    task = small_task(Recipe("sgd", 0.05, weight_decay=40.5), (Operator("relu"),), epochs=8)
    evaluation, checkpoint = task.evaluate(small_trial(8))
    assert evaluation.status is Status.DIVERGED
    assert checkpoint is None
    (curve,) = evaluation.curves
    assert [point.step for point in curve] == list(range(1, len(curve) + 1))
    assert 0 < len(curve) < 8
    assert all(math.isfinite(value) for point in curve for value in point[1:7])
    shorter, _ = task.evaluate(small_trial(len(curve)))
    assert shorter.status is Status.OK
    assert without_seconds(shorter.curves) == without_seconds(evaluation.curves)
    assert evaluation.seconds > curve[-1].seconds  # the epoch that diverged took time too


def test_evaluate_trains_every_fold_on_its_own_split() -> None:
    evaluation, _ = small_task(folds=3).evaluate(small_trial(2))
    assert len(evaluation.curves) == 3
    assert len({curve[0].val_loss for curve in evaluation.curves}) == 3
    mean = sum(curve[1].val_loss for curve in evaluation.curves) / 3
    assert evaluation.curve[1].val_loss == pytest.approx(mean)
    assert [shared.fold for shared in evaluation.shared] == [0, 1, 2]


def test_evaluate_charges_only_what_was_not_credited() -> None:
    task = small_task()
    _, checkpoint = task.evaluate(small_trial(2))
    evaluation, _ = task.evaluate(small_trial(4, resumes_at=2), checkpoint)
    curve = evaluation.curve
    assert evaluation.seconds == pytest.approx(curve[3].seconds - curve[1].seconds)
    again, _ = task.evaluate(small_trial(4, resumes_at=2))  # the checkpoint is lost: trained again, credited still
    assert again.seconds == pytest.approx(again.curve[3].seconds - again.curve[1].seconds)
    assert without_seconds(again.curves) == without_seconds(evaluation.curves)


def test_evaluate_leaves_the_process_as_it_was() -> None:
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    small_task(activations=(Operator("srelu"),)).evaluate(small_trial(1))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.full((), 1e-40).mul(0.5).item() != 0.0


def test_evaluate_refuses_a_checkpoint_of_something_else() -> None:
    task = small_task()
    _, checkpoint = task.evaluate(small_trial(2))
    assert checkpoint is not None
    with pytest.raises(NbsError, match="belongs to config_key"):
        task.evaluate(small_trial(3, rate=0.01), checkpoint)
    with pytest.raises(NbsError, match="belongs to replicate 0, not 1"):
        task.evaluate(small_trial(3, replicate=1), checkpoint)
    with pytest.raises(NbsError, match="belongs to fingerprint"):
        small_task(epochs=5).evaluate(small_trial(3), checkpoint)
    with pytest.raises(NbsError, match="trained for 2 epochs"):
        task.evaluate(small_trial(1), checkpoint)
    for damaged in (b"", checkpoint[:100], b"x" + checkpoint[1:]):
        with pytest.raises(NbsError, match="not a training checkpoint"):
            task.evaluate(small_trial(3), damaged)


def test_evaluate_refuses_a_fidelity_outside_the_range() -> None:
    with pytest.raises(NbsError, match="lies outside 1 to 4 epochs"):
        small_task().evaluate(small_trial(5))
