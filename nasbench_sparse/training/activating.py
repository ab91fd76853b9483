"""The AP step: revive dead neurons by pruning negative weights, or by a larger bias."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import Tensor, nn

from nasbench_sparse.core.blueprint import ActivatePrune
from nasbench_sparse.errors import TaskError
from nasbench_sparse.measures.watch import Watcher, watched
from nasbench_sparse.nn.networks import prunable_layers
from nasbench_sparse.nn.sites import sites_of
from nasbench_sparse.sparsity.activate import activate, activate_by_output, located_units, unit_movement
from nasbench_sparse.sparsity.masks import alive_counts
from nasbench_sparse.training.device import training_device
from nasbench_sparse.training.moment import Moment
from nasbench_sparse.training.pruning import Batches, after, initial_weights, kept_after, training_batches
from nasbench_sparse.training.state import State, enter

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm, nn.GroupNorm)


def activated(phase: ActivatePrune, state: State, moment: Moment) -> State:
    """Return the state after the AP step.

    Raises:
        TaskError: more weights to prune than are alive, or a dead unit of AP-bias-k has no bias.
    References:
        AP (Liu et al., 2024), algorithm 1; section 4.4 for AP-output and AP-bias-k.
    """
    device = training_device()
    network = enter(moment.blueprint.network, moment.activations(state), state, moment.repetition).to(device)
    layers = prunable_layers(network)
    masks, weights = state.masks, [state.weights[f"{name}.weight"] for name, _ in layers]
    outputs = phase.locate == "output"
    initial = initial_weights(moment, layers, torch.device("cpu"))
    if phase.bias is None:
        count = sum(alive_counts(masks)) - kept_after(state, phase.fraction)
        if outputs:
            paths = follow(network, training_batches(phase, moment, device))
            chosen = activate_by_output(weights, [paths.dead.get(name) for name, _ in layers], masks, count)
        else:
            chosen = activate(weights, initial, masks, count)
        return after(state, chosen, layers, phase.fraction)
    paths = follow(network, training_batches(phase, moment, device))
    order = {
        name: 1.0 - paths.dead[name] if outputs else unit_movement(weight, start, mask)
        for (name, _), weight, start, mask in zip(layers, weights, initial, masks, strict=True)
        if name in paths.dead
    }
    units = dict(zip(order, located_units(tuple(order.values()), phase.fraction), strict=True))
    return shifted(state, units, paths, phase.bias)


@dataclass(slots=True)
class Paths:
    """Where a network's layers lead, as one pass shows it.

    Args:
        dead: by layer that leads to an activation site, how often each of its channels is zero there, (out,).
        norms: by layer, the normalisation that runs directly after it.
    """

    dead: dict[str, Tensor] = field(default_factory=dict)
    norms: dict[str, str] = field(default_factory=dict)
    _ran: list[tuple[str, int]] = field(default_factory=list)
    _zeros: dict[str, list[Tensor]] = field(default_factory=dict)

    def layer(self, name: str, output: Tensor, units: int) -> None:
        """Note that a layer ran."""
        self._ran.append((name, units))

    def norm(self, name: str, output: Tensor) -> None:
        """Note that a normalisation ran."""
        if self._ran:
            self.norms.setdefault(self._ran[-1][0], name)

    def site(self, output: Tensor, units: int) -> None:
        """Note a site's output, (B, units, ...) or (B, ..., units), for the layers run since the last site."""
        channels = output if output.shape[1] == units else output.movedim(-1, 1)
        rate = (channels == 0).float().mean(dim=[d for d in range(channels.ndim) if d != 1])
        for name, size in self._ran:
            if size == units:
                self._zeros.setdefault(name, []).append(rate)
        self._ran.clear()

    def close(self) -> None:
        """Average over the batches."""
        self.dead = {name: torch.stack(rates).mean(0).cpu() for name, rates in self._zeros.items()}


@torch.no_grad()
def follow(network: nn.Module, batches: Batches) -> Paths:
    """Pass batches through the network in evaluation mode and see which layers lead to which site."""
    paths = Paths()
    watchers: dict[str, Watcher] = {
        name: partial(paths.layer, name, units=weight.shape[0]) for name, weight in prunable_layers(network)
    }
    watchers |= {name: partial(paths.norm, name) for name, m in network.named_modules() if isinstance(m, NORMS)}
    watchers |= {
        f"sites.{name}": partial(paths.site, units=units) for name, units in sites_of(network).units.items()
    }
    network.eval()
    with watched(network, watchers):
        for x, _ in batches():
            network(x)
    paths.close()
    return paths


def shifted(state: State, units: dict[str, Tensor], paths: Paths, amount: float) -> State:
    """Add `amount` to the bias before the activation of each chosen unit; rewinding keeps it.

    Args:
        units: by layer, boolean, (out,).
    Raises:
        TaskError: a layer with such a unit has neither a bias nor a normalisation after it.
    """
    shifts: dict[str, Tensor] = dict(state.shifts)
    for layer, chosen in units.items():
        if bool(chosen.any()):
            name = _bias(layer, paths, state.weights)
            shifts[name] = shifts.get(name, 0.0) + amount * chosen.to(state.weights[name].dtype)
    added = {name: state.weights[name] + shift - state.shifts.get(name, 0.0) for name, shift in shifts.items()}
    return replace(state, weights=state.weights | added, shifts=shifts)


def _bias(layer: str, paths: Paths, weights: dict[str, Tensor]) -> str:
    name = f"{paths.norms.get(layer, layer)}.bias"
    if name in weights:
        return name
    raise TaskError(f"AP-bias-k: layer {layer!r} has no bias, and no normalisation with one after it")
