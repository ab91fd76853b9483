"""States: a network between two phases, and how a phase enters from one and leaves the next."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from nasbench_sparse.core.blueprint import Activation, Network, Operator, Prune
from nasbench_sparse.nn.networks import build_network, prunable_layers
from nasbench_sparse.nn.sites import activation_sites, spread
from nasbench_sparse.sparsity.pruning import prune_layers
from nasbench_sparse.training.encoding import prefixed, without_prefix
from nasbench_sparse.training.repetition import Repetition

Activations = tuple[Activation, ...]


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A network between two phases; its tensors are shared and never written to.

    Args:
        weights: the network's state dict; without its activations before any training.
        masks: one boolean mask for each prunable layer.
        activations: those it was trained with, one for each site; empty before any training.
        seconds: training time that belongs to the trial; none where all of it was shared.
    """

    weights: dict[str, Tensor]
    masks: tuple[Tensor, ...]
    activations: Activations = ()
    seconds: float = 0.0
    diverged: bool = False

    @property
    def tensors(self) -> dict[str, Tensor]:
        """All tensors by name, as `from_tensors` takes them."""
        return prefixed("weights", self.weights) | prefixed("masks", {str(i): m for i, m in enumerate(self.masks)})

    @staticmethod
    def from_tensors(tensors: dict[str, Tensor], activations: Activations, diverged: bool) -> State:
        """Undo `tensors`."""
        masks = without_prefix("masks", tensors)
        return State(
            without_prefix("weights", tensors),
            tuple(masks[str(i)] for i in range(len(masks))),
            activations,
            diverged=diverged,
        )


def initial_state(network: Network, activations: Activations, repetition: Repetition) -> State:
    """Draw the initial weights, which do not depend on the activations."""
    module = build_network(network, activations, repetition.torch("initialisation"))
    weights = {name: tensor for name, tensor in module.state_dict().items() if not name.startswith("sites.")}
    return State(weights, tuple(torch.ones_like(w, dtype=torch.bool) for _, w in prunable_layers(module)))


def enter(network: Network, activations: Activations, state: State, repetition: Repetition) -> nn.Module:
    """Build the network of a phase from the state that the phase before left.

    Weights are carried over; so are the parameters of an activation, where the site keeps its activation.
    """
    module = build_network(network, activations, repetition.torch("initialisation"))
    names = [name for name, _ in activation_sites(module)]
    chosen = spread(network.name, names, activations)
    before = state.activations or (None,) * len(names)
    changed = tuple(f"sites.{site}." for site, new, old in zip(names, chosen, before, strict=True) if new != old)
    kept = {name: tensor for name, tensor in state.weights.items() if not name.startswith(changed)}
    module.load_state_dict(kept, strict=False)
    return module


def leave(network: Network, module: nn.Module, activations: Activations, masks: tuple[Tensor, ...]) -> State:
    """Return the state a training left."""
    names = [name for name, _ in activation_sites(module)]
    weights = {name: tensor.cpu() for name, tensor in module.state_dict().items()}
    return State(weights, tuple(mask.cpu() for mask in masks), spread(network.name, names, activations))


def pruned(network: Network, phase: Prune, state: State, repetition: Repetition) -> State:
    """Return the state after a pruning phase; pruned weights are zero."""
    activations = state.activations or (Operator("identity"),)
    layers = prunable_layers(enter(network, activations, state, repetition))
    masks = prune_layers(phase, layers, state.masks, lambda layer: repetition.numpy(f"mask/{layer}"))
    zeroed = {
        f"{name}.weight": weight.detach().masked_fill(~mask, 0.0)
        for (name, weight), mask in zip(layers, masks, strict=True)
    }
    return replace(state, weights=state.weights | zeroed, masks=masks)
