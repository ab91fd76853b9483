"""Steps between trainings: what pruning, the AP step, rewinding and quantising make of a state."""

from __future__ import annotations

from dataclasses import replace

from nasbench_sparse.core.blueprint import Blueprint, Prune, Quantise, Rewind, Step
from nasbench_sparse.core.phases import in_order
from nasbench_sparse.nn.networks import prunable_layers
from nasbench_sparse.nn.sites import activation_sites, spread
from nasbench_sparse.training.activating import activated
from nasbench_sparse.training.moment import Moment, first_activations
from nasbench_sparse.training.pruning import pruned
from nasbench_sparse.training.quantising import quantised
from nasbench_sparse.training.state import State, enter, initial_state


def carry_out(step: Step, state: State, moment: Moment) -> State:
    """Return the state after a step; that of a training that diverged is left as it is."""
    if state.diverged:
        return state
    if isinstance(step, Prune):
        return pruned(step, state, moment)
    if isinstance(step, Rewind):
        return rewound(step, state, moment)
    if isinstance(step, Quantise):
        return quantised(state, moment)
    return activated(step, state, moment)


def rewound(step: Rewind, state: State, moment: Moment) -> State:
    """Return the state with the weights and statistics of its start, or as it is; masks stay."""
    if step.what == "learning_rate":
        return state
    blueprint = moment.blueprint
    if step.to == 0:
        start = initial_state(blueprint.network, blueprint.activations, moment.repetition).weights
    else:
        start = state.saved[point(step)]
    network = enter(blueprint.network, moment.activations(state), state, moment.repetition)
    names = [name for name, _ in activation_sites(network)]
    masked = {
        f"{name}.weight": start[f"{name}.weight"].masked_fill(~mask, 0.0)
        for (name, _), mask in zip(prunable_layers(network), state.masks, strict=True)
    }
    shifted = {name: start[name] + shift for name, shift in state.shifts.items()}
    activations = spread(blueprint.network.name, names, first_activations(blueprint))
    return replace(state, weights=start | masked | shifted, activations=activations)


def point(step: Rewind) -> str:
    """Return the name under which the weights of a later start are kept."""
    return f"{step.unit}-{step.to}"


def saves(blueprint: Blueprint) -> tuple[Rewind, ...]:
    """Return the later starts that phases of a blueprint rewind to, each once, in a fixed order."""
    steps = (step for step in in_order(blueprint.phases) if isinstance(step, Rewind) and step.to > 0)
    return tuple(sorted(set(steps), key=point))
