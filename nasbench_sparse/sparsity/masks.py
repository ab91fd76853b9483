"""Masks: which weights are kept, with exact counts, and how they stay zero through training."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def keep_count(size: int, density: float) -> int:
    """Return how many of `size` weights a density keeps: round(density * size), halves to even.

    Raises:
        ValueError: density outside [0, 1].
    """
    if not 0.0 <= density <= 1.0:
        raise ValueError(f"density {density} lies outside [0, 1]")
    return round(density * size)


def keep_top_alive(scores: Tensor, mask: Tensor, count: int) -> Tensor:
    """Keep the `count` highest-scoring of the weights that a mask keeps; all of them where there are fewer.

    Ties keep the lower flat index; NaN counts as lowest. There is no sort: 25 million scores take about a second.

    Args:
        scores: importance of each weight, any shape; larger is kept.
        mask: boolean, of the same shape.
    Returns:
        Boolean mask of that shape, a part of `mask`.
    """
    places = mask.flatten().nonzero().squeeze(1)
    if count >= len(places):
        return mask.clone()
    kept = torch.zeros(mask.numel(), dtype=torch.bool, device=mask.device)
    if count > 0:
        values = scores.flatten()[places]
        values = torch.where(values.isnan(), -float("inf"), values)
        threshold = values.topk(count, sorted=False).values.min()  # kthvalue is not deterministic on CUDA
        above = values > threshold
        ties = (values == threshold).nonzero().squeeze(1)[: count - int(above.sum())]
        kept[places[above]] = True
        kept[places[ties]] = True
    return kept.view(mask.shape)


def alive_counts(masks: Sequence[Tensor]) -> list[int]:
    """Return the number of weights that each mask keeps."""
    return [int(mask.sum()) for mask in masks]


def density_of(masks: Sequence[Tensor]) -> float:
    """Return active over all weights of the masked layers."""
    return sum(int(m.sum()) for m in masks) / sum(m.numel() for m in masks)


class WeightMasks:
    """Boolean masks bound to a network's weights.

    Gradients are masked before a step, so that pruned entries enter no momentum and no norm; weights after it,
    so that they are zero whatever the optimizer did.

    Args:
        weights: the prunable parameters.
        masks: one boolean mask for each, of its shape.
    """

    def __init__(self, weights: Sequence[Tensor], masks: Sequence[Tensor]) -> None:
        self.weights = tuple(weights)
        self.replace(masks)

    def replace(self, masks: Sequence[Tensor]) -> None:
        """Put other masks in place of these, and set the weights they prune to zero."""
        self.masks = tuple(masks)
        self.density = density_of(masks)
        pairs = [(w, m) for w, m in zip(self.weights, masks, strict=True) if not bool(m.all())]
        self._weights = [w for w, _ in pairs]
        self._factors = [m.to(w.dtype) for w, m in pairs]
        self._survivors = {id(w): int(m.sum()) for w, m in zip(self.weights, masks, strict=True)}
        with torch.no_grad():
            for weight, mask in pairs:
                weight.masked_fill_(~mask, 0.0)

    def survivors(self, parameter: Tensor) -> int:
        """Return how many entries of a parameter are trained; all of them where it has no mask."""
        return self._survivors.get(id(parameter), parameter.numel())

    @torch.no_grad()
    def mask_gradients(self) -> None:
        """Set the gradients of pruned weights to zero."""
        if self._weights:
            pairs = [(w.grad, f) for w, f in zip(self._weights, self._factors, strict=True) if w.grad is not None]
            torch._foreach_mul_([gradient for gradient, _ in pairs], [factor for _, factor in pairs])

    @torch.no_grad()
    def mask_weights(self) -> None:
        """Set pruned weights to zero."""
        if self._weights:
            torch._foreach_mul_(self._weights, self._factors)
