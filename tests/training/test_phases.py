from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nasbench_sparse.core.blueprint import Blueprint, Network, Operator, Prune, Recipe, Train
from nasbench_sparse.core.trial import Status
from nasbench_sparse.training import phases
from nasbench_sparse.training.phases import prepare, set_up
from nasbench_sparse.training.repetition import Repetition
from nasbench_sparse.training.state import enter
from tests.training.small import MLP, small_task, small_trial, without_seconds

HERE = Repetition("digits", 1, 0, 0)


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.state"))


def test_pretraining_is_done_once_per_replicate_and_fold(cache_folder: Path) -> None:
    task = small_task()
    first, _ = task.evaluate(small_trial(1))
    (shared,) = first.shared
    assert _files(cache_folder) == [f"{shared.key}.state"]
    assert (shared.replicate, shared.fold, len(shared.curve)) == (0, 0, 1)
    assert shared.curve[0].density == 1.0
    other_config, _ = task.evaluate(small_trial(1, rate=0.01))
    assert other_config.shared == first.shared
    assert len(_files(cache_folder)) == 1
    phases._recent.clear()
    again, _ = task.evaluate(small_trial(1))
    assert again.shared == first.shared
    assert without_seconds(again.curves) == without_seconds(first.curves)
    other_replicate, _ = task.evaluate(small_trial(1, replicate=1))
    assert len(other_replicate.shared) == 1
    assert len(_files(cache_folder)) == 2


def test_pretraining_is_shared_between_tasks_that_differ_later(cache_folder: Path) -> None:
    first, _ = small_task().evaluate(small_trial(1))
    evaluation, _ = small_task(Recipe("adam", 0.01), (Operator("tanh"),), epochs=2).evaluate(small_trial(1))
    assert evaluation.shared == first.shared
    sharper, _ = small_task(density=True).evaluate(small_trial(1, rate=0.05, density=0.1))
    assert sharper.shared == first.shared
    assert len(_files(cache_folder)) == 1


def test_pretraining_is_done_once_by_processes_at_the_same_time(cache_folder: Path) -> None:
    code = (
        "import json; from tests.training.small import *\n"
        "e, _ = small_task().evaluate(small_trial(1))\n"
        "print(json.dumps([[s.curve[-1].seconds for s in e.shared], e.curve[0].val_loss]))"
    )
    root = Path(__file__).parents[2]
    runs = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=root, env=os.environ)
        for _ in range(2)
    ]
    (a, loss), (b, same) = (json.loads(run.communicate(timeout=120)[0]) for run in runs)
    assert len(a) == 1
    assert a == b, "one trained it, the other read it"
    assert loss == same
    assert len(_files(cache_folder)) == 1


def test_a_corrupt_pretraining_is_done_again(cache_folder: Path) -> None:
    task = small_task()
    first, _ = task.evaluate(small_trial(1))
    (path,) = cache_folder.glob("*.state")
    content = path.read_bytes()
    path.write_bytes(content[:-5] + b"\0\0\0\0\0")
    phases._recent.clear()
    again, _ = task.evaluate(small_trial(1))
    assert len(again.shared) == 1
    assert without_seconds(again.curves) == without_seconds(first.curves)


def test_phases_that_a_config_changes_are_charged_to_the_trial(cache_folder: Path) -> None:
    declared = Blueprint(MLP, (Prune("random", (0.5,)), Train(2, Recipe("adam", 0.01)), Train(1, Recipe())))
    blueprint = declared.with_densities((0.2,))
    state, shared = prepare(blueprint, declared, HERE)
    assert shared == ()
    assert _files(cache_folder) == []
    assert state.seconds > 0.0
    training = set_up(blueprint, -1, state, HERE)
    training.run(1)
    assert training.curve[0].seconds > state.seconds
    declared_state, shared = prepare(declared, declared, HERE)
    assert len(shared) == 1
    assert declared_state.seconds == 0.0


def test_training_before_pruning_does_not_depend_on_the_searched_activations() -> None:
    pretraining = Train(1, Recipe("adam", 0.01))
    declared = Blueprint(MLP, (pretraining, Train(1, Recipe())))
    other = declared.with_activations((Operator("tanh"),))
    assert prepare(declared, declared, HERE)[0].seconds == 0.0
    assert prepare(other, declared, HERE)[0].seconds > 0.0  # it trains with the config's own activation: not shared


def test_enter_carries_the_parameters_of_an_unchanged_activation() -> None:
    prelu, srelu = Operator("prelu"), Operator("srelu")
    declared = Blueprint(MLP, (Train(2, Recipe("adam", 0.05), (prelu, srelu)), Train(1, Recipe())), (prelu, prelu))
    state, _ = prepare(declared, declared, HERE)
    network = enter(MLP, declared.activations, state, HERE)
    fresh = enter(MLP, declared.activations, replace(state, activations=()), HERE)
    carried, started = dict(network.sites.named_parameters()), dict(fresh.sites.named_parameters())
    names = sorted(carried)
    assert all(torch.equal(carried[n], state.weights[f"sites.{n}"]) for n in names if n.startswith("fc1"))
    assert not any(torch.equal(carried[n], started[n]) for n in names if n.startswith("fc1"))
    assert all(torch.equal(carried[n], started[n]) for n in names if n.startswith("fc2"))


def test_batch_norm_statistics_pass_through_phases_and_checkpoints() -> None:
    network = Network("mlp", (("inputs", 64), ("hidden", (12, 8)), ("batch_norm", True)))
    task = small_task(network=network)
    whole, _ = task.evaluate(small_trial(3))
    _, checkpoint = task.evaluate(small_trial(1))
    continued, _ = task.evaluate(small_trial(3), checkpoint)
    assert without_seconds(continued.curves) == without_seconds(whole.curves)


def test_order_of_an_epoch_is_known_without_the_epochs_before() -> None:
    order = HERE.order(2)
    later = order(7)
    assert torch.equal(later, HERE.order(2)(7))
    assert torch.equal(later.sort().values, torch.arange(len(later)))
    assert not torch.equal(later, order(6))
    assert not torch.equal(later, HERE.order(1)(7))
    assert not torch.equal(later, replace(HERE, replicate=1).order(2)(7))


def test_prepare_remembers_a_bounded_number_of_states() -> None:
    declared = Blueprint(MLP, (Prune("random", (0.5,)), Train(1, Recipe())))
    for i in range(phases.RECENT_STATES + 3):
        prepare(declared.with_densities((0.5 + i / 100,)), declared, HERE)
    assert len(phases._recent) == phases.RECENT_STATES


@pytest.mark.parametrize("replicate", [0, 1])
def test_random_masks_of_a_replicate_are_nested_across_configs(replicate: int) -> None:
    declared = Blueprint(MLP, (Prune("random", (0.5,)), Train(1, Recipe())))
    here = replace(HERE, replicate=replicate)
    low, _ = prepare(declared.with_densities((0.1,)), declared, here)
    high, _ = prepare(declared.with_densities((0.3,)), declared, here)
    assert not any(torch.any(a & ~b) for a, b in zip(low.masks, high.masks, strict=True))


def test_a_pretraining_that_diverges_diverges_every_trial(cache_folder: Path) -> None:
    task = small_task()
    pretraining, *rest = task.blueprint.phases
    assert isinstance(pretraining, Train)
    wild = replace(pretraining, recipe=Recipe("sgd", 1e9))
    task = replace(task, blueprint=replace(task.blueprint, phases=(wild, *rest)))
    for _ in range(2):  # computed, then read back
        evaluation, checkpoint = task.evaluate(small_trial(2))
        assert evaluation.status is Status.DIVERGED
        assert evaluation.curves == ((),)
        assert len(evaluation.shared) == 1
        assert checkpoint is None
        phases._recent.clear()
