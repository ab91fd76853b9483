"""Activation sites: the places of a network where an activation is applied, found and replaced by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from nasbench_sparse.core.blueprint import Activation
from nasbench_sparse.errors import TaskError


class Sites(nn.ModuleDict):
    """A network's activations by site name, in forward order; `units` is each site's number of channels.

    A network keeps them in its attribute `sites` and calls `self.sites["conv1"](x)`, x of shape (B, units, ...).
    """

    def __init__(self, **units: int) -> None:
        super().__init__({name: nn.Identity() for name in units})
        self.units = units


def sites_of(network: nn.Module) -> Sites:
    """Return the network's sites.

    Raises:
        TaskError: the network marks none.
    """
    sites = getattr(network, "sites", None)
    if not isinstance(sites, Sites):
        raise TaskError(
            f"network {type(network).__name__} marks no activation sites: give it `self.sites = Sites(...)`"
        )
    return sites


def activation_sites(network: nn.Module) -> list[tuple[str, int]]:
    """Return each activation site's name and number of units or channels, in forward order."""
    return list(sites_of(network).units.items())


def replace(network: nn.Module, factory: Callable[[str, int], nn.Module]) -> None:
    """Put the module `factory(name, units)` at each activation site, in forward order."""
    sites = sites_of(network)
    for name, units in sites.units.items():
        sites[name] = factory(name, units)


def spread(network: str, names: Sequence[str], activations: Sequence[Activation]) -> tuple[Activation, ...]:
    """Return one activation for each site, a single one being repeated.

    Raises:
        TaskError: another number of activations, naming the sites left without one or the surplus.
    """
    if len(activations) == 1:
        return tuple(activations) * len(names)
    if len(activations) == len(names):
        return tuple(activations)
    missing = ", ".join(names[len(activations) :])
    fault = (
        f"none is left for {missing}" if missing else f"{len(activations) - len(names)} too many after {names[-1]}"
    )
    raise TaskError(
        f"network {network!r} has {len(names)} activation sites ({', '.join(names)}) and got "
        f"{len(activations)} activations: {fault}; give one for each site or a single one for all"
    )


def install(
    network: nn.Module, name: str, activations: Sequence[Activation], generator: torch.Generator | None
) -> None:
    """Build the activations and put them at the sites of the network called `name`."""
    from nasbench_sparse.nn.activations import build

    names = [site for site, _ in activation_sites(network)]
    chosen = dict(zip(names, spread(name, names, activations), strict=True))
    replace(network, lambda site, units: build(chosen[site], units, generator))
