"""States: a network between two phases, and how a phase enters from one and leaves the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from nasbench_sparse.core.blueprint import Activation, Network
from nasbench_sparse.nn.networks import build_network, prunable_layers
from nasbench_sparse.nn.sites import activation_sites, spread
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
        saved: weights of the first training at the points that later phases rewind to, by point.
        alive: weights alive in each layer when the last training ended; empty where that is what the masks say.
        taken: the fraction of them pruned since.
        shifts: what AP-bias-k added to biases since, by parameter, for rewinding to keep.
    """

    weights: dict[str, Tensor]
    masks: tuple[Tensor, ...]
    activations: Activations = ()
    seconds: float = 0.0
    diverged: bool = False
    saved: Mapping[str, dict[str, Tensor]] = field(default_factory=dict)
    alive: tuple[int, ...] = ()
    taken: float = 0.0
    shifts: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def tensors(self) -> dict[str, Tensor]:
        """All tensors by name, as `from_tensors` takes them; not those that matter only between trainings."""
        tensors = prefixed("weights", self.weights) | prefixed(
            "masks", {str(i): m for i, m in enumerate(self.masks)}
        )
        for point, weights in self.saved.items():
            tensors |= prefixed(f"saved/{point}", weights)
        return tensors

    @staticmethod
    def from_tensors(tensors: dict[str, Tensor], activations: Activations, diverged: bool) -> State:
        """Undo `tensors`."""
        masks = without_prefix("masks", tensors)
        saved = without_prefix("saved", tensors)
        points = sorted({name.partition("/")[0] for name in saved})
        return State(
            without_prefix("weights", tensors),
            tuple(masks[str(i)] for i in range(len(masks))),
            activations,
            diverged=diverged,
            saved={point: without_prefix(point, saved) for point in points},
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


def leave(
    network: Network,
    module: nn.Module,
    activations: Activations,
    masks: tuple[Tensor, ...],
    saved: Mapping[str, dict[str, Tensor]] | None = None,
) -> State:
    """Return the state a training left."""
    names = [name for name, _ in activation_sites(module)]
    weights = {name: tensor.cpu() for name, tensor in module.state_dict().items()}
    chosen = spread(network.name, names, activations)
    return State(weights, tuple(mask.cpu() for mask in masks), chosen, saved=saved or {})


def broadcast(activations: Activations, sites: int) -> Activations:
    """Repeat a single activation for all sites."""
    return activations * sites if len(activations) == 1 else activations
