"""Counts dead units at the activation sites of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from nasbench_sparse.errors import TaskError
from nasbench_sparse.measures.context import MeasureContext
from nasbench_sparse.measures.watch import watched
from nasbench_sparse.nn.sites import sites_of
from nasbench_sparse.nn.structure import chain, joined


@dataclass(slots=True)
class DeadUnits:
    """Counts of one site over all examples: units in all, and those dead in either way."""

    name: str
    units: int = 0
    static: int = 0
    dynamic: int = 0

    def count(self, cut_off: Tensor, output: Tensor) -> None:
        """Add the exact zeros of an output, (B, channels, ...), static in channels of `cut_off`, (channels,)."""
        zeros = (output == 0).sum(dim=[d for d in range(output.ndim) if d != 1])  # (channels,)
        static = int(zeros[cut_off].sum())
        self.units += output.numel()
        self.static += static
        self.dynamic += int(zeros.sum()) - static


def count_dead_units(context: MeasureContext, layers: Sequence[tuple[str, Tensor]]) -> tuple[DeadUnits, ...]:
    """Pass all batches through the network in evaluation mode and count, for each site, what is exactly zero.

    A channel is cut off if every weight that leads to it is pruned: in both branches, where a block adds two.

    Raises:
        TaskError: the network marks no sites, or there are no data.
    """
    pruned = {name: ~mask.flatten(1).any(dim=1) for (name, _), mask in zip(layers, context.masks, strict=True)}
    units = sites_of(context.network).units
    cut_off = _cut_off(context, units, pruned)
    counts = {site: DeadUnits(site) for site in units}
    watchers = {f"sites.{site}": partial(counts[site].count, cut_off[site]) for site in units}
    context.network.eval()
    with torch.no_grad(), watched(context.network, watchers):
        for x, _ in context.batches():
            context.network(x)
    reached = tuple(count for count in counts.values() if count.units)
    if not reached:
        raise TaskError("dead neurons need data and activation sites; none were reached")
    return reached


def _cut_off(context: MeasureContext, units: Mapping[str, int], pruned: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return, for each site, the channels that no active weight leads to, (channels,).

    Where channels of several layers are concatenated, each has the layer that writes it.
    """
    feeding: dict[str, list[Tensor]] = {site: [] for site in units}
    for link in chain(context.network):
        if link.site is not None and len(pruned[link.name]) == units[link.site]:
            feeding[link.site].append(pruned[link.name])
    device = next(iter(pruned.values())).device
    beside = {site: torch.cat([pruned[name] for name in names]) for site, names in joined(context.network).items()}
    return {
        site: torch.stack(found).all(dim=0) if found else torch.zeros(units[site], dtype=torch.bool, device=device)
        for site, found in feeding.items()
    } | {site: channels for site, channels in beside.items() if len(channels) == units[site]}
