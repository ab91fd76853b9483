"""AP, Activate-while-Pruning: prune negative weights of neurons that are often dead, so that they fire again.

AP prunes q of the p that a cycle takes; it works beside a method that knows importance. Weights are chosen over
all layers together.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nasbench_sparse.errors import TaskError
from nasbench_sparse.sparsity.masks import alive_counts, keep_top_alive


def activate(
    weights: Sequence[Tensor], initial: Sequence[Tensor], masks: Sequence[Tensor], count: int
) -> tuple[Tensor, ...]:
    """Prune the first `count` negative weights in ascending |w - w_0|; ties by layer, then flat index.

    A neuron that is often dead has little gradient, so its weights moved little. Where fewer negative weights are
    alive, all of them go, and then others in the same order, so that counts stay exact.

    Args:
        initial: the weights at initialisation.
        count: of weights to prune, over all layers.
    Raises:
        TaskError: more than are alive, or less than none.
    References:
        AP (Liu et al., 2024), algorithm 1.
    """
    order = [(w.detach() - start).abs() for w, start in zip(weights, initial, strict=True)]
    return _prune_first(order, weights, masks, count)


def activate_by_output(
    weights: Sequence[Tensor], dead: Sequence[Tensor | None], masks: Sequence[Tensor], count: int
) -> tuple[Tensor, ...]:
    """Prune the first `count` negative weights of units in descending rate of being dead (ablation AP-output).

    Args:
        dead: for each layer how often each of its units or channels was zero after its activation, (out,), in
            [0, 1]; None where no activation follows, whose weights come last.
        count: of weights to prune, over all layers.
    Raises:
        TaskError: more than are alive, or less than none.
    References:
        AP (Liu et al., 2024), section 4.4.
    """
    order = [
        torch.full_like(w, 2.0)
        if rate is None
        else (1.0 - rate).to(w.dtype).view(-1, *(1,) * (w.dim() - 1)).expand_as(w)
        for w, rate in zip(weights, dead, strict=True)
    ]
    return _prune_first(order, weights, masks, count)


def located_units(order: Sequence[Tensor], share: float) -> tuple[Tensor, ...]:
    """Choose the units taken for dead: the first round(share * n) of n in ascending order; ties by layer and index.

    Ablation AP-bias-k adds a constant k to their biases instead of pruning. The paper says how dead neurons are
    located, by their weights' movement, but not how many: the share of units stands for its share of weights.

    Args:
        order: for each layer that an activation follows a number for each unit, (out,), infinite for a unit that is
            none of the n.
        share: of the units, in [0, 1].
    Returns:
        For each layer which of its units are chosen, boolean, (out,).
    References:
        AP (Liu et al., 2024), section 4.4.
    """
    rank = -torch.cat([part.double() for part in order])
    counted = rank.isfinite()
    chosen = keep_top_alive(rank, counted, round(share * int(counted.sum())))
    return tuple(torch.split(chosen, [len(part) for part in order]))


def unit_movement(weights: Tensor, initial: Tensor, mask: Tensor) -> Tensor:
    """Return the mean |w - w_0| over each unit's weights alive, (out,); infinite for a unit that has none.

    A neuron that is often dead has little gradient, so its weights moved little.

    References:
        AP (Liu et al., 2024), section 3.3.
    """
    moved, alive = ((weights.detach() - initial).abs() * mask).flatten(1).sum(1), mask.flatten(1).sum(1)
    return torch.where(alive > 0, moved / alive, torch.inf)


def _prune_first(
    order: Sequence[Tensor], weights: Sequence[Tensor], masks: Sequence[Tensor], count: int
) -> tuple[Tensor, ...]:
    """Prune weights of the lowest order, negative ones first."""
    alive = sum(alive_counts(masks))
    if not 0 <= count <= alive:
        raise TaskError(f"AP cannot prune {count} weights: {alive} are alive")
    rank = -torch.cat([part.flatten() for part in order])
    mask = torch.cat([part.flatten() for part in masks])
    negative = torch.cat([w.detach().flatten() < 0 for w in weights]) & mask
    pruned = keep_top_alive(rank, negative, count)
    pruned |= keep_top_alive(rank, mask & ~negative, count - int(pruned.sum()))
    parts = torch.split(mask & ~pruned, [part.numel() for part in masks])
    return tuple(part.view(old.shape) for part, old in zip(parts, masks, strict=True))
