"""Refuses, before anything is run, activations that do not fit the network's sites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.core.blueprint import Activation, Blueprint, Network, Operator, Train
from nasbench_sparse.core.operations import BASELINE_OPERATORS, OPERATORS
from nasbench_sparse.core.phases import in_order
from nasbench_sparse.errors import TaskError, UnknownName, unknown
from nasbench_sparse.nn.published import PUBLISHED

if TYPE_CHECKING:
    from nasbench_sparse.training.task import TrainingTask

Places = tuple[list[str], list[str]]
"""Names of a network's activation sites, and of its layers with weights, in forward order."""

KNOWN = (*OPERATORS, *BASELINE_OPERATORS, *PUBLISHED)
SMALL = 64
"""Size of a space of which all configs are looked at."""

SAMPLES = 8
"""Configs that are looked at; two activations among them tell a space that searches activations."""


def check_sites(task: TrainingTask) -> None:
    """Check the blueprint's activations, and those that configs drawn from the space write into it.

    Networks are built without storage. Where each site has an activation of its own, errors name the site.

    Raises:
        UnknownName: an operator or an operation of a cell that does not exist, naming the nearest.
        TaskError: a cell without all its edges, a number of activations that the network has no sites for, or a
            search for activations in a network without any site.
    """
    drawn = drawn_blueprints(task)
    networks = {str(blueprint.network): blueprint.network for blueprint in (task.blueprint, *drawn)}
    places = {name: _places(network) for name, network in networks.items()}
    for blueprint in (task.blueprint, *drawn):
        for activations in _used(blueprint):
            check_activations(activations, places[str(blueprint.network)][0])
    searched = any(blueprint.activations != drawn[0].activations for blueprint in drawn)
    for blueprint in drawn:
        _check_count(task.name, blueprint, places[str(blueprint.network)], searched=searched)


def drawn_blueprints(task: TrainingTask) -> list[Blueprint]:
    """Return the blueprints of all configs of a small space, else of `SAMPLES`, always the same ones."""
    size = task.space.size
    if size is not None and size <= SMALL:
        return [task.space.configure(task.blueprint, config) for config in task.space.grid(1)]
    rng = np.random.default_rng(0)
    return [task.space.configure(task.blueprint, task.space.sample(rng)) for _ in range(SAMPLES)]


def check_activations(activations: Sequence[Activation], sites: Sequence[str]) -> None:
    """Check that activations can be built, naming the site of the one that cannot where each site has its own.

    Raises:
        UnknownName, TaskError: see `check_sites`.
    """
    apart = len(activations) == len(sites) > 1
    for place, activation in enumerate(activations):
        try:
            check_activation(activation)
        except (UnknownName, TaskError) as fault:
            raise (type(fault)(f"activation site {sites[place]!r}: {fault}") if apart else fault) from None


def check_activation(activation: Activation) -> None:
    """Check that an activation can be built.

    Raises:
        UnknownName, TaskError: see `check_sites`.
    """
    if isinstance(activation, Operator):
        if activation.name not in KNOWN:
            raise unknown("activation operator", activation.name, KNOWN)
        return
    from nasbench_sparse.nn.cell import operations_of

    operations_of(activation)


def _used(blueprint: Blueprint) -> Iterator[Sequence[Activation]]:
    """Yield the activations of the blueprint, and those of phases that have their own."""
    yield blueprint.activations
    for phase in in_order(blueprint.phases):
        if isinstance(phase, Train) and phase.activations is not None:
            yield phase.activations


def _places(network: Network) -> Places:
    """Return the names of a network's sites and of its layers with weights."""
    from nasbench_sparse.nn.networks.build import COMMON, on_meta, prunable_layers
    from nasbench_sparse.nn.sites import activation_sites

    module = on_meta(network.name, {key: value for key, value in network.options if key not in COMMON})
    return [name for name, _ in activation_sites(module)], [name for name, _ in prunable_layers(module)]


def _check_count(task: str, blueprint: Blueprint, places: Places, *, searched: bool) -> None:
    from nasbench_sparse.nn.sites import spread

    (sites, layers), name = places, blueprint.network.name
    if not sites and (searched or len(blueprint.activations) > 1):
        raise TaskError(
            f"task {task!r} chooses activations, and network {name!r} has no activation site beside its layers "
            f"({', '.join(layers) or 'none'})"
        )
    for activations in _used(blueprint):
        spread(name, sites, activations)
