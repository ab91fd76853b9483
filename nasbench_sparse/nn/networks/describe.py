"""What the networks are: parameters, layers and options of each, without building any."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nasbench_sparse.nn.networks.build import on_meta, prunable_layers
from nasbench_sparse.nn.networks.zoo import NETWORKS
from nasbench_sparse.nn.sites import activation_sites

FIXED_INPUTS = {"cnn1d": (1, 40), "lenet5": (1, 28, 28), "small_cnn": (1, 28, 28)}
"""Shapes that no option changes."""

Shape = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class NetworkDescription:
    """A registered network with its default options.

    Args:
        parameters: all that are trained, without activations; None where options without default decide.
        layers: prunable ones, likewise.
        sites: places of an activation, likewise.
        input: shape of one: (channels, height, width), (numbers,) of perceptrons, (tokens,) of texts; None is
            any size.
        options: name and default of each; None where a caller must give one.
    """

    name: str
    parameters: int | None
    layers: int | None
    sites: int | None
    input: Shape
    options: dict[str, Any]


def describe_networks() -> list[NetworkDescription]:
    """Return every registered network, by name."""
    return [_describe(name) for name in sorted(NETWORKS)]


def _describe(name: str) -> NetworkDescription:
    signature = inspect.signature(NETWORKS[name]).parameters
    needed = any(parameter.default is parameter.empty for parameter in signature.values())
    options = {key: None if p.default is p.empty else p.default for key, p in signature.items()}
    if needed:
        return NetworkDescription(name, None, None, None, _input(name, options), options)
    network = on_meta(name, {})
    count = sum(parameter.numel() for parameter in network.parameters())
    layers, sites = len(prunable_layers(network)), len(activation_sites(network))
    return NetworkDescription(name, count, layers, sites, _input(name, options), options)


def _input(name: str, options: Mapping[str, Any]) -> Shape:
    if name in FIXED_INPUTS:
        return FIXED_INPUTS[name]
    for option in ("inputs", "context"):
        if option in options:
            return (options[option],)
    size = options.get("size")
    return (options["channels"], size, size)
