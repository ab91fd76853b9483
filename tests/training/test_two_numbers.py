"""ASNI-II's export: what the file holds is what the searched training starts from, in any process."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import nasbench_sparse as nbs
from nasbench_sparse.core.blueprint import Network, Operator, Quantise, Recipe, Sigmoid, Train
from nasbench_sparse.errors import TaskError
from nasbench_sparse.nn.networks import build_network, prunable_layers
from nasbench_sparse.sparsity.quantise import quantise, save
from nasbench_sparse.training.phases import prepare
from nasbench_sparse.training.repetition import Repetition
from nasbench_sparse.training.state import State
from nasbench_sparse.training.task import TrainingTask
from nasbench_sparse.training.two_numbers import export_two_numbers, load_two_numbers
from tests.training.phased import NORMED, task_of

FIRST = Train(3, Recipe("adam", 5e-3), sparsify=Sigmoid(90.0))
CONFIG = {"rate": 0.01}
CONV = Network("conv2", (("channels", 1), ("size", 8), ("width", 4), ("hidden", 16)))


def asni(network: Network = NORMED) -> TrainingTask:
    return task_of((FIRST, Quantise(), Train(1, Recipe())), network)


def start_of(task: TrainingTask, replicate: int) -> State:
    """Return what the searched training starts from."""
    blueprint = task.space.configure(task.blueprint, CONFIG)
    return prepare(blueprint, task.blueprint, Repetition("digits", 1, replicate, 0))[0]


@pytest.mark.parametrize("network", [NORMED, CONV], ids=["batch-norm", "convolutions"])
def test_export_is_what_the_searched_training_starts_from(tmp_path: Path, network: Network) -> None:
    task = asni(network)
    rebuilt, masks = load_two_numbers(export_two_numbers(task, CONFIG, tmp_path / "two.safetensors", replicate=1))
    state = start_of(task, 1)
    assert all(torch.equal(a, b) for a, b in zip(masks, state.masks, strict=True))
    assert not all(bool(mask.all()) for mask in masks)
    values = rebuilt.state_dict()
    assert values.keys() == state.weights.keys()
    assert all(torch.equal(tensor, values[name]) for name, tensor in state.weights.items())
    for _, weight in prunable_layers(rebuilt):
        assert len(weight.unique()) <= 3  # two numbers, and zero where it is pruned


def test_export_is_rebuilt_in_another_process(tmp_path: Path) -> None:
    path = nbs.export_two_numbers(asni(), CONFIG, tmp_path / "two.safetensors")
    code = (
        "import sys, torch, nasbench_sparse as nbs; network, masks = nbs.load_two_numbers(sys.argv[1]); "
        "print(network.eval()(torch.ones(2, 1, 8, 8)).tolist(), [int(mask.sum()) for mask in masks])"
    )
    run = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    network, masks = nbs.load_two_numbers(path)
    with torch.no_grad():
        outputs = network.eval()(torch.ones(2, 1, 8, 8)).tolist()
    assert run.stdout.strip() == f"{outputs} {[int(mask.sum()) for mask in masks]}"


def test_export_keeps_what_no_layer_holds(tmp_path: Path) -> None:
    """A learnt slope is neither a weight, a bias nor a normalisation: it is in the file as it was learnt."""
    task = asni()
    learning = replace(task, blueprint=replace(task.blueprint, activations=(Operator("prelu"),)))
    rebuilt, _ = load_two_numbers(export_two_numbers(learning, CONFIG, tmp_path / "two.safetensors"))
    weights = start_of(learning, 0).weights
    fresh = build_network(NORMED, (Operator("prelu"),), torch.Generator()).state_dict()
    learnt = [name for name in weights if name.startswith("sites.")]
    assert learnt
    assert all(torch.equal(rebuilt.state_dict()[name], weights[name]) for name in learnt)
    assert not all(torch.equal(fresh[name], weights[name]) for name in learnt)


def test_export_without_quantising_is_refused(tmp_path: Path) -> None:
    task = task_of((FIRST, Train(1, Recipe())))
    with pytest.raises(TaskError, match="needs a Quantise phase right before the searched training"):
        export_two_numbers(task, CONFIG, tmp_path / "two.safetensors")


def test_load_refuses_a_file_that_names_no_network(tmp_path: Path) -> None:
    path = tmp_path / "two.safetensors"
    save(quantise([("fc", torch.ones(1, 2))], [torch.ones(1, 2, dtype=torch.bool)]), path)
    with pytest.raises(TaskError, match="does not say which network it is of"):
        load_two_numbers(path)
