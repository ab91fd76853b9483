"""Exports of ASNI-II: a sparse network and its two numbers a layer, in a file that rebuilds both."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import torch
from torch import Tensor, nn

from nasbench_sparse.core.activation import Activation, Cell, Operator
from nasbench_sparse.core.blueprint import Network, Quantise
from nasbench_sparse.core.config import Config
from nasbench_sparse.core.declaration import declare
from nasbench_sparse.errors import TaskError
from nasbench_sparse.nn.networks import build_network, prunable_layers
from nasbench_sparse.sparsity.quantise import initial_values, load, load_rest, quantise, reset_values, save
from nasbench_sparse.training.determinism import repeatable
from nasbench_sparse.training.phases import prepare
from nasbench_sparse.training.repetition import Repetition
from nasbench_sparse.training.state import enter
from nasbench_sparse.training.task import TrainingTask
from nasbench_sparse.training.validation import validate

FORMAT = "nasbench-sparse two numbers 1"
ACTIVATIONS: dict[str, type[Activation]] = {"Cell": Cell, "Operator": Operator}


def export_two_numbers(
    task: TrainingTask, config: Config, path: str | Path, replicate: int = 0, fold: int = 0
) -> Path:
    """Train a config up to its `Quantise` phase and write what ASNI-II starts from; return the path.

    What comes before is trained as in an evaluation, bit for bit. Besides two numbers and two bitmaps a layer the
    file holds the network's declaration, so that `load_two_numbers` needs nothing else.

    Raises:
        TaskError: no `Quantise` phase right before the searched training, or what precedes it diverged.
    References:
        ASNI (Damadi et al., 2022), algorithm 3.
    """
    blueprint = task.space.configure(task.blueprint, config)
    if len(blueprint.phases) < 2 or not isinstance(blueprint.phases[-2], Quantise):
        raise TaskError(
            f"task {task.name!r}: an export needs a Quantise phase right before the searched training, which "
            f"config {dict(config)!r} does not have"
        )
    validate(blueprint, task.dataset, task.folds, task.fidelity.min)
    repetition = Repetition(task.dataset, task.folds, replicate, fold)
    with repeatable():
        state, _ = prepare(blueprint, task.blueprint, repetition)
    if state.diverged:
        raise TaskError(f"task {task.name!r}: the training before the Quantise phase diverged")
    network = enter(blueprint.network, state.activations, state, repetition)
    layers = quantise(prunable_layers(network), state.masks)
    implied = {*reset_values(network), *(f"{layer.name}.weight" for layer in layers)}
    others = {name: tensor for name, tensor in network.state_dict().items() if name not in implied}
    declaration = {"network": declare(blueprint.network), "activations": declare(state.activations)}
    metadata = {"format": FORMAT, "declaration": orjson.dumps(declaration, option=orjson.OPT_SORT_KEYS).decode()}
    save(layers, Path(path), others, metadata)
    return Path(path)


def load_two_numbers(path: str | Path) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """Rebuild a network with its initial values from an export alone, and its masks.

    Returns:
        The network, its pruned weights zero, and a boolean mask for each prunable layer in forward order.
    Raises:
        TaskError: the file is no export of `export_two_numbers`.
    """
    layers, (others, metadata) = load(Path(path)), load_rest(Path(path))
    if metadata.get("format") != FORMAT:
        raise TaskError(f"{path} does not say which network it is of; write it by `export_two_numbers`")
    declaration = _tuples(orjson.loads(metadata["declaration"]))
    spec = Network(declaration["network"]["name"], declaration["network"].get("options", ()))
    activations = tuple(_activation(one) for one in declaration["activations"])
    network = build_network(spec, activations, torch.Generator())
    network.load_state_dict(initial_values(network, layers) | others)
    return network, tuple(layer.mask for layer in layers)


def _activation(declared: Mapping[str, Any]) -> Activation:
    return ACTIVATIONS[declared["type"]](**{name: value for name, value in declared.items() if name != "type"})


def _tuples(data: Any) -> Any:
    """Undo what JSON makes of tuples."""
    if isinstance(data, list):
        return tuple(_tuples(item) for item in data)
    if isinstance(data, dict):
        return {name: _tuples(value) for name, value in data.items()}
    return data
