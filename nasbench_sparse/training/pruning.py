"""Pruning phases: a score, a distribution over the layers and a count make the next masks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from nasbench_sparse.core.blueprint import ActivatePrune, Operator, Prune
from nasbench_sparse.nn.networks import prunable_layers
from nasbench_sparse.sparsity.context import ScoringContext
from nasbench_sparse.sparsity.distributions import distribute, distribute_count
from nasbench_sparse.sparsity.masks import alive_counts, keep_count
from nasbench_sparse.sparsity.patterns import keep_pattern
from nasbench_sparse.sparsity.scores import Score, score, score_by_name
from nasbench_sparse.training.data import dataset_info
from nasbench_sparse.training.device import training_device
from nasbench_sparse.training.links import links_of
from nasbench_sparse.training.losses import batch_loss
from nasbench_sparse.training.moment import Moment
from nasbench_sparse.training.reading import count, read
from nasbench_sparse.training.state import State, enter, initial_state

Masks = tuple[Tensor, ...]
Batches = Callable[[], Iterator[tuple[Tensor, Tensor]]]


def pruned(phase: Prune, state: State, moment: Moment) -> State:
    """Return the state after a pruning phase; pruned weights are zero."""
    found = score_by_name(phase.score)
    runs = runs_network(found)
    device = training_device() if runs else torch.device("cpu")
    known = state.activations or (Operator("identity"),)  # weights alone do not depend on activations
    chosen = moment.activations(state) if runs else known
    network = enter(moment.blueprint.network, chosen, state, moment.repetition).to(device)
    layers = prunable_layers(network)
    masks = tuple(mask.to(device) for mask in state.masks)
    context = _context(phase, found, network, layers, masks, moment, device, _density_after(phase, state))
    scores = [s.cpu() for s in score(phase.score, context, **dict(phase.options))]
    return after(state, _masks(phase, scores, state), layers, phase.fraction)


def runs_network(found: Score) -> bool:
    """Whether a score carries inputs through the network, so that it depends on the activations."""
    return found.data or found.density


def after(state: State, masks: Masks, layers: Sequence[tuple[str, Tensor]], fraction: float | None) -> State:
    """Return the state with other masks, its pruned weights zero, and what its fractions refer to."""
    zeroed = {
        f"{name}.weight": state.weights[f"{name}.weight"].masked_fill(~mask, 0.0)
        for (name, _), mask in zip(layers, masks, strict=True)
    }
    alive, taken = ((), 0.0) if fraction is None else (reference(state), taken_after(state, fraction))
    return replace(state, weights=state.weights | zeroed, masks=masks, alive=alive, taken=taken)


def reference(state: State) -> tuple[int, ...]:
    """Return the weights of each layer that a fraction is of."""
    return state.alive or tuple(alive_counts(state.masks))


def taken_after(state: State, fraction: float) -> float:
    """Return the fraction pruned since the last training once `fraction` more is."""
    return round(state.taken + fraction, 12)


def kept_after(state: State, fraction: float) -> int:
    """Return how many weights are alive once `fraction` more is pruned."""
    total = sum(reference(state))
    return total - keep_count(total, taken_after(state, fraction))


def training_batches(phase: Prune | ActivatePrune, moment: Moment, device: torch.device) -> Batches:
    """Return the training batches a phase looks at; their order is a stream of the moment."""
    part = moment.repetition.data_on(device).train
    order = moment.repetition.numpy(f"score/{moment.label}").permutation(count(part))
    chosen = torch.from_numpy(order)[: phase.batches * phase.batch_size]
    return lambda: read(part, phase.batch_size, chosen, device=device)


def _context(
    phase: Prune,
    found: Score,
    network: nn.Module,
    layers: Sequence[tuple[str, Tensor]],
    masks: Masks,
    moment: Moment,
    device: torch.device,
    density: float,
) -> ScoringContext:
    return ScoringContext(
        network=network,
        layers=layers,
        masks=masks,
        batches=training_batches(phase, moment, device) if found.data else lambda: iter(()),
        stream=lambda layer: moment.repetition.numpy(f"mask/{layer}"),
        initial=initial_weights(moment, layers, device) if found.initial else None,
        input_shape=dataset_info(moment.repetition.dataset).shape if runs_network(found) else (),
        links=links_of(network) if found.links else (),
        loss=batch_loss,
        density=density,
    )


def initial_weights(moment: Moment, layers: Sequence[tuple[str, Tensor]], device: torch.device) -> list[Tensor]:
    """Return the prunable weights at initialisation."""
    start = initial_state(moment.blueprint.network, moment.blueprint.activations, moment.repetition)
    return [start.weights[f"{name}.weight"].to(device) for name, _ in layers]


def _density_after(phase: Prune, state: State) -> float:
    sizes = [mask.numel() for mask in state.masks]
    if phase.fraction is not None:
        return kept_after(state, phase.fraction) / sum(sizes)
    if phase.pattern is not None:
        return phase.pattern[0] / phase.pattern[1]
    densities = phase.densities * len(sizes) if len(phase.densities) == 1 else phase.densities
    return sum(keep_count(n, d) for n, d in zip(sizes, densities, strict=True)) / sum(sizes)


def _masks(phase: Prune, scores: Sequence[Tensor], state: State) -> Masks:
    masks, options = state.masks, dict(phase.distribution_options)
    if phase.pattern is not None:
        return keep_pattern(scores, masks, *phase.pattern)
    if phase.fraction is None:
        return distribute(phase.distribution, scores, masks, phase.densities, **options)
    taken = taken_after(state, phase.fraction)
    counts = zip(reference(state), alive_counts(masks), strict=True)
    by_layer = [min(before - keep_count(before, taken), now) for before, now in counts]
    keep = by_layer if phase.distribution == "layerwise" else kept_after(state, phase.fraction)
    return distribute_count(phase.distribution, scores, masks, keep, **options)
