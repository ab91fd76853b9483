"""Builds a network from its description: weights first, then activations, from a passed generator alone."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nasbench_sparse.core.blueprint import Activation, Network
from nasbench_sparse.errors import TaskError, unknown
from nasbench_sparse.nn import sites
from nasbench_sparse.nn.networks.initialise import initialise, is_layer
from nasbench_sparse.nn.networks.zoo import NETWORKS

COMMON = ("initialisation", "fans")
"""Options that every network takes: `scheme` and `fans` of `initialise`."""


def build_network(spec: Network, activations: Sequence[Activation], generator: torch.Generator | None) -> nn.Module:
    """Build a network by name and initialise it.

    Weights are drawn before activations, so that they do not depend on the activations. The global generator
    is never used.

    Args:
        spec: registered name and options of the builder; `initialisation` and `fans` are those of `initialise`.
        activations: one for each site in forward order, or a single one for all.
        generator: source of the initial values.
    Raises:
        UnknownName: an unknown network, option or initialisation, naming the nearest ones.
        TaskError: a wrong number of activations or fans, naming the layer; an option that is missing, or that
            the network refuses.
    """
    options = dict(spec.options)
    scheme, fans = options.pop("initialisation", None), options.pop("fans", None)
    network = on_meta(spec.name, options)
    network.to_empty(device="cpu")
    initialise(network, generator, scheme, fans)
    sites.install(network, spec.name, activations, generator)
    return network


def on_meta(name: str, options: dict[str, object]) -> nn.Module:
    """Build a network without storage: shapes only, so nothing is drawn and large ones cost nothing.

    Raises:
        UnknownName: an unknown network or option, naming the nearest ones.
        TaskError: an option that is missing, or that the network refuses.
    """
    builder = NETWORKS.get(name)
    if builder is None:
        raise unknown("network", name, NETWORKS)
    parameters = inspect.signature(builder).parameters
    for option in options:
        if option not in parameters:
            raise unknown(f"option of network {name!r}", option, [*parameters, *COMMON])
    missing = [key for key, value in parameters.items() if value.default is value.empty and key not in options]
    if missing:
        raise TaskError(f"network {name!r} needs the options {', '.join(missing)}")
    with torch.device("meta"):
        return builder(**options)


def prunable_layers(network: nn.Module) -> list[tuple[str, Tensor]]:
    """Return name and weight of each convolution and linear layer, in the order they are defined (forward order).

    Biases, normalisations and activations are never pruned.
    """
    return [
        (name, module.weight)
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear) and is_layer(name, module)
    ]
