"""The supernet of a gradient-based search: a sparse network whose activations are weighted sums of operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from nasbench_sparse.core.space import Relaxation
from nasbench_sparse.nn.dirichlet import Architecture
from nasbench_sparse.nn.search_cell import MixedSite, build_architecture, build_sites
from nasbench_sparse.nn.sites import sites_of
from nasbench_sparse.training.encoding import pack, prefixed, unpack, without_prefix
from nasbench_sparse.training.loop import Training


@dataclass(slots=True)
class Supernet:
    """Everything a search continues from.

    Args:
        training: the blueprint's searched training: network, masks, optimizer of the weights, recipe.
        original: the network's own activations.
        mixed: the weighted sums that take their place.
        architecture: what the weighted sums are drawn from.
        optimizer: of the architecture.
        val_losses: of the epochs done, for the schedule of the weights' learning rate.
    """

    training: Training
    original: list[nn.Module]
    mixed: list[MixedSite]
    architecture: Architecture
    optimizer: torch.optim.Optimizer
    val_losses: list[float] = field(default_factory=list)

    @property
    def network(self) -> nn.Module:
        """The network, with whatever activations were last put in."""
        return self.training.network

    def use(self, activations: Sequence[nn.Module]) -> None:
        """Put activations at the network's sites."""
        sites = sites_of(self.network)
        for name, module in zip(list(sites), activations, strict=True):
            sites[name] = module


def build_supernet(
    training: Training,
    relaxation: Relaxation,
    generator: torch.Generator,
    *,
    learning_rate: float,
    weight_decay: float,
    bounded: bool,
    sampled: bool,
) -> Supernet:
    """Build the supernet of a training that has not begun.

    The architecture's Adam has betas (0.5, 0.999); its weight decay pulls `a` to 0, that is rho to the anchor 1,
    and leaves the gammas alone.

    References:
        GRAFS (Strack et al., 2024), appendix A and tables 10, 12 and 14.
    """
    original = list(sites_of(training.network).values())
    architecture = build_architecture(relaxation, generator, sampled=sampled)
    groups = [
        {"params": [architecture.a], "weight_decay": weight_decay},
        {"params": [architecture.gammas], "weight_decay": 0.0},
    ]
    return Supernet(
        training,
        original,
        build_sites(relaxation, len(original), bounded),
        architecture,
        torch.optim.Adam(groups, lr=learning_rate, betas=(0.5, 0.999), foreach=False),
    )


def save(supernet: Supernet, identity: dict[str, Any]) -> bytes:
    """Write weights, architecture and both optimizers; `identity` says whose state it is."""
    supernet.use(supernet.original)
    architecture = supernet.architecture
    tensors = prefixed("weights", dict(supernet.network.state_dict()))
    tensors |= {"a": architecture.a, "gammas": architecture.gammas, "alive": architecture.alive}
    tensors |= _slots("weights_optimizer", supernet.training.optimizer)
    tensors |= _slots("architecture_optimizer", supernet.optimizer)
    return pack(
        {name: tensor.cpu() for name, tensor in tensors.items()},
        {"identity": identity, "val_losses": supernet.val_losses},
    )


def load(supernet: Supernet, data: bytes) -> Any:
    """Restore what `save` wrote into a supernet newly built, and return the identity it was saved with."""
    tensors, header = unpack(data)
    supernet.network.load_state_dict(without_prefix("weights", tensors))
    architecture = supernet.architecture
    with torch.no_grad():
        architecture.a.copy_(tensors["a"])
        architecture.gammas.copy_(tensors["gammas"])
        architecture.alive.copy_(tensors["alive"])
    _restore_slots(supernet.training.optimizer, without_prefix("weights_optimizer", tensors))
    _restore_slots(supernet.optimizer, without_prefix("architecture_optimizer", tensors))
    supernet.val_losses = list(header["val_losses"])
    return header["identity"]


def _slots(prefix: str, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return an optimizer's state as `prefix/parameter index/name`."""
    tensors: dict[str, Tensor] = {}
    for index, slots in optimizer.state_dict()["state"].items():
        tensors |= prefixed(f"{prefix}/{index}", {k: v for k, v in slots.items() if v is not None})
    return tensors


def _restore_slots(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for name, tensor in tensors.items():
        index, _, slot = name.partition("/")
        parameter = parameters[int(index)]
        optimizer.state[parameter][slot] = tensor.to(parameter.device) if tensor.dim() else tensor
