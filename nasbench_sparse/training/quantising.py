"""The ASNI-II step: an initialisation of two numbers a layer."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from nasbench_sparse.nn.networks import prunable_layers
from nasbench_sparse.sparsity.quantise import Quantised, initial_values, quantise
from nasbench_sparse.training.moment import Moment
from nasbench_sparse.training.state import State, enter


def quantised(state: State, moment: Moment) -> State:
    """Return the state with two numbers for each layer; biases 0, normalisations as new.

    References:
        ASNI (Damadi et al., 2022), algorithm 3, lines 12-19.
    """
    network = enter(moment.blueprint.network, moment.activations(state), state, moment.repetition)
    return replace(state, weights=initial_values(network, two_numbers(network, state)))


def two_numbers(network: nn.Module, state: State) -> Quantised:
    """Return masks, signs and two numbers of each layer, as `sparsity.quantise.save` takes them."""
    return quantise(prunable_layers(network), state.masks)
