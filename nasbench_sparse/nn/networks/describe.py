"""What the networks are: parameters, layers and options of each, without building any."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from nasbench_sparse.nn.networks.build import on_meta, prunable_layers
from nasbench_sparse.nn.networks.zoo import NETWORKS
from nasbench_sparse.nn.sites import activation_sites


@dataclass(frozen=True, slots=True)
class NetworkDescription:
    """A registered network with its default options.

    Args:
        parameters: all that are trained, without activations; None where options without default decide.
        layers: prunable ones, likewise.
        sites: places of an activation, likewise.
        options: name and default of each; None where a caller must give one.
    """

    name: str
    parameters: int | None
    layers: int | None
    sites: int | None
    options: dict[str, Any]


def describe_networks() -> list[NetworkDescription]:
    """Return every registered network, by name."""
    return [_describe(name) for name in sorted(NETWORKS)]


def _describe(name: str) -> NetworkDescription:
    signature = inspect.signature(NETWORKS[name]).parameters
    needed = any(parameter.default is parameter.empty for parameter in signature.values())
    options = {key: None if p.default is p.empty else p.default for key, p in signature.items()}
    if needed:
        return NetworkDescription(name, None, None, None, options)
    network = on_meta(name, {})
    count = sum(parameter.numel() for parameter in network.parameters())
    return NetworkDescription(name, count, len(prunable_layers(network)), len(activation_sites(network)), options)
