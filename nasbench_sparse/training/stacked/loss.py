"""Cross-entropy of all slots."""

from __future__ import annotations

from torch import Tensor

from nasbench_sparse.training.stacked.data import Batch


def loss_and_gradient(logits: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Return each slot's mean cross-entropy (K,) in nats, and its gradient at the logits, zero in the padding."""
    logarithms = log_softmax(logits)
    losses = _picked(logarithms, batch).mean(1).neg_()
    gradient = logarithms.exp_()
    minus_one = gradient.new_full((), -1.0).expand(1, *batch.labels.shape)
    gradient.scatter_add_(0, batch.labels.unsqueeze(0), minus_one)
    gradient.mul_(1.0 / batch.real)
    gradient[:, :, batch.real :] = 0.0
    return losses, gradient.permute(1, 2, 0).contiguous()


def loss_and_hits(logits: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Return each slot's summed cross-entropy (K,) in nats, in float64, and its number of right answers."""
    losses = _picked(log_softmax(logits), batch).double().sum(1).neg_()
    hits = (logits.argmax(2) == batch.labels)[:, : batch.real].sum(1)
    return losses, hits


def log_softmax(logits: Tensor) -> Tensor:
    """Return log-probabilities (classes, K, B) of logits (K, B, classes): few classes are better looped over."""
    classes = logits.permute(2, 0, 1).contiguous()
    classes -= classes.amax(0)
    return classes.sub_(classes.exp().sum(0).log_())


def _picked(logarithms: Tensor, batch: Batch) -> Tensor:
    """Return the logarithm of the right class of each example, (K, real)."""
    return logarithms.gather(0, batch.labels.unsqueeze(0))[0, :, : batch.real]
