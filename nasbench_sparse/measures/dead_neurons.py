"""Dead neuron rates: the share of units that are exactly zero after activation, averaged over examples.

A unit is a neuron of a linear layer, or a channel at a position of a convolution; the denominator is all units of
the unpruned network. A dead unit is *static* if every incoming weight is pruned, else *dynamic*; the two add up to
the whole. A fully pruned channel that a normalisation shifts above zero is not dead. The network is in evaluation
mode.

Each measure gives the rate of the network, and `measure/site` the rate among the units of that activation site.

References:
    AP (Activate-while-Pruning), section 3.1, equations 1 and 2, definitions 1 and 2.
"""

from __future__ import annotations

from collections.abc import Callable

from nasbench_sparse.measures.snapshot import Snapshot
from nasbench_sparse.measures.units import DeadUnits


def dnr(snapshot: Snapshot) -> dict[str, float]:
    """Return the rate of all dead units."""
    return _rates("dnr", snapshot, lambda site: site.dynamic + site.static)


def dnr_dynamic(snapshot: Snapshot) -> dict[str, float]:
    """Return the rate of dead units with an incoming weight that is not pruned."""
    return _rates("dnr_dynamic", snapshot, lambda site: site.dynamic)


def dnr_static(snapshot: Snapshot) -> dict[str, float]:
    """Return the rate of dead units with every incoming weight pruned."""
    return _rates("dnr_static", snapshot, lambda site: site.static)


def _rates(measure: str, snapshot: Snapshot, dead: Callable[[DeadUnits], int]) -> dict[str, float]:
    sites = snapshot.dead_units
    whole = {measure: sum(map(dead, sites)) / sum(site.units for site in sites)}
    return whole | {f"{measure}/{site.name}": dead(site) / site.units for site in sites}
