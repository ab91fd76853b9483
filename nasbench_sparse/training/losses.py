"""Losses of batches: cross-entropy of images and of texts."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import cross_entropy


def batch_loss(logits: Tensor, targets: Tensor, label_smoothing: float = 0.0, reduction: str = "mean") -> Tensor:
    """Return the cross-entropy (nats).

    Args:
        logits: (N, classes), or (N, T, vocabulary) of a language model.
        targets: (N,) or (N, T).
        reduction: "mean" over all targets, or "sum".
    """
    if logits.dim() > 2:  # (N, T, V) -> (N T, V)
        logits, targets = logits.flatten(0, -2), targets.flatten()
    return cross_entropy(logits, targets, label_smoothing=label_smoothing, reduction=reduction)


def correct(logits: Tensor, targets: Tensor) -> int:
    """Count the targets that have the largest logit."""
    return int((logits.argmax(-1) == targets).sum())
