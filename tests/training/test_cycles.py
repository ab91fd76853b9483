"""Cycles: densities, prefixes, forks, rewinding and the shared chain."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nasbench_sparse.core.blueprint import Cycles, Prune, Rewind, Train
from nasbench_sparse.core.trial import Status
from nasbench_sparse.nn.networks import build_network, prunable_layers
from nasbench_sparse.sparsity.masks import alive_counts
from nasbench_sparse.training import phases
from nasbench_sparse.training.batch_step import BatchStep
from nasbench_sparse.training.cycles import CycleTraining
from nasbench_sparse.training.encoding import unpack
from nasbench_sparse.training.repetition import Repetition
from nasbench_sparse.training.schedules import Progress
from tests.training.phased import MAGNITUDE, METHODS, NORMED, SGD, task_of
from tests.training.small import small_trial, without_seconds

HERE = Repetition("digits", 1, 0, 0)
WEIGHTS = 64 * 12 + 12 * 8 + 8 * 10


def cycles_of(name: str, until: int) -> CycleTraining:
    blueprint = task_of(METHODS[name]).blueprint
    state, _ = phases.prepare(blueprint, blueprint, HERE)
    training = phases.begin(blueprint, -1, state, HERE, torch.device("cpu"))
    assert isinstance(training, CycleTraining)
    training.run(until)
    return training


@pytest.mark.parametrize("name", sorted(METHODS))
def test_cycles_are_the_same_at_once_shorter_and_continued(name: str) -> None:
    task = task_of(METHODS[name])
    whole, end = task.evaluate(small_trial(task.fidelity.max))
    assert end is None
    assert whole.status is Status.OK
    checkpoint: bytes | None = None
    for fidelity in range(1, task.fidelity.max + 1):
        phases._recent.clear()  # as if another process went on
        part, checkpoint = task.evaluate(small_trial(fidelity), checkpoint)
        assert without_seconds(part.curves)[0] == without_seconds(whole.curves)[0][:fidelity]


@pytest.mark.parametrize("name", sorted(set(METHODS) - {"ap-bias"}))
def test_cycles_prune_a_fifth_of_the_weights_alive_each_time(name: str) -> None:
    curve = task_of(METHODS[name]).evaluate(small_trial(2))[0].curve
    first = WEIGHTS - round(0.2 * WEIGHTS)
    second = first - round(0.2 * first)
    assert [point.density for point in curve] == [first / WEIGHTS, second / WEIGHTS]
    assert [point.step for point in curve] == [1, 2]
    assert curve[1].seconds > curve[0].seconds > 0.0


def test_cycles_keep_what_was_pruned_pruned_and_at_zero() -> None:
    before = cycles_of("ap-pro", 1).state
    after = cycles_of("ap-pro", 2).state
    for name, old, new in zip(("0", "1", "2"), before.masks, after.masks, strict=True):
        assert not torch.any(new & ~old)
        weight = after.weights[f"layers.{name}.weight"]
        assert torch.all(weight[~new] == 0.0)
        assert torch.all(weight[new] != 0.0)


def test_cycles_of_methods_that_differ_in_pruning_are_paired() -> None:
    """Same initial weights, same data order: without pruning, two methods are one."""
    none = Prune("magnitude", distribution="global", fraction=0.0)
    first = (Train(1, SGD), Cycles((none, Rewind(), Train(1, SGD)), 1))
    other = (Train(1, SGD), Cycles((none, none, none, Rewind(), Train(1, SGD)), 1))
    a, b = (task_of(p).evaluate(small_trial(1))[0] for p in (first, other))
    assert without_seconds(a.curves) == without_seconds(b.curves)


def test_ap_lite_without_ap_reports_what_the_method_itself_does() -> None:
    prune = Prune("magnitude", distribution="global", fraction=0.2)
    plain = Cycles((prune, Rewind(), Train(1, SGD)), 3)
    forked = replace(plain, fork=plain.body)
    a, b = (task_of((Train(1, SGD), cycles)).evaluate(small_trial(3))[0] for cycles in (plain, forked))
    assert without_seconds(a.curves) == without_seconds(b.curves)


def test_ap_lite_goes_on_from_the_method_and_not_from_its_forks() -> None:
    """The state behind the third report is the plain method's after two cycles."""
    lite = cycles_of("ap-lite", 3)
    blueprint = replace(lite.blueprint, phases=(*lite.blueprint.phases[:-1], replace(lite.cycles, fork=())))
    state, _ = phases.prepare(blueprint, blueprint, HERE)
    plain = phases.begin(blueprint, -1, state, HERE, torch.device("cpu"))
    assert isinstance(plain, CycleTraining)
    plain.run(2)
    assert lite.base == plain.base == 2
    assert all(torch.equal(plain.state.weights[name], lite.state.weights[name]) for name in plain.state.weights)
    assert alive_counts(plain.state.masks) == alive_counts(lite.state.masks)


def test_shared_cycles_are_trained_once_and_charged_as_recorded(cache_folder: Path) -> None:
    *first, plain = METHODS["lottery"]
    assert isinstance(plain, Cycles)
    alone, _ = task_of((*first, plain)).evaluate(small_trial(3))
    shared = replace(plain, share=True)
    a, _ = task_of((*first, shared)).evaluate(small_trial(3))
    kept = sorted(path.name for path in cache_folder.glob("*.state"))
    assert len(kept) == 1 + 3  # the first training and three cycles
    forked = replace(shared, fork=(MAGNITUDE, MAGNITUDE, Rewind(), Train(1, SGD)))
    task_of((*first, forked)).evaluate(small_trial(3))
    assert sorted(path.name for path in cache_folder.glob("*.state")) == kept
    again, _ = task_of((*first, shared)).evaluate(small_trial(3))
    assert again.curves == a.curves  # seconds too: they are the recorded ones
    assert without_seconds(a.curves) == without_seconds(alone.curves)
    assert task_of((*first, shared)).fingerprint == task_of((*first, plain)).fingerprint


def test_rewinding_to_the_start_brings_back_weights_and_statistics() -> None:
    blueprint = task_of((Train(1, SGD), MAGNITUDE, Rewind(), Train(1, SGD))).blueprint
    state, _ = phases.prepare(blueprint, blueprint, HERE)
    initial = build_network(NORMED, blueprint.activations, HERE.torch("initialisation"))
    fresh = initial.state_dict()
    masks = dict(zip((name for name, _ in prunable_layers(initial)), state.masks, strict=True))
    for name, tensor in fresh.items():
        mask = masks.get(name.removesuffix(".weight"))
        expected = tensor if mask is None else tensor * mask
        assert torch.equal(state.weights[name], expected), name
    assert sum(alive_counts(state.masks)) == WEIGHTS - round(0.2 * WEIGHTS)


@pytest.mark.parametrize(("to", "unit"), [(1, "epochs"), (17, "steps"), (20, "steps")])
def test_rewinding_to_a_later_point_brings_back_that_point(to: int, unit: str) -> None:
    """The oracle is the first training, stopped after that step; 1,078 examples make 17 steps of 64."""
    rewind = Rewind(to, unit)  # type: ignore[arg-type]
    blueprint = task_of((Train(2, SGD), MAGNITUDE, rewind, Train(1, SGD))).blueprint
    state, _ = phases.prepare(blueprint, blueprint, HERE)
    training = phases.set_up(blueprint, 0, phases._state_after(blueprint, blueprint, 0, HERE, []), HERE)
    left = 17 if unit == "epochs" else to
    for epoch in range(2):
        steps = list(training._steps(epoch))[:left]
        left -= len(steps)
        training._set_rate(Progress(epoch, 2))
        training.network.train()
        with BatchStep(training.network, training.masks, training.optimizer, SGD) as take_step:
            for batches in steps:
                take_step(batches)
    reached = training.network.state_dict()
    for (name, _), mask in zip(prunable_layers(training.network), state.masks, strict=True):
        assert torch.equal(state.weights[f"{name}.weight"], reached[f"{name}.weight"] * mask)
    assert torch.equal(reached["layers.0.bias"], state.weights["layers.0.bias"])
    assert torch.equal(reached["norms.0.running_var"], state.weights["norms.0.running_var"])


def test_rewinding_the_learning_rate_keeps_the_weights() -> None:
    rewound = task_of((Train(1, SGD), MAGNITUDE, Rewind(what="learning_rate"), Train(1, SGD))).blueprint
    plain = task_of((Train(1, SGD), MAGNITUDE, Train(1, SGD))).blueprint
    a, b = (phases.prepare(blueprint, blueprint, HERE)[0] for blueprint in (rewound, plain))
    assert all(torch.equal(a.weights[name], b.weights[name]) for name in b.weights)


def test_checkpoint_of_cycles_holds_one_state_a_fold() -> None:
    task = task_of(METHODS["stabilised"], folds=2)
    _, checkpoint = task.evaluate(small_trial(2))
    assert checkpoint is not None
    tensors, header = unpack(checkpoint)
    assert header["cycles"] == [[2, 2], [2, 2]]
    assert "0/state/saved/steps-5/layers.0.weight" in tensors
    assert not any("optimizer" in name for name in tensors)


def test_a_cycle_that_diverges_ends_the_curve() -> None:
    wild = Train(1, replace(SGD, learning_rate=1e9))
    evaluation, checkpoint = task_of((Train(1, SGD), Cycles((MAGNITUDE, Rewind(), wild), 2))).evaluate(
        small_trial(2, rate=1e9)
    )
    assert evaluation.status is Status.DIVERGED
    assert evaluation.curves == ((),)
    assert checkpoint is None


def test_cycles_before_the_searched_training_are_shared(cache_folder: Path) -> None:
    ticket = (Train(1, SGD), Cycles((MAGNITUDE, Rewind(), Train(1, SGD)), 2), Train(1, SGD))
    evaluation, _ = task_of(ticket).evaluate(small_trial(1))
    assert [len(shared.curve) for shared in evaluation.shared] == [1, 2]
    again, _ = task_of(ticket).evaluate(small_trial(1, rate=0.01))
    assert again.shared == evaluation.shared


def test_cycles_are_the_same_in_another_process(tmp_path: Path) -> None:
    """All methods at once; another hash seed, and a global generator in another state."""
    here = {
        name: [list(p[:7]) for p in task_of(phases_).evaluate(small_trial(2))[0].curve]
        for name, phases_ in METHODS.items()
    }
    code = (
        "import json, torch; torch.rand(5)\n"
        "from tests.training.phased import METHODS, task_of\n"
        "from tests.training.small import small_trial\n"
        "print(json.dumps({n: [list(p[:7]) for p in task_of(m).evaluate(small_trial(2))[0].curve]\n"
        "                  for n, m in METHODS.items()}))\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "NASBENCH_SPARSE_CACHE": str(tmp_path / "other")}
    output = subprocess.run(
        [sys.executable, "-c", code],
        env=environment, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert json.loads(output.stdout) == here
