"""Which prunable layer feeds which, found by tracing a network's forward pass symbolically."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import torch
from torch import fx, nn
from torch.nn import functional

from nasbench_sparse.nn.networks.build import prunable_layers

MOVES_CHANNELS = (torch.cat, functional.pad, functional.unfold, "unflatten")
"""What puts channels at other indices, where a link ends."""


@dataclass(frozen=True, slots=True)
class LayerNeighbours:
    """A prunable layer and its neighbours; `previous` and `next` count prunable layers in forward order.

    Only layers whose channels correspond are neighbours: a concatenation, padded channels, and the query, key and
    value of an attention end a link. A shortcut continues one, so a layer behind an addition has several.

    Args:
        name: the layer's name.
        previous: layers whose outputs, perhaps added up or gated, this layer reads.
        next: layers that read this one's output, perhaps within a sum.
        batch_norm: name of the normalisation that alone reads this layer's output, or None.
        site: name of the first activation site behind this layer, or None where another layer comes first.
        flatten: inputs of this layer for each channel of the previous ones: positions of the image where a
            convolution feeds a linear layer through `flatten`, channels first; 1 elsewhere.
        groups: groups of a convolution; equal to its channels where it is depthwise.
    """

    name: str
    previous: tuple[int, ...]
    next: tuple[int, ...]
    batch_norm: str | None
    site: str | None
    flatten: int
    groups: int


def chain(network: nn.Module) -> tuple[LayerNeighbours, ...]:
    """Return the neighbours of each prunable layer, in forward order.

    Nothing is computed: the network may be on the meta device and of any size.

    Raises:
        torch.fx.proxy.TraceError: a forward pass that branches on values of its input.
    """
    layers = dict(prunable_layers(network))
    modules = dict(network.named_modules())
    flow = _follow(_Tracer().trace(network), modules, layers)
    index = {name: i for i, name in enumerate(layers)}
    groups = {name: getattr(modules[name], "groups", 1) for name in layers}
    inputs = {name: weight.shape[1] * groups[name] for name, weight in layers.items()}
    return tuple(
        LayerNeighbours(
            name,
            tuple(sorted(index[source] for source in flow.reads[name])),
            tuple(index[reader] for reader in layers if name in flow.reads[reader]),
            flow.norms.get(name),
            flow.sites.get(name),
            max((inputs[name] // layers[source].shape[0] for source in flow.reads[name]), default=1),
            groups[name],
        )
        for name in layers
    )


def joined(network: nn.Module) -> dict[str, tuple[str, ...]]:
    """Return the layers whose channels stand one after the other at a site, for sites behind a concatenation.

    A site is left out where a channel comes from anything but one layer, such as a sum.

    Raises:
        torch.fx.proxy.TraceError: see `chain`.
    """
    layers, found = dict(prunable_layers(network)), {}
    parts: dict[fx.Node, tuple[str, ...]] = {}
    for node in _Tracer().trace(network).nodes:
        sources, name = [parts[source] for source in node.all_input_nodes], str(node.target)
        if name in layers:
            parts[node] = (name,)
        elif node.target is torch.cat and node.kwargs.get("dim") == 1 and all(sources):
            parts[node] = sum(sources, ())
        else:
            parts[node] = sources[0] if len(sources) == 1 and node.target not in MOVES_CHANNELS else ()
        if name.startswith("sites."):
            found[name.removeprefix("sites.")], parts[node] = parts[node], ()
    return {site: names for site, names in found.items() if len(names) > 1}


class _Tracer(fx.Tracer):
    """Keeps whatever is installed at an activation site whole."""

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        return name.startswith("sites.") or super().is_leaf_module(module, name)


@dataclass
class _Flow:
    """What was met on the way: layers read by each layer, and what follows each."""

    reads: dict[str, frozenset[str]] = field(default_factory=dict)
    norms: dict[str, str] = field(default_factory=dict)
    sites: dict[str, str] = field(default_factory=dict)


def _follow(graph: fx.Graph, modules: dict[str, nn.Module], layers: Iterable[str]) -> _Flow:
    """Carry through the graph the layers that each value comes from, and those not yet behind an activation."""
    flow = _Flow()
    origin: dict[fx.Node, frozenset[str]] = {}
    silent: dict[fx.Node, frozenset[str]] = {}
    for node in graph.nodes:
        origin[node] = frozenset().union(*(origin[source] for source in node.all_input_nodes))
        silent[node] = frozenset().union(*(silent[source] for source in node.all_input_nodes))
        if node.target in MOVES_CHANNELS:
            origin[node] = frozenset()
        if node.op != "call_module":
            continue
        name = str(node.target)
        if name in layers:
            flow.reads[name] = origin[node]
            origin[node] = silent[node] = frozenset({name})
        elif name.startswith("sites."):
            flow.sites |= {layer: name.removeprefix("sites.") for layer in silent[node] if layer not in flow.sites}
            silent[node] = frozenset()
        elif isinstance(modules[name], nn.BatchNorm1d | nn.BatchNorm2d):
            source = node.all_input_nodes[0]
            if source.op == "call_module" and source.target in layers and len(source.users) == 1:
                flow.norms[str(source.target)] = name
    return flow
